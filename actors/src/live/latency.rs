use super::curve::{SLOT, slot_of};
use crate::columns::Histogram;
use carillon_domain::tally::{LATENCY_BUCKETS, LatencyBucket};
use carillon_domain::time::UnixMs;
use std::collections::VecDeque;
use std::time::Duration;

/// How far back the present percentiles look.
const REACH: Duration = Duration::from_secs(300);

/// From a carrier's response to its receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentiles {
    pub p50: Duration,
    pub p95: Duration,
    pub p99: Duration,
    /// Deliveries that they are made of.
    pub count: u64,
}

impl Percentiles {
    /// `None` when nothing was delivered.
    pub fn of(histogram: &Histogram) -> Option<Self> {
        let at = |share| LatencyBucket::quantile(histogram, share);
        Some(Percentiles {
            p50: at(0.50)?,
            p95: at(0.95)?,
            p99: at(0.99)?,
            count: histogram.iter().sum(),
        })
    }
}

/// Histograms of the last five minutes, by slot.
#[derive(Debug, Default)]
pub(super) struct LatencyWindow {
    slots: VecDeque<(u64, Few)>,
}

impl LatencyWindow {
    pub fn add(&mut self, histogram: &Histogram, at: UnixMs) {
        let slot = slot_of(at);
        if self.slots.back().is_none_or(|(last, _)| *last < slot) {
            self.slots.push_back((slot, Few::default()));
        }
        if let Some((_, sum)) = self.slots.back_mut() {
            sum.add(histogram);
        }
    }

    /// Forgets what is too old. What lies ahead of a clock that was set back counts as of now, so that it grows old, too.
    pub fn expire(&mut self, now: UnixMs) {
        let slot = slot_of(now);
        let oldest = slot.saturating_sub(REACH.as_secs() / SLOT.as_secs());
        while self.slots.front().is_some_and(|(slot, _)| *slot <= oldest) {
            self.slots.pop_front();
        }
        let mut ahead = [0; LATENCY_BUCKETS];
        let mut is_any = false;
        while let Some((_, histogram)) = self.slots.pop_back_if(|(last, _)| *last > slot) {
            histogram.add_to(&mut ahead);
            is_any = true;
        }
        if is_any {
            self.add(&ahead, now);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Adds up everything to `sum`.
    pub fn add_to(&self, sum: &mut Histogram) {
        self.slots.iter().for_each(|(_, histogram)| histogram.add_to(sum));
    }

    pub fn percentiles(&self) -> Option<Percentiles> {
        let mut sum = [0; LATENCY_BUCKETS];
        self.add_to(&mut sum);
        Percentiles::of(&sum)
    }
}

/// A histogram of which few buckets are used: there is one for each slot, connection and organisation.
#[derive(Debug, Default)]
struct Few(Vec<(u8, u32)>);

impl Few {
    fn add(&mut self, histogram: &Histogram) {
        let used = (0u8..).zip(histogram).filter(|(_, count)| **count > 0);
        for (bucket, count) in used {
            let count = u32::try_from(*count).unwrap_or(u32::MAX);
            match self.0.iter_mut().find(|(known, _)| *known == bucket) {
                Some((_, sum)) => *sum = sum.saturating_add(count),
                None => self.0.push((bucket, count)),
            }
        }
    }

    fn add_to(&self, sum: &mut Histogram) {
        for (bucket, count) in &self.0 {
            sum[usize::from(*bucket)] += u64::from(*count);
        }
    }
}

pub(super) fn add(sum: &mut Histogram, more: &Histogram) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(latency: Duration, count: u64) -> Histogram {
        let mut histogram = [0; LATENCY_BUCKETS];
        histogram[LatencyBucket::of(latency).index()] = count;
        histogram
    }

    #[test]
    fn five_minutes_count() {
        let mut window = LatencyWindow::default();
        assert_eq!(window.percentiles(), None);
        let (fast, slow) = (Duration::from_millis(200), Duration::from_secs(60));
        window.add(&histogram(slow, 1_000), UnixMs(0));
        for second in 0..400 {
            let now = UnixMs(second * 1_000);
            window.add(&histogram(fast, 1), now);
            window.expire(now);
        }
        let percentiles = window.percentiles().unwrap();
        assert_eq!(LatencyBucket::of(percentiles.p99), LatencyBucket::of(fast));
        assert!(window.slots.len() <= 20);
        window.expire(UnixMs(1_000_000));
        assert_eq!(window.percentiles(), None);
    }

    #[test]
    fn a_clock_that_steps_back_loses_nothing() {
        let mut window = LatencyWindow::default();
        let one = histogram(Duration::from_secs(1), 1);
        window.add(&one, UnixMs(900_000));
        window.add(&one, UnixMs(1_000));
        let known = |window: &LatencyWindow| {
            let mut sum = [0; LATENCY_BUCKETS];
            window.add_to(&mut sum);
            sum.iter().sum::<u64>()
        };
        window.expire(UnixMs(1_000));
        assert_eq!(known(&window), 2);
        // And nothing stays until the time is reached again that the clock was at.
        window.expire(UnixMs(301_000));
        assert_eq!(known(&window), 0);
    }
}
