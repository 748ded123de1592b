//! Messages that may not be written yet (SEND-5): a time the caller named, sending windows, quiet hours.
//!
//! They stand in no queue. Who puts them there again is [`LaneCore::queue_opened`], when they may go. A message in a queue whose
//! window closes meanwhile is put aside by whoever pulls it.

use super::core::LaneCore;
use crate::columns::{Row, RowRef};
use carillon_domain::catalog::Compiled;
use carillon_domain::day_window::DayWindow;
use carillon_domain::ids::{BusinessTypeId, TenantId};
use carillon_domain::journey::Journey;
use carillon_domain::policy::{NeverOpen, SendingTimes, WaitReason, Waiting};
use carillon_domain::time::{Now, UnixMs};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Messages queued in one go.
const OPENED_MAX: usize = 2_000;

/// References to rows by when they are looked at again, in the order in which they came. As in the queues, those of rows that
/// have ended may be among them; after a restart they are found again from the columns.
#[derive(Debug)]
pub struct PutAside {
    seconds: BTreeMap<u64, VecDeque<RowRef>>,
    len: usize,
    /// Of the catalog that holds.
    windows: Windows,
}

/// What a catalog says about when messages are written.
#[derive(Debug, PartialEq, Eq)]
struct Windows {
    quiet_hours: BTreeMap<TenantId, DayWindow>,
    sending: BTreeMap<BusinessTypeId, DayWindow>,
    ignore_quiet_hours: BTreeSet<BusinessTypeId>,
}

impl PutAside {
    pub fn new(catalog: &Compiled) -> Self {
        PutAside {
            seconds: BTreeMap::new(),
            len: 0,
            windows: Windows::of(catalog),
        }
    }

    /// References kept.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn push(&mut self, row: RowRef, until: UnixMs) {
        // Rounded up: nobody looks at it in vain.
        self.seconds
            .entry(until.0.div_ceil(1_000))
            .or_default()
            .push_back(row);
        self.len += 1;
    }

    /// Those whose time has come, at most `max`.
    fn take_due(&mut self, now: UnixMs, max: usize) -> Vec<RowRef> {
        let mut due = Vec::new();
        while let Some(mut first) = self.seconds.first_entry() {
            if *first.key() > now.0 / 1_000 || due.len() == max {
                break;
            }
            let rows = first.get_mut();
            due.extend(rows.drain(..rows.len().min(max - due.len())));
            if rows.is_empty() {
                first.remove();
            }
        }
        self.len -= due.len();
        due
    }

    pub fn retain(&mut self, is_wanted: impl Fn(RowRef) -> bool) {
        for rows in self.seconds.values_mut() {
            rows.retain(|row| is_wanted(*row));
            rows.shrink_to_fit();
        }
        self.seconds.retain(|_, rows| !rows.is_empty());
        self.len = self.seconds.values().map(VecDeque::len).sum();
    }

    /// Works by the windows of `catalog` from now on. When they are others, all is looked at again.
    pub fn follow(&mut self, catalog: &Compiled) {
        let windows = Windows::of(catalog);
        if self.windows == windows {
            return;
        }
        self.windows = windows;
        let all: VecDeque<RowRef> = std::mem::take(&mut self.seconds)
            .into_values()
            .flatten()
            .collect();
        if !all.is_empty() {
            self.seconds.insert(0, all);
        }
    }
}

impl Windows {
    fn of(catalog: &Compiled) -> Self {
        let organisations = catalog.snapshot().organisations.values();
        let business_types = catalog.snapshot().business_types.values();
        Windows {
            quiet_hours: organisations
                .filter_map(|organisation| Some((organisation.id, organisation.quiet_hours?)))
                .collect(),
            sending: business_types
                .clone()
                .filter_map(|kind| Some((kind.id, kind.sending_window?)))
                .collect(),
            ignore_quiet_hours: business_types
                .filter(|kind| kind.ignore_quiet_hours)
                .map(|kind| kind.id)
                .collect(),
        }
    }

    fn are_none(&self) -> bool {
        self.quiet_hours.is_empty() && self.sending.is_empty()
    }
}

