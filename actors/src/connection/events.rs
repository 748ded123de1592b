//! What the carrier said, and what the end of a session leaves behind.

use super::core::{Command, ConnectionCore};
use super::encode;
use super::slot::SlotState;
use crate::columns::WriteRef;
use crate::error_text::in_full;
use crate::lane::{Effect, LaneCore};
use bytes::Bytes;
use carillon_domain::catalog::Protocol;
use carillon_domain::fact::{SessionChange, StatusCode, UncertainCause};
use carillon_domain::time::Now;
use carillon_protocols::session::{ClientEvent, Ignored, RejectClass};
use compact_str::{ToCompactString, format_compact};

impl ConnectionCore {
    #[expect(
        clippy::too_many_arguments,
        reason = "one event of one session at one moment, with everything it may touch"
    )]
    pub(super) fn happened(
        &mut self,
        lane: &mut LaneCore,
        slot: u8,
        epoch: u32,
        events: Vec<ClientEvent>,
        random: f64,
        now: Now,
        commands: &mut Vec<Command>,
    ) {
        let Some(active) = self.slots[usize::from(slot)].active() else {
            return;
        };
        let config = active.config.clone();
        let mut tags = Vec::new();
        let mut refusal = None;
        for event in events {
            match event {
                ClientEvent::Bound { .. } => {
                    if let Some(active) = self.slots[usize::from(slot)].active() {
                        active.bound_since = Some(now.monotonic);
                    }
                    self.last_error = None;
                    lane.session_changed(self.id, slot, epoch, SessionChange::Bound, now);
                }
                ClientEvent::BindRefused { code, reason } => {
                    refusal = Some(format!("the carrier refused the bind: {reason} ({code})"));
                }
                ClientEvent::Submitted { token, id, .. } => {
                    self.throttle.reset();
                    let id = encode::response_id(id, &config);
                    lane.submitted(WriteRef::from_token(token), self.id, id, now);
                }
                ClientEvent::Rejected {
                    token, code, class, ..
                } => {
                    let busy = class != RejectClass::Permanent;
                    if busy && self.throttled_until <= now.monotonic {
                        self.throttled_until = now.monotonic + self.throttle.next(random);
                    }
                    lane.rejected(
                        WriteRef::from_token(token),
                        status_code(config.protocol, code),
                        busy,
                        now,
                    );
                }
                ClientEvent::TimedOut { token } => {
                    lane.uncertain(WriteRef::from_token(token), UncertainCause::Timeout, now);
                }
                ClientEvent::Receipt { tag, receipt } => {
                    lane.receipt(self.id, encode::receipt(receipt, &config), now);
                    tags.push(tag);
                }
                ClientEvent::Reply { tag, reply } => {
                    lane.reply(self.id, encode::reply(reply), now);
                    tags.push(tag);
                }
                ClientEvent::Refused { error, .. } => {
                    self.last_error = Some(format!("a delivery could not be read: {error}"));
                    lane.counters().deliveries_unreadable.add(1);
                }
                ClientEvent::PeerUnbound => {}
                ClientEvent::Closed { reason } => {
                    let last = self.last_words(slot);
                    commands.push(Command::Close { slot, last });
                    let cause = refusal.take().unwrap_or_else(|| in_full(&reason));
                    self.end_session(lane, slot, &cause, random, now);
                }
            }
            lane.commit_when_large();
        }
        if !tags.is_empty() {
            lane.hold(Effect::Acknowledge {
                connection: self.id,
                session: slot,
                epoch,
                tags,
            });
        }
    }

    /// What a closed session still wants to say. Nothing when a submit is among it: that one goes by another way.
    fn last_words(&mut self, slot: u8) -> Bytes {
        let Some(active) = self.slots[usize::from(slot)].active() else {
            return Bytes::new();
        };
        if active
            .session
            .open_submits()
            .iter()
            .any(|open| open.offset >= active.written)
        {
            return Bytes::new();
        }
        active.session.output().split().freeze()
    }

    pub(super) fn end_session(&mut self, lane: &mut LaneCore, slot: u8, cause: &str, random: f64, now: Now) {
        let place = &mut self.slots[usize::from(slot)];
        if place
            .active()
            .is_some_and(|active| active.was_stable(now.monotonic))
        {
            place.backoff.reset();
        }
        let idle = SlotState::Idle {
            retry_at: now.monotonic + place.backoff.next(random),
        };
        let SlotState::Active(active) = std::mem::replace(&mut place.state, idle) else {
            return;
        };
        if self.stopping || active.leaving {
            place.state = SlotState::Idle {
                retry_at: now.monotonic,
            };
        } else {
            self.last_error = Some(cause.to_owned());
        }
        lane.session_changed(
            self.id,
            slot,
            active.epoch,
            SessionChange::Lost {
                cause: cause.to_compact_string(),
            },
            now,
        );
        for open in active.session.open_submits() {
            let write = WriteRef::from_token(open.token);
            if open.offset < active.written {
                lane.uncertain(write, UncertainCause::Cut, now);
            } else {
                lane.returned(write, now);
            }
            lane.commit_when_large();
        }
        for order in active.ready {
            lane.returned(order.write, now);
            lane.commit_when_large();
        }
        lane.return_unwritten(self.id, slot, active.epoch, now);
        lane.match_parked(self.id, now);
    }
}

/// What came from the peer without effect is counted with its cause.
pub(super) fn count_ignored(lane: &LaneCore, before: Ignored, after: Ignored) {
    let counters = lane.counters();
    counters.answers_ignored.add(after.answers - before.answers);
    counters.commands_ignored.add(after.commands - before.commands);
    counters.pdus_malformed.add(after.malformed - before.malformed);
}

/// The carrier's code as it is written in its own documents: CMPP results and SMTP replies decimal, SMPP
/// statuses hexadecimal.
fn status_code(protocol: Protocol, code: u32) -> StatusCode {
    match protocol {
        Protocol::Cmpp20 | Protocol::Cmpp30 | Protocol::Smtp => code.to_compact_string(),
        Protocol::Smpp34 => format_compact!("0x{code:08X}"),
    }
}
