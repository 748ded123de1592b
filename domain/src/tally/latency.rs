use std::time::Duration;

/// Four buckets per doubling, from 16 ms to about 12 days.
pub const LATENCY_BUCKETS: usize = 128;
const PER_DOUBLING: f64 = 4.0;
const FIRST_MS: f64 = 16.0;

/// A length of time, exact to a tenth: its histograms take little room and may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LatencyBucket(u8);

impl LatencyBucket {
    pub fn of(latency: Duration) -> Self {
        let ms = latency.as_secs_f64() * 1e3;
        let bucket = (ms.max(FIRST_MS) / FIRST_MS).log2() * PER_DOUBLING;
        LatencyBucket((bucket as usize).min(LATENCY_BUCKETS - 1) as u8)
    }

    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// `None` for numbers that are no bucket's.
    pub fn from_index(index: usize) -> Option<Self> {
        (index < LATENCY_BUCKETS).then_some(LatencyBucket(index as u8))
    }

    /// The geometric middle.
    pub fn typical(self) -> Duration {
        let ms = FIRST_MS * ((f64::from(self.0) + 0.5) / PER_DOUBLING).exp2();
        Duration::from_secs_f64(ms / 1e3)
    }

    /// The typical length that this share (0 to 1) of all does not exceed; `None` when there are none.
    pub fn quantile(histogram: &[u64; LATENCY_BUCKETS], share: f64) -> Option<Duration> {
        let all: u64 = histogram.iter().sum();
        let wanted = ((all as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let bucket = histogram.iter().position(|count| {
            seen += count;
            seen >= wanted
        })?;
        Some(LatencyBucket(bucket as u8).typical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_tells_its_lengths_to_a_tenth() {
        for ms in [17_u64, 100, 1_000, 4_321, 60_000, 3_600_000, 172_800_000] {
            let typical = LatencyBucket::of(Duration::from_millis(ms))
                .typical()
                .as_secs_f64()
                * 1e3;
            assert!(
                (typical / ms as f64 - 1.0).abs() < 0.1,
                "{ms} ms became {typical} ms"
            );
        }
        assert_eq!(LatencyBucket::of(Duration::ZERO).index(), 0);
        assert_eq!(LatencyBucket::of(Duration::MAX).index(), LATENCY_BUCKETS - 1);
    }

    #[test]
    fn quantiles_stand_at_their_share() {
        let mut histogram = [0; LATENCY_BUCKETS];
        assert_eq!(LatencyBucket::quantile(&histogram, 0.5), None);
        let (fast, slow) = (Duration::from_millis(100), Duration::from_secs(100));
        histogram[LatencyBucket::of(fast).index()] = 98;
        histogram[LatencyBucket::of(slow).index()] = 2;
        let at = |share| LatencyBucket::quantile(&histogram, share).map(LatencyBucket::of);
        assert_eq!(at(0.5), Some(LatencyBucket::of(fast)));
        assert_eq!(at(0.98), Some(LatencyBucket::of(fast)));
        assert_eq!(at(0.99), Some(LatencyBucket::of(slow)));
        assert_eq!(at(1.0), Some(LatencyBucket::of(slow)));
    }
}