impl LaneCore {
    /// An open message as a reader sees it, by the row of its first attempt.
    pub fn journey(&self, head: &Row, now: Now) -> Journey {
        let mut journey = self.columns.journey(head);
        let attempts = self.columns.attempts_from(head.id, 0);
        journey.waiting = attempts
            .filter_map(|at| self.columns.row(at))
            .filter(|row| self.is_free(row))
            .find_map(|row| self.not_yet(row, now));
        journey
    }

    /// What a row that nobody has begun to write waits for; `None` when it may go now.
    pub(super) fn not_yet(&self, row: &Row, now: Now) -> Option<Waiting> {
        if self.put_aside.windows.are_none() && !row.timed {
            return None;
        }
        // The rest of a long message follows what was written of it.
        if row.segment_count > 1 && !row.is_unwritten() {
            return None;
        }
        let (not_before, person_window) = self.columns.times_of(row);
        let times = SendingTimes::new(
            &self.catalog,
            row.tenant,
            row.business_type,
            not_before,
            person_window,
        );
        match times.next_opening(now.unix) {
            Ok(waiting) => waiting,
            // By a catalog that came after it was accepted; another one may come.
            Err(NeverOpen) => Some(Waiting {
                why: WaitReason::SendingWindow,
                until: row.valid_until,
            }),
        }
    }

    /// Queues a message, or puts it aside while it may not be written.
    pub(super) fn enqueue_when_open(&mut self, at: RowRef, now: Now) {
        let row = self.columns.row(at);
        match row.and_then(|row| self.not_yet(row, now)) {
            Some(waiting) => self.put_aside.push(at, waiting.until),
            None => self.enqueue(at, false),
        }
    }

    /// Queues messages whose time has come; `true` when there are more.
    pub(super) fn queue_opened(&mut self, now: Now) -> bool {
        let due = self.put_aside.take_due(now.unix, OPENED_MAX);
        let more = due.len() == OPENED_MAX;
        for at in due {
            if self.columns.row(at).is_some_and(|row| self.is_free(row)) {
                self.enqueue_when_open(at, now);
            }
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::catalog::Snapshot;
    use std::sync::Arc;

    fn catalog(quiet_hours: Option<&str>) -> Compiled {
        let mut snapshot = Snapshot::default();
        let organisation = carillon_domain::catalog::Organisation {
            id: TenantId(1),
            name: "示范医院".into(),
            weight: 1,
            quiet_hours: quiet_hours.map(|text| text.parse().unwrap()),
            lane: 0,
        };
        snapshot.organisations.insert(organisation.id, organisation);
        Compiled::new(Arc::new(snapshot)).unwrap()
    }

    fn indexes(rows: Vec<RowRef>) -> Vec<u32> {
        rows.into_iter().map(|row| row.index).collect()
    }

    #[test]
    fn rows_come_when_it_is_their_time_in_the_order_in_which_they_were_put() {
        let mut aside = PutAside::new(&catalog(None));
        for index in 0..10 {
            // Two moments in turn; never before the second is full.
            let until = if index % 2 == 0 { 5_000 } else { 2_001 };
            aside.push(RowRef { index, generation: 0 }, UnixMs(until));
        }
        assert_eq!(indexes(aside.take_due(UnixMs(2_500), 10)), [0u32; 0]);
        assert_eq!(indexes(aside.take_due(UnixMs(3_000), 2)), [1, 3]);
        assert_eq!(indexes(aside.take_due(UnixMs(9_000), 5)), [5, 7, 9, 0, 2]);
        aside.retain(|row| row.index != 6);
        assert_eq!(aside.len(), 2);
        assert_eq!(indexes(aside.take_due(UnixMs(9_000), 5)), [4, 8]);
        assert_eq!((aside.len(), aside.seconds.len()), (0, 0));
    }

    #[test]
    fn all_is_looked_at_again_when_the_windows_are_others() {
        let mut aside = PutAside::new(&catalog(None));
        for index in 0..4 {
            let until = UnixMs(100_000 - u64::from(index));
            aside.push(RowRef { index, generation: 0 }, until);
        }
        aside.follow(&catalog(None));
        assert_eq!(aside.take_due(UnixMs(0), 10), []);
        aside.follow(&catalog(Some("22:00-07:00")));
        assert_eq!(aside.len(), 4);
        assert_eq!(aside.take_due(UnixMs(0), 10).len(), 4);
        assert!(!aside.windows.are_none());
    }
}
