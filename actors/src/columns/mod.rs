//! The lane's columns: the state of every open message, as a fold over the facts (DESIGN: journal first).
//!
//! [`Columns::apply`] is the only way to change them. The live lane and a replay after a crash run the same function over the
//! same facts, so that both arrive at the same state.

mod apply;
mod bodies;
#[cfg(test)]
mod bodies_tests;
mod body;
mod bound;
mod campaigns;
mod caps;
mod checkpoint;
mod cursors;
mod deadlines;
mod fact_place;
mod finish;
mod frame_cache;
mod idempotency;
mod index;
mod journey;
mod open_seconds;
mod owed;
mod pages;
mod parked;
mod plan;
mod quota;
mod recent;
mod reroute;
mod row;
mod row_table;
mod slab;
mod tally;
#[cfg(test)]
mod tally_tests;
mod times;

pub use apply::{Applied, Ended};
pub use bodies::{BodyError, BodyPlace};
pub use body::{Body, BodyContent};
pub use bound::REBIND_GRACE;
pub use campaigns::Campaigns;
pub use caps::{CapKey, counted_at};
pub use checkpoint::{ChangedParts, CheckpointError, JournalMark, RestoredColumns, Restoring};
pub use cursors::Cursors;
pub use fact_place::FactPlace;
pub use idempotency::{KEY_LIFE_MAX, Keys, KnownAnswer, KnownKey};
pub use plan::{Plan, StartedAttempt};
pub use quota::quota_segments;
pub use recent::Amendable;
pub use row::{Row, RowRef, Segment, SegmentRef, WriteRef};
pub use slab::Slab;
pub use tally::{Histogram, Standing, Standings, Tally};

use carillon_domain::content::FileHash;
use carillon_domain::fact::CarrierId;
use carillon_domain::fact::SegmentKey;
use carillon_domain::ids::{ConnectionId, MessageId};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::time::UnixMs;
use hashbrown::HashMap;
use std::sync::Arc;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Limits of what the columns keep beside open messages. What falls out is counted.
#[derive(Clone, Copy, Debug)]
pub struct ColumnLimits {
    /// Receipts that wait for their `Submitted`.
    pub parked_receipts_max: usize,
    /// Ended messages that a late receipt may still amend.
    pub amendable_max: usize,
    /// Carrier ids of ended messages, by which a doubled receipt is known.
    pub recent_ids_max: usize,
    /// Idempotency keys remembered; requests with new ones are refused above it.
    pub keys_max: usize,
    /// Bytes of texts in memory of messages that wait for their first write. Above, those that come are read again from the journal
    /// when it is their turn; codes only above twice as many.
    pub bodies_bytes_max: usize,
    /// People whose messages of capped business types are counted, once per period; others get none above it.
    pub caps_max: usize,
}

impl Default for ColumnLimits {
    fn default() -> Self {
        ColumnLimits {
            parked_receipts_max: 200_000,
            amendable_max: 500_000,
            recent_ids_max: 500_000,
            keys_max: 10_000_000,
            bodies_bytes_max: 32 << 20,
            caps_max: 5_000_000,
        }
    }
}

/// State of all open messages of a lane and what outlives them for a while.
#[derive(Debug)]
pub struct Columns {
    limits: ColumnLimits,
    rows: Slab,
    bodies: bodies::Bodies,
    /// The row of each message's first attempt.
    by_id: row_table::RowTable,
    open_seconds: open_seconds::OpenSeconds,
    /// Messages that are more than their one row.
    plans: Map<MessageId, Plan>,
    times: times::Times,
    /// The newest open message to each number.
    by_phone: row_table::RowTable,
    /// Segments that wait for a receipt, by the carrier's name for them.
    by_carrier: Map<(ConnectionId, CarrierId), SegmentRef>,
    /// Segments of unknown outcome, by where they went and to whom (UNC-1).
    uncertain: Map<(ConnectionId, PhoneNumber), Vec<SegmentRef>>,
    /// Segments between INTENT and the carrier's answer, by where they go and to whom (UNC-1).
    open_requests: Map<(ConnectionId, PhoneNumber), u32>,
    parked: parked::ParkedReceipts,
    amendable: recent::Amendables,
    recent: recent::RecentIds,
    keys: Keys,
    quotas: quota::Quotas,
    caps: caps::Caps,
    campaigns: Campaigns,
    epochs: Map<ConnectionId, u32>,
    bound: bound::BoundTimes,
    /// Nobody needs the journeys of what ends.
    journeys_stored: bool,
    cursors: Cursors,
    deadlines: deadlines::Deadlines,
    /// By which numbers' carriers and provinces are told.
    ranges: Arc<NumberRanges>,
    tally: Tally,
    standings: Standings,
    last_id: Option<MessageId>,
    /// When the newest fact that tells it happened.
    last_at: UnixMs,
}

