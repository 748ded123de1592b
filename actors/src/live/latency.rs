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
}

impl Percentiles {
    /// `None` when nothing was delivered.
    pub fn of(histogram: &Histogram) -> Option<Self> {
        let at = |share| LatencyBucket::quantile(histogram, share);
        Some(Percentiles {
            p50: at(0.50)?,
            p95: at(0.95)?,
            p99: at(0.99)?,
        })
    }
}

/// Histograms of the last five minutes, by slot.
#[derive(Debug, Default)]
pub(super) struct LatencyWindow {
    slots: VecDeque<(u64, Box<Histogram>)>,
}

impl LatencyWindow {
    pub fn add(&mut self, histogram: &Histogram, at: UnixMs) {
        let slot = slot_of(at);
        if self.slots.back().is_none_or(|(last, _)| *last < slot) {
            self.slots.push_back((slot, Box::new([0; LATENCY_BUCKETS])));
        }
        if let Some((_, sum)) = self.slots.back_mut() {
            add(sum, histogram);
        }
    }

    /// Forgets what is too old.
    pub fn expire(&mut self, now: UnixMs) {
        let oldest = slot_of(now).saturating_sub(REACH.as_secs() / SLOT.as_secs());
        while self.slots.front().is_some_and(|(slot, _)| *slot <= oldest) {
            self.slots.pop_front();
        }
    }

    /// Adds up everything to `sum`.
    pub fn add_to(&self, sum: &mut Histogram) {
        self.slots.iter().for_each(|(_, histogram)| add(sum, histogram));
    }

    pub fn percentiles(&self) -> Option<Percentiles> {
        let mut sum = [0; LATENCY_BUCKETS];
        self.add_to(&mut sum);
        Percentiles::of(&sum)
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
        let mut sum = [0; LATENCY_BUCKETS];
        window.add_to(&mut sum);
        assert_eq!(sum.iter().sum::<u64>(), 2);
    }
}
