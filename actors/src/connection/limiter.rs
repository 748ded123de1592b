use carillon_domain::time::Monotonic;
use std::collections::VecDeque;
use std::time::Duration;

/// Width of one pacing slice. A burst that meets a late or early clock at the carrier then moves at most this much.
const SLICE: Duration = Duration::from_millis(20);
const SLICES_PER_SECOND: u32 = 50;

/// Counts what was written in the last second, exactly (RATE-1): not a bucket, so there is no burst at its edge.
///
/// Inside the second the writes are spread over slices of 20 ms, so that a carrier that counts by its own clock sees no
/// second with twice the rate.
#[derive(Debug)]
pub struct SlidingSecond {
    rate: u32,
    /// Writes of the last second: when, and how many at that moment.
    written: VecDeque<(Monotonic, u32)>,
    in_second: u32,
    slice_start: Monotonic,
    in_slice: u32,
    /// Nothing may be written before; what was written before a restart is not known.
    quiet_until: Monotonic,
}

impl SlidingSecond {
    /// `rate` in segments per second; at least 1. Nothing is allowed before `quiet_until`.
    pub fn new(rate: u32, quiet_until: Monotonic) -> Self {
        SlidingSecond {
            rate: rate.max(1),
            written: VecDeque::new(),
            in_second: 0,
            slice_start: Monotonic::default(),
            in_slice: 0,
            quiet_until,
        }
    }

    /// What was written in the last second still counts.
    pub fn set_rate(&mut self, rate: u32) {
        self.rate = rate.max(1);
    }

    /// How many segments may be written at `now`.
    pub fn available(&mut self, now: Monotonic) -> u32 {
        if self.is_quiet(now) {
            return 0;
        }
        self.forget(now);
        let in_slice = if now - self.slice_start < SLICE {
            self.in_slice
        } else {
            0
        };
        (self.rate - self.in_second.min(self.rate)).min(self.per_slice().saturating_sub(in_slice))
    }

    /// Nothing may be written yet, whatever the rate.
    pub fn is_quiet(&self, now: Monotonic) -> bool {
        now < self.quiet_until
    }

    /// Counts `n` segments as written at `now`.
    pub fn charge(&mut self, now: Monotonic, n: u32) {
        let since = now - self.slice_start;
        if since >= SLICE {
            // Slices follow one another without a gap while there is much to write, however late the timer came.
            self.slice_start = if since < SLICE * 2 {
                self.slice_start + SLICE
            } else {
                now
            };
            self.in_slice = 0;
        }
        self.in_slice += n;
        self.in_second += n;
        match self.written.back_mut() {
            Some((at, count)) if *at == now => *count += n,
            _ => self.written.push_back((now, n)),
        }
    }

    /// When something may be written again; `now` when it may at once.
    pub fn next_available(&mut self, now: Monotonic) -> Monotonic {
        self.forget(now);
        let mut next = now.max(self.quiet_until);
        if self.in_second >= self.rate {
            next = next.max(
                self.written
                    .front()
                    .map_or(now, |(at, _)| *at + Duration::from_secs(1)),
            );
        }
        if self.in_slice >= self.per_slice() {
            next = next.max(self.slice_start + SLICE);
        }
        next
    }

    pub fn written_last_second(&mut self, now: Monotonic) -> u32 {
        self.forget(now);
        self.in_second
    }

    fn per_slice(&self) -> u32 {
        self.rate.div_ceil(SLICES_PER_SECOND)
    }

    fn forget(&mut self, now: Monotonic) {
        while let Some((at, count)) = self.written.front() {
            if now - *at < Duration::from_secs(1) {
                break;
            }
            self.in_second -= count;
            self.written.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> Monotonic {
        Monotonic(Duration::from_millis(ms))
    }

    #[test]
    fn nothing_before_the_quiet_time_is_over() {
        let mut limiter = SlidingSecond::new(10, at(1_000));
        assert_eq!(limiter.available(at(999)), 0);
        assert_eq!(limiter.next_available(at(5)), at(1_000));
        assert_eq!(limiter.available(at(1_000)), 1);
    }

    #[test]
    fn a_slow_rate_is_reached() {
        let mut limiter = SlidingSecond::new(100, at(0));
        let mut written = 0;
        for ms in 0..10_000 {
            let n = limiter.available(at(ms));
            limiter.charge(at(ms), n);
            written += n;
        }
        assert_eq!(written, 1_000);
    }

    proptest! {
        /// RATE-1 for every sliding second, whatever is asked for and when.
        #[test]
        fn no_sliding_second_has_more_than_the_rate(
            rate in 1..3_000u32,
            asks in prop::collection::vec((0..60u64, 1..5_000u32), 1..300),
        ) {
            let mut limiter = SlidingSecond::new(rate, at(0));
            let mut now = 0;
            let mut writes: Vec<(u64, u32)> = Vec::new();
            for (pause, wanted) in asks {
                now += pause;
                let n = limiter.available(at(now)).min(wanted);
                if n == 0 {
                    let next = limiter.next_available(at(now));
                    prop_assert!(next > at(now));
                    continue;
                }
                limiter.charge(at(now), n);
                writes.push((now, n));
            }
            for (start, _) in &writes {
                let in_second: u32 =
                    writes.iter().filter(|(t, _)| (*start..start + 1_000).contains(t)).map(|(_, n)| n).sum();
                prop_assert!(in_second <= rate);
            }
        }

        /// Waiting until the named moment always helps.
        #[test]
        fn the_next_moment_is_true(rate in 1..2_000u32, start in 0..5_000u64) {
            let mut limiter = SlidingSecond::new(rate, at(0));
            let mut now = at(start);
            for _ in 0..200 {
                let n = limiter.available(now);
                if n > 0 {
                    limiter.charge(now, n);
                } else {
                    now = limiter.next_available(now);
                    prop_assert!(limiter.available(now) > 0);
                }
            }
        }
    }
}
