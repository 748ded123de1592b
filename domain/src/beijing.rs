//! The calendar and the time of day in Beijing (UTC+8), in which days begin and everything is told. No clock is read here.

const DAY_MS: u64 = 86_400_000;
const OFFSET_MS: u64 = 8 * 3_600_000;
/// Days from the first of March of the year 0 to 1970.
const DAYS_BEFORE_1970: u64 = 719_468;
const DAYS_IN_400_YEARS: u64 = 146_097;

/// A moment in Beijing, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub year: u64,
    pub month: u64,
    pub day: u64,
    /// 0 is Monday.
    pub weekday: u64,
    pub hour: u64,
    pub minute: u64,
    pub second: u64,
    pub ms: u64,
}

impl Moment {
    /// From Unix milliseconds.
    pub fn of(unix_ms: u64) -> Self {
        let local = unix_ms.saturating_add(OFFSET_MS);
        let (days, in_day) = (local / DAY_MS, local % DAY_MS);
        let (year, month, day) = date_of(days);
        Moment {
            year,
            month,
            day,
            // 1 January 1970 was a Thursday.
            weekday: (days + 3) % 7,
            hour: in_day / 3_600_000,
            minute: in_day / 60_000 % 60,
            second: in_day / 1_000 % 60,
            ms: in_day % 1_000,
        }
    }

    /// `2026-03-01`
    pub fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `10:41`
    pub fn minute_text(&self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// `10:41:20`
    pub fn time(&self) -> String {
        format!("{}:{:02}", self.minute_text(), self.second)
    }

    /// `10:41:20.114`
    pub fn time_ms(&self) -> String {
        format!("{}.{:03}", self.time(), self.ms)
    }
}

/// The days from 1970-01-01 to a date; `None` for what is no date, and for earlier ones.
pub fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year > 9_999 {
        return None;
    }
    // Years begin in March here, so that the leap day is their last.
    let year_of_march = year.checked_sub(u64::from(month <= 2))?;
    let (era, year_of_era) = (year_of_march / 400, year_of_march % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * DAYS_IN_400_YEARS + day_of_era).checked_sub(DAYS_BEFORE_1970)?;
    (date_of(days) == (year, month, day)).then_some(days)
}

/// Year, month and day, by the rule that 400 years have 146,097 days.
fn date_of(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + DAYS_BEFORE_1970;
    let (era, in_era) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn moments_are_told_in_beijing() {
        for (unix_ms, date, weekday, time) in [
            (0, "1970-01-01", 3, "08:00:00.000"),
            (1_709_164_799_000, "2024-02-29", 3, "07:59:59.000"),
            (1_767_196_799_999, "2025-12-31", 2, "23:59:59.999"),
            (1_767_196_800_000, "2026-01-01", 3, "00:00:00.000"),
            (1_795_000_880_114, "2026-11-18", 2, "19:21:20.114"),
        ] {
            let at = Moment::of(unix_ms);
            assert_eq!(
                (at.date().as_str(), at.weekday, at.time_ms().as_str()),
                (date, weekday, time),
                "{unix_ms}"
            );
        }
        assert_eq!(Moment::of(1_795_000_880_114).minute_text(), "19:21");
        Moment::of(u64::MAX);
    }

    #[test]
    fn what_is_no_date_has_no_days() {
        for (year, month, day) in [
            (2026, 2, 29),
            (2026, 2, 30),
            (2100, 2, 29),
            (2026, 0, 1),
            (2026, 13, 1),
            (2026, 4, 31),
            (2026, 1, 0),
            (2026, 1, u64::MAX),
            (1969, 12, 31),
            (0, 1, 1),
            (u64::MAX, 1, 1),
        ] {
            assert_eq!(days_since_1970(year, month, day), None, "{year}-{month}-{day}");
        }
        assert_eq!(days_since_1970(1970, 1, 1), Some(0));
        assert_eq!(days_since_1970(2000, 2, 29), Some(11_016));
    }

    proptest! {
        #[test]
        fn every_day_has_a_date_of_its_own(days in 0..2_900_000u64) {
            let (year, month, day) = date_of(days);
            prop_assert_eq!(days_since_1970(year, month, day), Some(days));
            prop_assert!(date_of(days + 1) > (year, month, day));
        }
    }
}