impl Columns {
    pub fn new(limits: ColumnLimits) -> Self {
        Columns {
            limits,
            rows: Slab::default(),
            bodies: bodies::Bodies::default(),
            by_id: row_table::RowTable::default(),
            open_seconds: open_seconds::OpenSeconds::default(),
            plans: Map::default(),
            times: times::Times::default(),
            by_phone: row_table::RowTable::default(),
            by_carrier: Map::default(),
            uncertain: Map::default(),
            open_requests: Map::default(),
            parked: parked::ParkedReceipts::default(),
            amendable: recent::Amendables::default(),
            recent: recent::RecentIds::default(),
            keys: Keys::default(),
            quotas: quota::Quotas::default(),
            caps: caps::Caps::default(),
            campaigns: Campaigns::default(),
            epochs: Map::default(),
            bound: bound::BoundTimes::default(),
            journeys_stored: false,
            cursors: Cursors::default(),
            deadlines: deadlines::Deadlines::default(),
            ranges: Arc::default(),
            tally: Tally::default(),
            standings: Standings::default(),
            last_id: None,
            last_at: UnixMs::default(),
        }
    }

    /// Where numbers belong, of messages that are accepted from now on.
    pub fn set_number_ranges(&mut self, ranges: Arc<NumberRanges>) {
        self.ranges = ranges;
    }

