use carillon_domain::tally::{Counts, Measure};
use carillon_domain::time::Monotonic;
use std::collections::VecDeque;
use std::ops::AddAssign;
use std::time::Duration;

/// How far back the present speed looks.
const REACH: Duration = Duration::from_secs(5);
/// How far back it is looked whether the queues shrink.
const DRAIN_REACH: Duration = Duration::from_secs(30);

/// What is drawn as curves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCount {
    /// Messages.
    pub accepted: u64,
    /// Segments taken by carriers.
    pub submitted: u64,
    /// Definite receipts.
    pub receipts: u64,
}

/// [`EventCount`] a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    pub accepted: f64,
    pub submitted: f64,
    pub receipts: f64,
}

impl EventCount {
    /// A correction of an earlier day may make a sum negative; nothing happened less than not at all.
    pub fn of(counts: &Counts) -> Self {
        let positive = |count: i64| u64::try_from(count).unwrap_or(0);
        EventCount {
            accepted: positive(counts[Measure::Accepted]),
            submitted: positive(counts[Measure::SegmentsSubmitted]),
            receipts: positive(counts.receipts()),
        }
    }

    /// `None` for no time at all.
    pub fn per_second(self, time: Duration) -> Option<Rate> {
        if time.is_zero() {
            return None;
        }
        let seconds = time.as_secs_f64();
        Some(Rate {
            accepted: self.accepted as f64 / seconds,
            submitted: self.submitted as f64 / seconds,
            receipts: self.receipts as f64 / seconds,
        })
    }
}

impl AddAssign for EventCount {
    fn add_assign(&mut self, other: EventCount) {
        self.accepted += other.accepted;
        self.submitted += other.submitted;
        self.receipts += other.receipts;
    }
}

/// The speed of the last few seconds.
#[derive(Debug, Default)]
pub(super) struct Speed {
    /// What was counted, in how much time, until when.
    parts: VecDeque<(Monotonic, Duration, EventCount)>,
}

impl Speed {
    pub fn note(&mut self, count: EventCount, time: Duration, now: Monotonic) {
        self.parts.push_back((now, time, count));
        while self.parts.front().is_some_and(|(at, ..)| now - *at >= REACH) {
            self.parts.pop_front();
        }
    }

    pub fn now(&self) -> Rate {
        let mut sum = EventCount::default();
        let mut time = Duration::ZERO;
        for (_, part, count) in &self.parts {
            sum += *count;
            time += *part;
        }
        sum.per_second(time).unwrap_or_default()
    }
}

/// Whether a queue shrinks, and how fast.
#[derive(Debug, Default)]
pub(super) struct Drain {
    samples: VecDeque<(Monotonic, u64)>,
}

impl Drain {
    pub fn note(&mut self, waiting: u64, now: Monotonic) {
        self.samples.push_back((now, waiting));
        while self
            .samples
            .front()
            .is_some_and(|(at, _)| now - *at > DRAIN_REACH)
        {
            self.samples.pop_front();
        }
    }

    /// Until nothing waits, at the present speed; `None` when it does not shrink.
    pub fn left(&self) -> Option<Duration> {
        let (last_at, waiting) = *self.samples.back()?;
        if waiting == 0 {
            return Some(Duration::ZERO);
        }
        let (first_at, before) = *self.samples.front()?;
        let gone = before.checked_sub(waiting).filter(|gone| *gone > 0)?;
        let seconds = (last_at - first_at).as_secs_f64() * waiting as f64 / gone as f64;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Monotonic {
        Monotonic(Duration::from_millis(ms))
    }

    #[test]
    fn the_speed_is_that_of_the_last_seconds() {
        let mut speed = Speed::default();
        assert_eq!(speed.now(), Rate::default());
        for tick in 1..=60 {
            let accepted = if tick <= 30 { 1_000 } else { 50 };
            let count = EventCount {
                accepted,
                ..EventCount::default()
            };
            speed.note(count, Duration::from_millis(500), at(tick * 500));
        }
        assert_eq!(speed.now().accepted, 100.0);
        assert!(speed.parts.len() <= 11);
    }

    #[test]
    fn a_queue_that_shrinks_has_an_end() {
        let mut drain = Drain::default();
        assert_eq!(drain.left(), None);
        let cases = [
            (0, 1_000, None),
            (1_000, 1_000, None),
            (2_000, 900, Some(18)),
            (3_000, 1_100, None),
            (4_000, 0, Some(0)),
        ];
        for (ms, waiting, expected) in cases {
            drain.note(waiting, at(ms));
            assert_eq!(drain.left(), expected.map(Duration::from_secs), "{ms}");
        }
        drain.note(u64::MAX, at(100_000));
        drain.note(u64::MAX - 1, at(100_001));
        assert!(drain.left().is_some());
    }
}
