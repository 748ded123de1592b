use std::collections::VecDeque;

const WINDOW_US: u64 = 1_000_000;

/// The highest number of segments in any sliding second, computed exactly (RATE-1).
///
/// A sliding second is half open: of two events exactly 1,000,000 µs apart only one is in it.
#[derive(Clone, Debug, Default)]
pub struct SlidingPeak {
    times: VecDeque<u64>,
    peak: u32,
    peak_at_us: u64,
}

impl SlidingPeak {
    /// Counts one event. Times may not go back; one that does counts as the newest known.
    pub fn count(&mut self, at_us: u64) -> u32 {
        let at_us = self.times.back().map_or(at_us, |newest| at_us.max(*newest));
        while self
            .times
            .front()
            .is_some_and(|oldest| oldest + WINDOW_US <= at_us)
        {
            self.times.pop_front();
        }
        self.times.push_back(at_us);
        let now = self.times.len() as u32;
        if now > self.peak {
            self.peak = now;
            self.peak_at_us = at_us;
        }
        now
    }

    /// How many events the second before `at_us` holds.
    pub fn current(&self, at_us: u64) -> u32 {
        let first = self.times.partition_point(|time| time + WINDOW_US <= at_us);
        (self.times.len() - first) as u32
    }

    /// The highest count, and the Unix microsecond at which that second ended.
    pub fn peak(&self) -> (u32, u64) {
        (self.peak, self.peak_at_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn events_a_whole_second_apart_are_in_different_seconds() {
        let mut peak = SlidingPeak::default();
        for at in [0, 999_999, 1_000_000, 1_999_999] {
            peak.count(at);
        }
        assert_eq!(peak.peak(), (2, 999_999));
        assert_eq!(peak.current(1_999_999), 2);
        assert_eq!(peak.current(2_999_999), 0);
    }

    proptest! {
        #[test]
        fn it_agrees_with_counting_every_second(mut times in proptest::collection::vec(0_u64..4_000_000, 1..200)) {
            times.sort_unstable();
            let mut peak = SlidingPeak::default();
            for at in &times {
                peak.count(*at);
            }
            let counted = times
                .iter()
                .map(|end| times.iter().filter(|at| *at <= end && **at + WINDOW_US > *end).count())
                .max();
            prop_assert_eq!(Some(peak.peak().0 as usize), counted);
        }
    }
}