    /// Open messages.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.len() == 0
    }

    /// When the oldest open message was accepted, at a second's beginning; `None` when none is open.
    pub fn oldest_accepted(&self) -> Option<UnixMs> {
        self.open_seconds.oldest()
    }

    /// Rows: the attempts of open messages that have started.
    pub fn rows_len(&self) -> usize {
        self.rows.used()
    }

    /// When the newest fact that tells it happened.
    pub fn last_at(&self) -> UnixMs {
        self.last_at
    }

    /// Sessions that stand as bound, of one connection or of all, in order: number and epoch.
    pub fn bound_sessions(&self, connection: Option<ConnectionId>) -> Vec<(ConnectionId, u8, u32)> {
        self.bound.sessions(connection)
    }

    /// Whether the journeys of what ends in the facts that follow are stored already: their ends are not told then.
    pub fn set_journeys_stored(&mut self, stored: bool) {
        self.journeys_stored = stored;
    }

    /// The highest id in any fact.
    pub fn last_id(&self) -> Option<MessageId> {
        self.last_id
    }

    pub fn row(&self, at: RowRef) -> Option<&Row> {
        self.rows.get(at)
    }

    /// An open message: the row of its first attempt.
    pub fn find(&self, id: MessageId) -> Option<(RowRef, &Row)> {
        let at = self.rows.reference(self.index_of(id)?);
        Some((at, self.rows.get(at)?))
    }

    /// Every attempt that has started, of every open message, in no particular order.
    pub fn rows(&self) -> impl Iterator<Item = (RowRef, &Row)> {
        self.rows.iter()
    }

    /// Places of rows. An open message keeps its own, so that all can be looked through bit by bit.
    pub fn places(&self) -> usize {
        self.rows.places()
    }

    /// The first attempts of open messages at these places.
    pub fn first_attempts(&self, places: std::ops::Range<usize>) -> impl Iterator<Item = &Row> {
        self.rows.slice(places).filter(|row| row.attempt == 0)
    }

    /// Open messages to a number, newest first: the rows of their first attempts.
    pub fn to_phone(&self, phone: PhoneNumber) -> impl Iterator<Item = &Row> {
        let head = self.by_phone.get(Some(phone), |index| self.rows.at(index).to);
        self.rows.chained(head.unwrap_or(slab::NONE))
    }

    fn index_of(&self, id: MessageId) -> Option<u32> {
        self.by_id.get(id, |index| self.rows.at(index).id)
    }

    /// Puts the first attempt of a message into the indexes of messages.
    fn index_message(&mut self, index: u32) {
        let Columns {
            rows,
            by_id,
            by_phone,
            ..
        } = self;
        by_id.insert(index, |index| rows.at(index).id);
        if rows.at(index).to.is_some() {
            let before = by_phone.insert(index, |index| rows.at(index).to);
            rows.chain(index, before.unwrap_or(slab::NONE));
        }
    }

    /// Takes a message out of them, while its row is still there; gives the row.
    fn unindex_message(&mut self, id: MessageId) -> Option<u32> {
        let Columns {
            rows,
            by_id,
            by_phone,
            ..
        } = self;
        let index = by_id.remove(id, |index| rows.at(index).id)?;
        let to = rows.at(index).to;
        if to.is_some() {
            match rows.unchain(index) {
                Some(slab::NONE) => by_phone.remove(to, |index| rows.at(index).to),
                Some(head) => by_phone.insert(head, |index| rows.at(index).to),
                None => None,
            };
        }
        Some(index)
    }

    /// The segment a receipt with this id speaks of, if its `Submitted` was seen.
    pub fn segment_of(&self, connection: ConnectionId, id: &CarrierId) -> Option<SegmentRef> {
        // The tuple key is built once per receipt; a text id is cloned for it.
        self.by_carrier.get(&(connection, id.clone())).copied()
    }

    /// Whether this is the segment's newest write; what is said of an earlier one moves nothing any more (DUP-1).
    pub fn is_newest(&self, write: WriteRef) -> bool {
        self.row(write.at.row)
            .and_then(|row| row.segments.get(usize::from(write.at.segment)))
            .is_some_and(|segment| segment.try_number == write.try_number)
    }

    /// Where a segment key points now.
    pub fn locate(&self, key: SegmentKey) -> Option<SegmentRef> {
        Some(SegmentRef {
            row: self.attempt(key.message, key.attempt)?,
            segment: key.segment,
        })
    }

    /// Segments of unknown outcome that went to this number by this connection.
    pub fn uncertain_to(&self, connection: ConnectionId, to: PhoneNumber) -> &[SegmentRef] {
        self.uncertain.get(&(connection, to)).map_or(&[], Vec::as_slice)
    }

    /// Whether a request to this number is between INTENT and answer on this connection.
    pub fn has_open_request(&self, connection: ConnectionId, to: PhoneNumber) -> bool {
        self.open_requests.contains_key(&(connection, to))
    }

    /// Whether a receipt with this id came for a message that has ended since.
    pub fn is_recent(&self, connection: ConnectionId, id: &CarrierId) -> bool {
        self.recent.contains(connection, id)
    }

    /// Receipts of a connection that wait for their `Submitted`, in order of arrival.
    pub fn parked(&self, connection: ConnectionId) -> impl Iterator<Item = &carillon_domain::fact::Receipt> {
        self.parked
            .iter()
            .filter(move |receipt| receipt.connection == connection)
    }

    /// The receipt with this id that waits for its `Submitted`.
    pub fn parked_receipt(
        &self,
        connection: ConnectionId,
        id: &CarrierId,
    ) -> Option<&carillon_domain::fact::Receipt> {
        self.parked.get(connection, id)
    }

    /// The ended message a receipt speaks of, and which of its segments.
    pub fn amendable(
        &self,
        connection: ConnectionId,
        id: &CarrierId,
    ) -> Option<(&recent::Amendable, SegmentKey)> {
        self.amendable.get(connection, id)
    }

    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    pub fn campaigns(&self) -> &Campaigns {
        &self.campaigns
    }

    /// Files of campaigns that went, to be removed; no fact rests on them any more.
    pub fn take_left_files(&mut self) -> Vec<FileHash> {
        self.campaigns.take_left()
    }

    /// A file that nobody came to refer to.
    pub fn leave_file(&mut self, file: FileHash) {
        self.campaigns.leave(file);
    }

    /// Segments this account has used on `day` (days since the epoch in UTC+8).
    pub fn quota_used(&self, account: carillon_domain::ids::AccountId, day: u32) -> u64 {
        self.quotas.used(account, day)
    }

    /// How far webhooks have come.
    pub fn cursors(&self) -> &Cursors {
        &self.cursors
    }

    /// The next unused session epoch of a connection.
    pub fn next_epoch(&self, connection: ConnectionId) -> u32 {
        self.epochs.get(&connection).map_or(1, |last| last + 1)
    }

    /// Rows whose deadline has come, at most `max`. Each comes once and must be re-armed when it stays open.
    pub fn due(&mut self, now: UnixMs, max: usize) -> Vec<RowRef> {
        let due = self.deadlines.take_due(now, max).into_iter();
        due.map(|index| self.rows.reference(index)).collect()
    }

    /// Sets when a row is looked at again.
    pub fn arm(&mut self, row: RowRef, at: UnixMs) {
        if self.rows.get(row).is_some() {
            self.deadlines.arm(row.index, at);
        }
    }

    /// Lets a row be looked at then, unless it is looked at before.
    pub fn arm_at_latest(&mut self, row: RowRef, at: UnixMs) {
        if self.rows.get(row).is_some() {
            self.deadlines.arm_at_latest(row.index, at);
        }
    }

    /// Lets a row be looked at no more.
    pub fn disarm(&mut self, row: RowRef) {
        if self.rows.get(row).is_some() {
            self.deadlines.disarm(row.index);
        }
    }
}

impl Columns {
    /// Forgets idempotency keys whose day is over.
    pub fn expire_keys(&mut self, now: UnixMs) {
        self.keys.expire(now);
    }
}
