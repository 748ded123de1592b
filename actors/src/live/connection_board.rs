use super::latency::{LatencyWindow, Percentiles};
use crate::columns::Histogram;
use carillon_domain::tally::{Counts, Measure};
use carillon_domain::time::UnixMs;
use std::collections::VecDeque;
use std::ops::AddAssign;

/// Minutes kept.
const MINUTES: u64 = 60;
const MINUTE_MS: u64 = 60_000;

/// What became of a connection's segments in some minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinuteCounts {
    pub submitted: u64,
    /// By the carrier's response.
    pub refused: u64,
    pub uncertain: u64,
    /// By receipt.
    pub delivered: u64,
    /// By receipt.
    pub failed: u64,
}

impl MinuteCounts {
    fn of(counts: &Counts) -> Self {
        let count = |measure| u64::try_from(counts[measure]).unwrap_or(0);
        MinuteCounts {
            submitted: count(Measure::SegmentsSubmitted),
            refused: count(Measure::SegmentsRefused),
            uncertain: count(Measure::SegmentsUncertain),
            delivered: count(Measure::SegmentsDelivered),
            failed: count(Measure::SegmentsFailed),
        }
    }
}

impl AddAssign for MinuteCounts {
    fn add_assign(&mut self, other: MinuteCounts) {
        self.submitted += other.submitted;
        self.refused += other.refused;
        self.uncertain += other.uncertain;
        self.delivered += other.delivered;
        self.failed += other.failed;
    }
}

/// What went by a connection, of one organisation or of all.
#[derive(Debug, Default)]
pub struct ConnectionBoard {
    pub(super) latency: LatencyWindow,
    minutes: VecDeque<(u64, MinuteCounts)>,
    /// Segments submitted in the looks before this one, newest first.
    submitted: [u64; 2],
}

impl ConnectionBoard {
    /// Of the last five minutes; `None` when nothing was delivered.
    pub fn latency(&self) -> Option<Percentiles> {
        self.latency.percentiles()
    }

    /// Of so many minutes, at most an hour; the last one goes on.
    pub fn last_minutes(&self, minutes: u64, now: UnixMs) -> MinuteCounts {
        let oldest = (now.0 / MINUTE_MS).saturating_sub(minutes);
        let mut sum = MinuteCounts::default();
        let newest = self.minutes.iter().rev();
        for (_, counts) in newest.take_while(|(minute, _)| *minute > oldest) {
            sum += *counts;
        }
        sum
    }

    /// Segments the carrier took in the last second.
    pub fn submitted_last_second(&self) -> u64 {
        self.submitted.iter().sum()
    }

    pub(super) fn tick(&mut self, now: UnixMs) {
        self.submitted = [0, self.submitted[0]];
        self.latency.expire(now);
        let minute = now.0 / MINUTE_MS;
        self.step_back(minute);
        let is_old = |(first, _): &mut (u64, _)| *first + MINUTES < minute;
        while self.minutes.pop_front_if(is_old).is_some() {}
    }

    /// Whether nothing went by it within the hour.
    pub(super) fn is_silent(&self) -> bool {
        self.minutes.is_empty() && self.latency.is_empty()
    }

    /// What lies ahead of a clock that was set back counts for the present minute, so that it grows old like everything else.
    fn step_back(&mut self, minute: u64) {
        let mut ahead = MinuteCounts::default();
        let mut is_any = false;
        while let Some((_, counts)) = self.minutes.pop_back_if(|(last, _)| *last > minute) {
            ahead += counts;
            is_any = true;
        }
        if !is_any {
            return;
        }
        match self.minutes.back_mut() {
            Some((last, sum)) if *last == minute => *sum += ahead,
            _ => self.minutes.push_back((minute, ahead)),
        }
    }

    pub(super) fn note(&mut self, counts: &Counts, now: UnixMs) {
        let counts = MinuteCounts::of(counts);
        self.submitted[0] += counts.submitted;
        let minute = now.0 / MINUTE_MS;
        match self.minutes.back_mut() {
            Some((last, sum)) if *last >= minute => *sum += counts,
            _ => self.minutes.push_back((minute, counts)),
        }
    }

    pub(super) fn add_latency(&mut self, histogram: &Histogram, now: UnixMs) {
        self.latency.add(histogram, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_minutes_is_kept() {
        let mut board = ConnectionBoard::default();
        let mut counts = Counts::default();
        counts[Measure::SegmentsDelivered] = 2;
        counts[Measure::SegmentsFailed] = -1;
        let mut now = UnixMs(0);
        for minute in 0..200 {
            now = UnixMs(minute * MINUTE_MS + 7);
            board.tick(now);
            board.note(&counts, now);
        }
        assert!(board.minutes.len() <= 61);
        assert_eq!(board.last_minutes(5, now).delivered, 10);
        assert_eq!(board.last_minutes(60, now).delivered, 120);
        assert_eq!(board.last_minutes(60, now).failed, 0);
        // The clock was an hour ahead.
        now = UnixMs(now.0 - 60 * MINUTE_MS);
        board.tick(now);
        assert_eq!(board.last_minutes(5, now).delivered, 122);
        for _ in 0..6 {
            now = UnixMs(now.0 + MINUTE_MS);
            board.tick(now);
            board.note(&counts, now);
        }
        assert_eq!(board.last_minutes(5, now).delivered, 10);
        // Nothing for a while.
        now = UnixMs(now.0 + 10 * MINUTE_MS);
        assert_eq!(board.last_minutes(5, now).delivered, 0);
        assert!(!board.is_silent());
        board.tick(UnixMs(now.0 + 61 * MINUTE_MS));
        assert!(board.is_silent(), "{board:?}");
    }
}
