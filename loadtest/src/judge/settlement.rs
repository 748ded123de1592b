use super::judgement::{AccountJudgement, Judgement, Tolerance};
use super::message::{End, Flags, Message, Told};
use super::parts::Parts;
use crate::ledger::{AccountHeader, Frame, LedgerError, Record, Sink, Summary};
use crate::load::{Acknowledgement, AcknowledgementError, AcknowledgementSink, Latencies, Outcome};
use carillon_api::ReceiptEvent;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Markers of one settlement lie this close together; a wider range is a mistake, not a run.
const RANGE_MAX: u64 = 1 << 28;

#[derive(Debug, thiserror::Error)]
pub enum SettlementError {
    #[error("marker {marker} is outside this run, which starts at {first}")]
    Range { marker: u64, first: u64 },
}

/// When a message was at a carrier: µs after the settlement's start, 0 for never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Its first segment.
    pub arrived_us: u32,
    /// Its last receipt was acknowledged.
    pub receipted_us: u32,
}

/// Gathers the three sides of the truth in any order and judges at the end.
pub struct Settlement {
    first_marker: u64,
    start_us: u64,
    messages: Vec<Message>,
    parts: Parts,
    accounts: BTreeMap<u16, AccountJudgement>,
    /// Ledger records that belong to no message of this run.
    unjoined: u64,
    /// Lines without a marker; nothing can be said about them.
    unmarked: u64,
    /// Events of our records for messages that were not acknowledged here.
    foreign: u64,
    by_id: Vec<(u64, u32)>,
    open_count: u64,
    /// By place, where they are wanted.
    times: Option<Vec<Times>>,
}

impl Settlement {
    /// `first_marker` is the lowest of the run, `start_us` a time before it (µs since the Unix epoch).
    pub fn new(first_marker: u64, start_us: u64) -> Self {
        Settlement {
            first_marker,
            start_us,
            messages: Vec::new(),
            parts: Parts::default(),
            accounts: BTreeMap::new(),
            unjoined: 0,
            unmarked: 0,
            foreign: 0,
            by_id: Vec::new(),
            open_count: 0,
            times: None,
        }
    }

    /// Keeps times to the microsecond from now on, in a run of at most an hour.
    pub fn keep_times(&mut self) {
        self.times = Some(Vec::new());
    }

    /// µs since the Unix epoch.
    pub fn start_us(&self) -> u64 {
        self.start_us
    }

    /// The kept times by marker, from the lowest one on.
    pub fn times(&self) -> &[Times] {
        self.times.as_deref().unwrap_or_default()
    }

    fn message(&mut self, marker: u64) -> Result<&mut Message, SettlementError> {
        let range = SettlementError::Range {
            marker,
            first: self.first_marker,
        };
        let place = marker
            .checked_sub(self.first_marker)
            .filter(|place| *place < RANGE_MAX)
            .ok_or(range)?;
        let place = place as usize;
        if place >= self.messages.len() {
            self.messages.resize(place + 1, Message::default());
        }
        Ok(&mut self.messages[place])
    }

    /// What the caller was told.
    pub fn told(&mut self, acknowledgement: &Acknowledgement) -> Result<(), SettlementError> {
        let Some(marker) = acknowledgement.marker else {
            self.unmarked += 1;
            return Ok(());
        };
        let message = self.message(marker)?;
        match acknowledgement.outcome {
            Outcome::Accepted(id) => {
                if message.id != 0 && message.id != id.0 {
                    message.flags.set(Flags::TOLD_TWICE);
                }
                message.id = id.0;
                message.told = Told::Accepted;
            }
            // A doubled line shares the marker of the accepted first one.
            Outcome::Refused { .. } if message.told == Told::Nothing => message.told = Told::Refused,
            Outcome::Unanswered if message.told != Told::Accepted => message.told = Told::Unanswered,
            Outcome::Refused { .. } | Outcome::Unanswered => {}
        }
        Ok(())
    }

    /// A segment as a carrier's ledger has it.
    pub fn arrived(&mut self, record: Record) {
        match (record.part, record.marker) {
            (Some(_), _) => {
                if let Some((marker, records)) = self.parts.join(record) {
                    records.iter().for_each(|record| self.enter(marker, record));
                }
            }
            (None, Some(marker)) => self.enter(marker, &record),
            (None, None) => self.unjoined += 1,
        }
    }

    fn enter(&mut self, marker: u64, record: &Record) {
        let start_us = self.start_us;
        let joined = self
            .message(marker)
            .is_ok_and(|message| message.arrived(record, start_us));
        self.unjoined += u64::from(!joined);
        if joined {
            self.keep_time(marker, record);
        }
    }

    fn keep_time(&mut self, marker: u64, record: &Record) {
        let Some(times) = &mut self.times else { return };
        let place = (marker - self.first_marker) as usize;
        if place >= times.len() {
            times.resize(place + 1, Times::default());
        }
        let since = |at_us: u64| u32::try_from(at_us.saturating_sub(self.start_us)).unwrap_or(u32::MAX);
        let time = &mut times[place];
        let arrived = since(record.at_us).max(1);
        if time.arrived_us == 0 || arrived < time.arrived_us {
            time.arrived_us = arrived;
        }
        let acknowledged = record
            .receipts
            .iter()
            .filter_map(|receipt| receipt.acknowledged_us);
        time.receipted_us = acknowledged.map(since).fold(time.receipted_us, u32::max);
    }

    /// Joins what has no marker because its first segment never arrived. `marker_of` looks a phone up.
    pub fn join_orphans(&mut self, marker_of: impl Fn(&str) -> Option<u64>) {
        for record in self.parts.take_orphans() {
            match marker_of(&record.destination) {
                Some(marker) => self.enter(marker, &record),
                None => self.unjoined += 1,
            }
        }
    }

