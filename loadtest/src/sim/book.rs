//! The carrier's side of the ledger: what is still open, and the totals. Closed records go to the sink at once.

use crate::ledger::{
    AccountHeader, Answer, Contract, Frame, GivenReceipt, LedgerError, Record, Seen, Sink, SlidingPeak,
    Summary,
};
use compact_str::CompactString;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the records of one carrier; the order of arrival.
pub type RecordKey = u64;

/// What anyone may watch while carriers run.
#[derive(Debug, Default)]
pub struct Progress {
    pub segments: AtomicU64,
    /// Records to which nothing more will happen.
    pub closed: AtomicU64,
    pub receipts_acknowledged: AtomicU64,
    pub sessions: AtomicU64,
}

struct Open {
    record: Record,
    /// The answer and the receipts that are still to be given or acknowledged.
    pending: u32,
}

pub struct Book {
    open: HashMap<RecordKey, Open, RandomState>,
    next: RecordKey,
    first_account: u16,
    summaries: Vec<Summary>,
    peaks: Vec<SlidingPeak>,
    sink: Box<dyn Sink>,
    progress: Arc<Progress>,
}

impl Book {
    /// `first_account` is the number of the carrier's first account among all accounts that share the sink.
    pub fn new<'a>(
        carrier: &str,
        first_account: u16,
        accounts: impl Iterator<Item = (&'a CompactString, Option<Contract>)>,
        mut sink: Box<dyn Sink>,
        progress: Arc<Progress>,
    ) -> Result<Self, LedgerError> {
        let mut summaries = Vec::new();
        for (place, (login, contract)) in accounts.enumerate() {
            let account = first_account + place as u16;
            sink.frame(Frame::Account(AccountHeader {
                account,
                carrier: carrier.into(),
                login: login.clone(),
                contract,
            }))?;
            summaries.push(Summary {
                account,
                ..Summary::default()
            });
        }
        let peaks = vec![SlidingPeak::default(); summaries.len()];
        Ok(Book {
            open: HashMap::default(),
            next: 0,
            first_account,
            summaries,
            peaks,
            sink,
            progress,
        })
    }

    fn summary(&mut self, account: u16) -> &mut Summary {
        &mut self.summaries[usize::from(account - self.first_account)]
    }

    pub fn account_number(&self, place: usize) -> u16 {
        self.first_account + place as u16
    }

    /// Enters a segment that arrived. It stays open until [`Book::settle`] was called `pending` times.
    pub fn enter(&mut self, record: Record, pending: u32) -> RecordKey {
        let place = usize::from(record.account - self.first_account);
        self.peaks[place].count(record.at_us);
        self.summaries[place].segments += 1;
        self.progress.segments.fetch_add(1, Ordering::Relaxed);
        let key = self.next;
        self.next += 1;
        self.sink.seen(Seen::Arrived(&record));
        self.open.insert(key, Open { record, pending });
        key
    }

    /// Segments of an account that arrived in the second before `at_us`.
    pub fn in_last_second(&self, account: u16, at_us: u64) -> u32 {
        self.peaks[usize::from(account - self.first_account)].current(at_us)
    }

    pub fn record(&self, key: RecordKey) -> Option<&Record> {
        self.open.get(&key).map(|open| &open.record)
    }

    /// One more thing that has to happen before the record is closed.
    pub fn expect(&mut self, key: RecordKey) {
        if let Some(open) = self.open.get_mut(&key) {
            open.pending += 1;
        }
    }

    /// One of the pending things happened or never will; the last one closes the record.
    pub fn settle(&mut self, key: RecordKey) -> Result<(), LedgerError> {
        let Some(open) = self.open.get_mut(&key) else {
            return Ok(());
        };
        open.pending = open.pending.saturating_sub(1);
        if open.pending > 0 {
            return Ok(());
        }
        match self.open.remove(&key) {
            Some(open) => self.close(open.record),
            None => Ok(()),
        }
    }

    fn close(&mut self, record: Record) -> Result<(), LedgerError> {
        let summary = self.summary(record.account);
        match record.answer {
            Answer::Accepted => summary.accepted += 1,
            Answer::Refused(_) => summary.refused += 1,
            Answer::None => summary.unanswered += 1,
        }
        let acknowledged = record
            .receipts
            .iter()
            .filter(|receipt| receipt.acknowledged_us.is_some())
            .count() as u64;
        summary.receipts_acknowledged += acknowledged;
        summary.receipts_unacknowledged += record.receipts.len() as u64 - acknowledged;
        self.progress.closed.fetch_add(1, Ordering::Relaxed);
        self.sink.frame(Frame::Segment(record))
    }

    pub fn answer(&mut self, key: RecordKey, answer: Answer) {
        if let Some(open) = self.open.get_mut(&key) {
            open.record.answer = answer;
            self.sink.seen(Seen::Answered(&open.record));
        }
    }

    /// A receipt was written; returns its number in the record.
    pub fn give(&mut self, key: RecordKey, status: CompactString, at_us: u64) -> Option<usize> {
        let record = &mut self.open.get_mut(&key)?.record;
        self.sink.seen(Seen::Given(record, &status));
        let receipts = &mut record.receipts;
        receipts.push(GivenReceipt {
            status,
            at_us,
            acknowledged_us: None,
        });
        Some(receipts.len() - 1)
    }

    pub fn acknowledge(&mut self, key: RecordKey, receipt: usize, at_us: u64) {
        let Some(open) = self.open.get_mut(&key) else {
            return;
        };
        if let Some(receipt) = open.record.receipts.get_mut(receipt) {
            receipt.acknowledged_us = Some(at_us);
            self.progress
                .receipts_acknowledged
                .fetch_add(1, Ordering::Relaxed);
            self.sink.seen(Seen::Acknowledged(&open.record));
        }
    }

    pub fn bound(&mut self, account: u16) {
        self.summary(account).sessions += 1;
        self.progress.sessions.fetch_add(1, Ordering::Relaxed);
    }

    pub fn ended(&mut self) {
        self.progress.sessions.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn replied(&mut self, account: u16) {
        self.summary(account).replies += 1;
    }

    pub fn in_flight(&mut self, account: u16, requests: u32) {
        let summary = self.summary(account);
        summary.peak_in_flight = summary.peak_in_flight.max(requests);
    }

    /// Writes everything that is still open as it is, and the totals. What happens later to those records is not kept.
    pub fn flush(&mut self) -> Result<(), LedgerError> {
        let mut open: Vec<_> = self.open.drain().collect();
        open.sort_unstable_by_key(|(key, _)| *key);
        for (_, open) in open {
            self.close(open.record)?;
        }
        for summary in self.summaries() {
            self.sink.frame(Frame::Summary(summary))?;
        }
        self.sink.flush()
    }

    /// The totals; segments still open are counted only in `segments`.
    pub fn summaries(&self) -> Vec<Summary> {
        let with_peak = |(summary, peak): (&Summary, &SlidingPeak)| {
            let (peak_per_second, peak_at_us) = peak.peak();
            Summary {
                peak_per_second,
                peak_at_us,
                ..summary.clone()
            }
        };
        self.summaries.iter().zip(&self.peaks).map(with_peak).collect()
    }
}
