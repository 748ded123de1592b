//! Daily quotas: segments per calendar day of UTC+8 (SEND-10).

use crate::time::UnixMs;
use serde::{Deserialize, Serialize};

/// A calendar day of UTC+8, counted from 1970-01-01. China has no summer time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub u32);

const OFFSET_MS: u64 = 8 * 3_600_000;
const DAY_MS: u64 = 86_400_000;

impl Day {
    pub fn of(at: UnixMs) -> Day {
        Day(u32::try_from(at.0.saturating_add(OFFSET_MS) / DAY_MS).unwrap_or(u32::MAX))
    }

    /// The moment the day begins: midnight in UTC+8.
    pub fn start(self) -> UnixMs {
        UnixMs((u64::from(self.0) * DAY_MS).saturating_sub(OFFSET_MS))
    }
}

/// What was taken on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyCount {
    day: Day,
    used: u64,
}

/// Taking so much would go over the quota; nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the daily quota of {quota} segments has {left} left")]
pub struct QuotaExceeded {
    pub quota: u64,
    pub left: u64,
}

impl DailyCount {
    /// Takes `segments` on `today`, all or none. `quota` of `None` is without limit; what is taken then counts all the same,
    /// should a quota be set later in the day.
    pub fn take(&mut self, today: Day, segments: u64, quota: Option<u64>) -> Result<(), QuotaExceeded> {
        self.turn(today);
        let used = self.used.saturating_add(segments);
        if let Some(quota) = quota
            && used > quota
        {
            return Err(QuotaExceeded {
                quota,
                left: quota.saturating_sub(self.used),
            });
        }
        self.used = used;
        Ok(())
    }

    /// Gives back what was taken on `taken`. Of another day nothing is given back: its quota is gone with it.
    pub fn give_back(&mut self, taken: Day, segments: u64) {
        if taken == self.day {
            self.used = self.used.saturating_sub(segments);
        }
    }

    /// Segments taken on `today`.
    pub fn used(&self, today: Day) -> u64 {
        if today == self.day { self.used } else { 0 }
    }

    /// A clock that steps back over midnight stays on the later day: a quota is not renewed twice.
    fn turn(&mut self, today: Day) {
        if today > self.day {
            *self = DailyCount { day: today, used: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_turn_at_midnight_in_utc_plus_8() {
        let midnight = 1_767_196_800_000; // 2026-01-01T00:00:00+08:00
        let day = Day::of(UnixMs(midnight));
        assert_eq!(day, Day(20_454));
        assert_eq!(day.start(), UnixMs(midnight));
        assert_eq!(Day::of(UnixMs(midnight - 1)), Day(day.0 - 1));
        assert_eq!(Day::of(UnixMs(midnight + 86_399_999)), day);
        assert_eq!(Day::of(UnixMs(0)), Day(0));
        assert_eq!(Day(0).start(), UnixMs(0));
        let _ = (Day::of(UnixMs(u64::MAX)), Day(u32::MAX).start());
    }

    #[test]
    fn a_quota_is_all_or_none_and_renewed_daily() {
        let mut count = DailyCount::default();
        let (monday, tuesday) = (Day(100), Day(101));
        assert_eq!(count.take(monday, 8, Some(10)), Ok(()));
        assert_eq!(
            count.take(monday, 3, Some(10)),
            Err(QuotaExceeded { quota: 10, left: 2 })
        );
        assert_eq!(count.take(monday, 2, Some(10)), Ok(()));
        count.give_back(monday, 1);
        assert_eq!(count.used(monday), 9);
        assert_eq!(count.take(tuesday, 10, Some(10)), Ok(()));
        count.give_back(monday, 1);
        assert_eq!((count.used(monday), count.used(tuesday)), (0, 10));
        assert_eq!(
            count.take(monday, 1, Some(10)),
            Err(QuotaExceeded { quota: 10, left: 0 })
        );
        assert_eq!(count.take(tuesday, u64::MAX, None), Ok(()));
        assert_eq!(
            count.take(tuesday, 1, Some(10)),
            Err(QuotaExceeded { quota: 10, left: 0 })
        );
    }

    proptest! {
        #[test]
        fn no_day_gives_more_than_its_quota(
            quota in 0u64..50,
            steps in prop::collection::vec((0u32..4, 0u64..20, any::<bool>()), 0..60),
        ) {
            let mut count = DailyCount::default();
            let mut taken = [0u64; 4];
            for (day, segments, give_back) in steps {
                if give_back {
                    let segments = segments.min(taken[day as usize]);
                    count.give_back(Day(day), segments);
                    taken[day as usize] -= segments;
                } else if count.take(Day(day), segments, Some(quota)).is_ok() {
                    // A step back in time takes from the later day.
                    taken[count.day.0 as usize] += segments;
                }
                prop_assert!(taken.iter().all(|taken| *taken <= quota));
                prop_assert_eq!(count.used(count.day), taken[count.day.0 as usize]);
            }
        }
    }
}
