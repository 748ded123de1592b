//! What is special about mail: waiting before a refused mail is tried again, and bounces.

use super::answers::CarrierReceipt;
use super::core::LaneCore;
use super::effect::{Effect, WriteOrder};
use crate::columns::{Row, SegmentRef, WriteRef};
use crate::mail::{Notice, ReturnPath, message_id, sender_host};
use carillon_domain::catalog::{Connection, MailSettings};
use carillon_domain::fact::{CarrierId, Fact, SegmentKey};
use carillon_domain::ids::ConnectionId;
use carillon_domain::journey::{Step, StepKind};
use carillon_domain::plan::ChannelKind;
use carillon_domain::state::SegmentState;
use carillon_domain::time::{Now, UnixMs};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a bounce is waited for where the connection is gone that would say.
const BOUNCE_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// Times in a row that a mail may come back unwritten before it waits like one that was refused. A relay that hangs or breaks
/// at one recipient would otherwise get the same mail for ever, and the others none.
const RETURNS_AT_ONCE: usize = 2;

impl LaneCore {
    /// A bounce came by a return path of ours; resolves when what it said is durable (ACK-1).
    pub fn bounce(&mut self, path: ReturnPath, notice: Notice, now: Now) -> oneshot::Receiver<()> {
        let carrier_id = self.mail_id(path);
        let receipt = CarrierReceipt {
            carrier_id,
            status: notice.status,
            error: notice.diagnostic,
            outcome: notice.outcome,
            to: notice.recipient,
            submit_time: Default::default(),
            done_time: Default::default(),
            segment: Some(path.segment()),
        };
        self.receipt(path.connection, receipt, now);
        let (durable, wait) = oneshot::channel();
        self.hold(Effect::Durable(durable));
        wait
    }

    /// The relay's outcome of a mail is unknown; a bounce that came before says that the relay had it.
    pub fn match_early_bounce(&mut self, write: WriteRef, path: ReturnPath, now: Now) {
        let carrier_id = self.mail_id(path);
        let connection = path.connection;
        if self.columns.parked_receipt(connection, &carrier_id).is_none() {
            return;
        }
        self.record(Fact::ReceiptMatched {
            connection,
            carrier_id,
            segment: path.segment(),
            at: now.unix,
        });
        self.counters.receipts_matched.add(1);
        self.settle(write.at.row, now);
    }

    /// The segment that a receipt names by itself, if it went by this connection and is known to be out: an answer that is
    /// still owed comes first.
    pub(super) fn named_segment(
        &self,
        connection: ConnectionId,
        key: Option<SegmentKey>,
    ) -> Option<SegmentRef> {
        let at = self.columns.locate(key?)?;
        let row = self.columns.row(at.row)?;
        let state = row.state_of(at.segment);
        let is_out = !matches!(state, SegmentState::Waiting | SegmentState::Intent);
        (row.connection == Some(connection) && is_out).then_some(at)
    }

    /// Before this moment a mail that the relay could not take, or that came back again and again, is not tried again; `None`
    /// for everything else. A fold over its steps, so that a restart changes nothing.
    pub(super) fn retry_at(&self, row: &Row) -> Option<UnixMs> {
        if row.kind != ChannelKind::Mail {
            return None;
        }
        let steps = &row.segments.first()?.steps;
        let last = steps.last()?;
        let is_refusal = |what: &StepKind| matches!(what, StepKind::Rejected { retried: true, .. });
        let vain = match &last.what {
            what if is_refusal(what) => steps.iter().filter(|step| is_refusal(&step.what)).count(),
            StepKind::Returned => returns_in_a_row(steps).saturating_sub(RETURNS_AT_ONCE),
            _ => 0,
        };
        let doubled = 1u32 << vain.checked_sub(1)?.min(16);
        let pause = self.options.mail_retry_first.saturating_mul(doubled);
        Some(last.at + pause.min(self.options.mail_retry_max))
    }

    /// Whether a bounce of this mail would find its way back.
    pub(super) fn bounces_due(&self, row: &Row) -> bool {
        row.connection.is_some_and(|id| match self.links.get(&id) {
            Some(link) => has_return_path(&link.config),
            // What still waits at a relay that was removed waits for its bounce; without one it would have ended before.
            None => true,
        })
    }

    /// How long after its submission a bounce is waited for.
    pub(super) fn bounce_window(&self, row: &Row) -> Duration {
        self.mail_settings(row.connection)
            .map_or(BOUNCE_WINDOW, |settings| {
                Duration::from_secs(settings.bounce_window_s.into())
            })
    }

    /// What was to be written by a session that is gone goes back, also where its INTENT is not durable yet: by then the
    /// connection may be gone as well (MSG-1), or its next session have INTENTs of its own (UNC-1).
    pub fn return_unwritten(&mut self, connection: ConnectionId, session: u8, epoch: u32, now: Now) {
        let Some(link) = self.links.get_mut(&connection) else {
            return;
        };
        let columns = &self.columns;
        let is_of_session = |order: &WriteOrder| {
            let at = order.write.at;
            let row = columns.row(at.row);
            let segment = row.and_then(|row| row.segments.get(usize::from(at.segment)));
            segment.is_some_and(|segment| segment.session == session && segment.epoch == epoch)
        };
        let writes = std::mem::take(&mut link.mail.writes);
        let (gone, kept): (VecDeque<_>, VecDeque<_>) = writes.into_iter().partition(is_of_session);
        link.mail.writes = kept;
        let mut gone = Vec::from(gone);
        let waiting = self.waiting.iter_mut().flat_map(|(_, effects)| effects);
        for effect in waiting.chain(&mut self.held) {
            if let Effect::Write {
                connection: by,
                segments,
            } = effect
                && *by == connection
            {
                gone.extend(segments.extract_if(.., |order| is_of_session(order)));
            }
        }
        for order in gone {
            self.returned(order.write, now);
            self.commit_when_large();
        }
    }

    /// The Message-ID under which an attempt is or was with its relay.
    fn mail_id(&self, path: ReturnPath) -> CarrierId {
        let known = self.columns.locate(path.segment()).and_then(|at| {
            let row = self.columns.row(at.row)?;
            row.segments.get(usize::from(at.segment))?.carrier_id.clone()
        });
        known.unwrap_or_else(|| {
            let settings = self.mail_settings(Some(path.connection));
            let domain = settings.map_or("", sender_host);
            CarrierId::Text(message_id(path, domain).into())
        })
    }

    fn mail_settings(&self, connection: Option<ConnectionId>) -> Option<&MailSettings> {
        self.links.get(&connection?)?.config.mail.as_ref()
    }
}

fn has_return_path(connection: &Connection) -> bool {
    let settings = connection.mail.as_ref();
    settings.is_some_and(|settings| !settings.return_path_domain.is_empty())
}

fn returns_in_a_row(steps: &[Step]) -> usize {
    let outcomes = steps.iter().rev().map(|step| &step.what);
    outcomes
        .filter(|what| !matches!(what, StepKind::Intent { .. }))
        .take_while(|what| matches!(what, StepKind::Returned))
        .count()
}