    pub fn account(&mut self, header: AccountHeader) {
        let account = self.accounts.entry(header.account).or_default();
        account.header = Some(header);
    }

    pub fn summary(&mut self, summary: Summary) {
        let account = self.accounts.entry(summary.account).or_default();
        account.summary = summary;
    }

    /// To be called when everything was told and before the records are read.
    pub fn index(&mut self) {
        self.by_id = (0..)
            .zip(&self.messages)
            .filter(|(_, message)| message.id != 0)
            .map(|(place, message)| (message.id, place))
            .collect();
        self.by_id.sort_unstable();
        let open = |message: &&Message| message.id != 0 && message.end == End::Open;
        self.open_count = self.messages.iter().filter(open).count() as u64;
    }

    fn by_id(&mut self, id: u64) -> Option<&mut Message> {
        let found = self.by_id.binary_search_by_key(&id, |(id, _)| *id);
        let Ok(found) = found else {
            self.foreign += 1;
            return None;
        };
        let (_, place) = self.by_id[found];
        self.messages.get_mut(place as usize)
    }

    /// An event of our own feed.
    pub fn ended(&mut self, id: u64, status: &str, amended: bool) {
        let Some(message) = self.by_id(id) else { return };
        let was_open = message.end == End::Open;
        message.ended(End::from_word(status), amended);
        let is_open = message.end == End::Open;
        self.open_count = self.open_count + u64::from(is_open) - u64::from(was_open);
    }

    /// Events of our own feed, in their order.
    pub fn told_ends(&mut self, events: &[ReceiptEvent]) {
        for event in events {
            self.ended(event.id.0, &event.status, event.amended);
        }
    }

    /// The journey of a message that has no end in the feed says that an outcome is uncertain.
    pub fn uncertain(&mut self, id: u64) {
        if let Some(message) = self.by_id(id).filter(|message| message.end == End::Open) {
            message.end = End::Uncertain;
            self.open_count -= 1;
        }
    }

    /// Accepted messages without an end, at most `limit`.
    pub fn open(&self, limit: usize) -> Vec<u64> {
        let open = |message: &&Message| message.told == Told::Accepted && message.end == End::Open;
        self.messages
            .iter()
            .filter(open)
            .map(|message| message.id)
            .take(limit)
            .collect()
    }

    /// How many accepted messages have no end.
    pub fn open_count(&self) -> u64 {
        self.open_count
    }

    /// From acceptance to the first segment's arrival, and to the last acknowledged receipt.
    pub fn latencies(&self) -> (Latencies, Latencies) {
        let (mut arrival, mut receipt) = (Latencies::default(), Latencies::default());
        for message in &self.messages {
            if let Some(us) = self.since_acceptance_us(message, message.first_arrival_ms) {
                arrival.count_us(us);
            }
            if let Some(us) = self.since_acceptance_us(message, message.last_receipt_ms) {
                receipt.count_us(us);
            }
        }
        (arrival, receipt)
    }

    /// From acceptance to the first segment's arrival, of the messages with these markers.
    pub fn arrival_latencies(&self, markers: Range<u64>) -> Latencies {
        let mut arrival = Latencies::default();
        self.delays(markers).for_each(|(_, us)| arrival.count_us(us));
        arrival
    }

    /// When each of these messages was accepted (Unix milliseconds), and how long after that its first segment arrived (µs).
    pub fn delays(&self, markers: Range<u64>) -> impl Iterator<Item = (u64, u64)> {
        let marked = (self.first_marker..).zip(&self.messages);
        marked
            .filter(move |(marker, _)| markers.contains(marker))
            .filter_map(|(_, message)| {
                let us = self.since_acceptance_us(message, message.first_arrival_ms)?;
                Some((carillon_domain::ids::MessageId(message.id).unix_ms(), us))
            })
    }

    /// From acceptance to a time of the ledgers; `None` when one of them is not known.
    fn since_acceptance_us(&self, message: &Message, ms: u32) -> Option<u64> {
        let accepted_ms = carillon_domain::ids::MessageId(message.id).unix_ms();
        let known = message.id != 0 && ms > 0;
        known.then(|| (self.start_us / 1_000 + u64::from(ms)).saturating_sub(accepted_ms) * 1_000)
    }

    pub fn judge(&self, tolerance: Tolerance) -> Judgement {
        let mut judgement = Judgement::new(tolerance);
        judgement.unjoined = self.unjoined;
        judgement.unmarked = self.unmarked;
        judgement.foreign = self.foreign;
        for (marker, message) in (self.first_marker..).zip(&self.messages) {
            judgement.message(marker, message);
        }
        for account in self.accounts.values() {
            judgement.account(account.clone());
        }
        judgement.conclude()
    }
}

/// One settlement that carriers and the load fill at the same time.
#[derive(Clone)]
pub struct Shared(pub Arc<Mutex<Settlement>>);

impl Shared {
    pub fn new(settlement: Settlement) -> Self {
        Shared(Arc::new(Mutex::new(settlement)))
    }
}

impl Sink for Shared {
    fn frame(&mut self, frame: Frame) -> Result<(), LedgerError> {
        let mut settlement = self.0.lock();
        match frame {
            Frame::Segment(record) => settlement.arrived(record),
            Frame::Account(header) => settlement.account(header),
            Frame::Summary(summary) => settlement.summary(summary),
        }
        Ok(())
    }
}

impl AcknowledgementSink for Shared {
    fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<(), AcknowledgementError> {
        self.0
            .lock()
            .told(&acknowledgement)
            .map_err(|error| AcknowledgementError::Write(std::io::Error::other(error)))
    }
}
