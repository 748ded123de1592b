//! What the relay said, and what the end of a session leaves behind.

use super::compose::{message_id, sender_host};
use super::core::{Command, MailCore};
use super::return_path::ReturnPath;
use super::session::{MailEvent, SessionEnd, Stage};
use super::slot::SlotState;
use crate::columns::WriteRef;
use crate::lane::LaneCore;
use carillon_domain::fact::{CarrierId, UncertainCause};
use carillon_domain::time::Now;

impl MailCore {
    pub(super) fn happened(
        &mut self,
        lane: &mut LaneCore,
        slot: u8,
        events: Vec<MailEvent>,
        random: f64,
        now: Now,
        commands: &mut Vec<Command>,
    ) {
        for event in events {
            match event {
                MailEvent::Accepted { token } => {
                    self.throttle.reset();
                    let write = WriteRef::from_token(token);
                    // It went out by the session's own settings.
                    let active = self.slots[usize::from(slot)].active();
                    let config = active.map_or_else(|| self.config.clone(), |active| active.config.clone());
                    let host = config.mail.as_ref().map_or("", sender_host);
                    if let Some(path) = self.path(lane, write) {
                        let id = CarrierId::Text(message_id(path, host).into());
                        lane.submitted(write, self.id, id, now);
                    }
                }
                MailEvent::Refused { token, at, reply } => {
                    let busy = (400..500).contains(&reply.code);
                    // Said before a recipient was named, it is said of us and not of the mail.
                    if busy
                        && (at == Stage::Mail || reply.code == 421)
                        && self.throttled_until <= now.monotonic
                    {
                        self.throttled_until = now.monotonic + self.throttle.next(random);
                        self.last_error = Some(format!("the relay asks to slow down: {}", reply.status()));
                    }
                    lane.rejected(WriteRef::from_token(token), reply.status().into(), busy, now);
                }
                MailEvent::Closed(end) => {
                    commands.push(Command::Close { slot });
                    self.end_session(lane, slot, &end, random, now);
                }
            }
            lane.commit_when_large();
        }
    }

    fn path(&self, lane: &LaneCore, write: WriteRef) -> Option<ReturnPath> {
        let row = lane.columns().row(write.at.row)?;
        Some(ReturnPath {
            message: row.id,
            attempt: row.attempt,
            connection: self.id,
        })
    }

    fn end_session(&mut self, lane: &mut LaneCore, slot: u8, end: &SessionEnd, random: f64, now: Now) {
        let place = &mut self.slots[usize::from(slot)];
        let idle = SlotState::Idle {
            retry_at: now.monotonic,
        };
        let SlotState::Active(active) = std::mem::replace(&mut place.state, idle) else {
            return;
        };
        let stable = active.was_stable(now.monotonic);
        // A relay may close what is idle (RFC 5321 §4.5.3.2.7); it is opened again at once.
        let tidied = matches!(end, SessionEnd::Eof | SessionEnd::ClosedBy(_)) && active.in_flight() == 0;
        // Who hung has been waited for already.
        if stable || matches!(end, SessionEnd::Late(..)) {
            place.backoff.reset();
        }
        if !(tidied && stable) {
            place.state = SlotState::Idle {
                retry_at: now.monotonic + place.backoff.next(random),
            };
        }
        let cause = end.to_string();
        if active.leaving || self.stopping || !(tidied && stable) {
            self.fall(lane, slot, &cause, now);
        }
        if !matches!(end, SessionEnd::Quit) && !tidied && !self.stopping {
            self.last_error = Some(cause);
        }
        if let Some(open) = active.session.open() {
            let write = WriteRef::from_token(open.token);
            if open.begun {
                let cause = match end {
                    SessionEnd::Late(..) => UncertainCause::Timeout,
                    _ => UncertainCause::Cut,
                };
                let path = self.path(lane, write);
                lane.uncertain(write, cause, now);
                if let Some(path) = path {
                    lane.match_early_bounce(write, path, now);
                }
            } else {
                lane.returned(write, now);
            }
        }
        if let Some(write) = active.composing {
            lane.returned(write, now);
        }
        lane.return_unwritten(self.id, slot, active.epoch, now);
    }
}
