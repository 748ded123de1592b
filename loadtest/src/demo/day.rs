use carillon_domain::time::UnixMs;
use std::time::Duration;

const HOUR_MS: u64 = 3_600_000;
pub(super) const DAY_MS: u64 = 24 * HOUR_MS;
/// UTC+8.
const OFFSET_MS: u64 = 8 * HOUR_MS;
/// The first of January 1970 was a Thursday.
const DAYS_SINCE_MONDAY: u64 = 3;

/// Of the busiest hour, at the beginning of each hour of a working day. Outpatients come in the morning; somebody is awake in
/// a hospital at every hour.
const HOURS: [f64; 24] = [
    0.12, 0.10, 0.10, 0.10, 0.10, 0.11, 0.18, 0.45, 0.88, 1.0, 0.92, 0.70, 0.42, 0.50, 0.74, 0.72, 0.60,
    0.40, 0.28, 0.24, 0.20, 0.16, 0.12, 0.10,
];
/// Most departments see no outpatients.
const WEEKEND: f64 = 0.4;

/// How busy the hospital is at a moment: 1 in the busiest hour of a working day (UTC+8).
pub fn share_of_peak(at: UnixMs) -> f64 {
    let local = at.0.saturating_add(OFFSET_MS);
    let into_the_day = local % DAY_MS;
    let hour = (into_the_day / HOUR_MS) as usize % HOURS.len();
    let between = (into_the_day % HOUR_MS) as f64 / HOUR_MS as f64;
    let share = HOURS[hour] * (1.0 - between) + HOURS[(hour + 1) % HOURS.len()] * between;
    share * if weekday(at) >= 5 { WEEKEND } else { 1.0 }
}

/// Counts from Monday, which is 0.
fn weekday(at: UnixMs) -> u64 {
    (at.0.saturating_add(OFFSET_MS) / DAY_MS + DAYS_SINCE_MONDAY) % 7
}

/// The midnight (UTC+8) before a moment.
pub(super) fn midnight(at: UnixMs) -> UnixMs {
    let into_the_day = at.0.saturating_add(OFFSET_MS) % DAY_MS;
    UnixMs(at.0.saturating_sub(into_the_day))
}

/// The hospital's clock: the real one, or one that is faster.
#[derive(Clone, Copy, Debug)]
pub struct DemoClock {
    begin: UnixMs,
    speed: f64,
}

impl DemoClock {
    /// Begins at `begin` and goes as fast as the real one.
    pub fn real(begin: UnixMs) -> Self {
        DemoClock { begin, speed: 1.0 }
    }

    /// The last Monday before `now` from midnight on, which passes in `length`.
    pub fn day_in(length: Duration, now: UnixMs) -> Self {
        let today = midnight(now);
        let begin = UnixMs(today.0.saturating_sub(weekday(today) * DAY_MS));
        DemoClock {
            begin,
            speed: DAY_MS as f64 / 1e3 / length.as_secs_f64().max(1e-3),
        }
    }

    /// What it shows so long after it was started.
    pub fn at(&self, elapsed: Duration) -> UnixMs {
        UnixMs(
            self.begin
                .0
                .saturating_add((elapsed.as_secs_f64() * 1e3 * self.speed) as u64),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: u64 = 4 * DAY_MS - OFFSET_MS;

    fn share(day: u64, hour: u64) -> f64 {
        share_of_peak(UnixMs(MONDAY + day * DAY_MS + hour * HOUR_MS))
    }

    #[test]
    fn mornings_are_busy_and_weekends_calm() {
        assert_eq!(share(0, 9), 1.0);
        assert_eq!(share(4, 9), 1.0);
        assert_eq!(share(5, 9), WEEKEND);
        assert_eq!(share(6, 9), WEEKEND);
        assert_eq!(share(7, 9), 1.0);
        assert!(share(0, 3) < 0.2);
        let between = share_of_peak(UnixMs(MONDAY + 8 * HOUR_MS + HOUR_MS / 2));
        assert!(share(0, 8) < between && between < share(0, 9));
    }

    #[test]
    fn a_day_passes_as_fast_as_it_was_asked_to() {
        let clock = DemoClock::day_in(Duration::from_secs(24), UnixMs(MONDAY + 7 * DAY_MS - 1));
        assert_eq!(clock.at(Duration::ZERO), UnixMs(MONDAY));
        assert_eq!(clock.at(Duration::from_secs(9)), UnixMs(MONDAY + 9 * HOUR_MS));
        assert_eq!(midnight(UnixMs(MONDAY + DAY_MS - 1)), UnixMs(MONDAY));
        let real = DemoClock::real(UnixMs(7));
        assert_eq!(real.at(Duration::from_millis(5)), UnixMs(12));
    }
}
