use carillon_domain::time::{Monotonic, Now};
use std::time::Duration;

/// By how much the wall clock and the monotonic clock may drift apart unnoticed within [`COMPARED_OVER`]: adjustments in small
/// steps are no jump.
const JUMP_MIN: Duration = Duration::from_secs(5);
const COMPARED_OVER: Duration = Duration::from_secs(60);

/// How long both clocks must agree after a jump before plan timers go on.
pub const AGREE_FOR: Duration = Duration::from_secs(60);

/// Compares the wall clock with the monotonic one. Stored times are by the wall clock: after it jumped, plan timers are held
/// until both agree again, or an operator says that the new time is right.
#[derive(Debug, Default)]
pub struct ClockGuard {
    /// What both clocks showed at the start of the comparison.
    since: Option<Now>,
    held: Option<Held>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    by_ms: i64,
    until: Monotonic,
}

/// Whether the clocks can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockStatus {
    Steady,
    /// The wall clock jumped by so much in all; plan timers are held for so long, if it does not jump again.
    Held {
        by_ms: i64,
        for_s: u32,
    },
}

/// The wall clock jumped by so many milliseconds against the monotonic one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    pub by_ms: i64,
}

impl ClockGuard {
    /// Takes in what the clocks show; to be called before every event that rests on their agreement.
    pub fn observe(&mut self, now: Now) -> Option<Jump> {
        let Some(since) = self.since else {
            self.since = Some(now);
            return None;
        };
        let passed = now.monotonic - since.monotonic;
        let by_ms = now.unix.0 as i64 - since.unix.0 as i64 - passed.as_millis() as i64;
        if self.held.is_some_and(|held| now.monotonic >= held.until) {
            self.held = None;
        }
        let jumped = by_ms.unsigned_abs() > JUMP_MIN.as_millis() as u64;
        if jumped || passed >= COMPARED_OVER {
            self.since = Some(now);
        }
        if !jumped {
            return None;
        }
        let before = self.held.map_or(0, |held| held.by_ms);
        self.held = Some(Held {
            by_ms: before + by_ms,
            until: now.monotonic + AGREE_FOR,
        });
        Some(Jump { by_ms })
    }

    /// An operator says that the wall clock is right now.
    pub fn confirm(&mut self) {
        self.held = None;
    }

    /// How much longer plan timers are held.
    pub fn hold_left(&self, now: Monotonic) -> Duration {
        self.held.map_or(Duration::ZERO, |held| held.until - now)
    }

    pub fn status(&self, now: Monotonic) -> ClockStatus {
        match self.held.filter(|held| held.until > now) {
            Some(held) => ClockStatus::Held {
                by_ms: held.by_ms,
                for_s: (held.until - now).as_secs() as u32,
            },
            None => ClockStatus::Steady,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::time::UnixMs;
    use proptest::prelude::*;

    const START: u64 = 1_767_196_800_000;

    /// Both clocks after so many milliseconds, the wall clock ahead by `ahead_ms`.
    fn at(ms: u64, ahead_ms: i64) -> Now {
        Now {
            unix: UnixMs((START + ms).saturating_add_signed(ahead_ms)),
            monotonic: Monotonic(Duration::from_millis(ms)),
        }
    }

    #[test]
    fn a_jump_holds_until_both_agree_for_a_minute() {
        for by_ms in [7_200_000, -7_200_000, 5_001, -5_001] {
            let mut guard = ClockGuard::default();
            assert_eq!(guard.observe(at(0, 0)), None);
            assert_eq!(guard.observe(at(100, 0)), None);
            assert_eq!(guard.observe(at(200, by_ms)), Some(Jump { by_ms }));
            assert_eq!(guard.observe(at(300, by_ms)), None, "told once");
            let now = Monotonic(Duration::from_millis(10_200));
            assert_eq!(guard.status(now), ClockStatus::Held { by_ms, for_s: 50 });
            assert_eq!(guard.hold_left(now), Duration::from_secs(50));
            for tick in 3..=602 {
                assert_eq!(guard.observe(at(tick * 100, by_ms)), None);
            }
            let now = Monotonic(Duration::from_millis(60_200));
            assert_eq!(
                (guard.status(now), guard.hold_left(now)),
                (ClockStatus::Steady, Duration::ZERO)
            );
        }
    }

    #[test]
    fn another_jump_begins_the_minute_again_and_an_operator_ends_it() {
        let mut guard = ClockGuard::default();
        guard.observe(at(0, 0));
        guard.observe(at(100, 60_000));
        assert_eq!(guard.observe(at(40_000, 0)), Some(Jump { by_ms: -60_000 }));
        let now = Monotonic(Duration::from_secs(70));
        assert_eq!(guard.status(now), ClockStatus::Held { by_ms: 0, for_s: 30 });
        guard.confirm();
        assert_eq!(guard.status(now), ClockStatus::Steady);
        assert_eq!(guard.observe(at(70_100, 0)), None);
    }

    #[test]
    fn a_clock_that_runs_a_little_fast_has_not_jumped() {
        let mut guard = ClockGuard::default();
        // 500 ppm, the most that a clock is slewed by, for a day.
        for second in 0..86_400 {
            assert_eq!(guard.observe(at(second * 1_000, second as i64 / 2)), None);
        }
    }

    proptest! {
        /// However it jumps: what was told adds up to what the wall clock is ahead, but for what is too little to tell.
        #[test]
        fn every_jump_is_told(steps in prop::collection::vec((1..2_000u64, -20_000..20_000i64), 1..100)) {
            let mut guard = ClockGuard::default();
            guard.observe(at(0, 0));
            let (mut ms, mut ahead, mut told) = (0, 0, 0);
            let mut small = 0;
            for (pause, by_ms) in steps {
                ms += pause;
                ahead += by_ms;
                match guard.observe(at(ms, ahead)) {
                    Some(jump) => told += jump.by_ms,
                    None => small += 1,
                }
                prop_assert!((ahead - told).abs() <= 5_000 * (small + 1));
            }
        }
    }
}
