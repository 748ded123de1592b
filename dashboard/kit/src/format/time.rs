//! Times of day. Everything is told in Beijing time (UTC+8), as are the server's days, wherever the screen hangs.

use crate::text::{fill, find};

const OFFSET_MS: u64 = 8 * 3_600_000;
const DAY_MS: u64 = 86_400_000;

/// A moment in Beijing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub month: u64,
    pub day: u64,
    /// 0 is Monday.
    pub weekday: u64,
    pub hour: u64,
    pub minute: u64,
    pub second: u64,
}

impl Moment {
    /// From Unix milliseconds.
    pub fn of(unix_ms: u64) -> Self {
        let local = unix_ms.saturating_add(OFFSET_MS);
        let (days, in_day) = (local / DAY_MS, local % DAY_MS / 1000);
        let (month, day) = month_and_day(days);
        Self {
            month,
            day,
            // 1 January 1970 was a Thursday.
            weekday: (days + 3) % 7,
            hour: in_day / 3600,
            minute: in_day / 60 % 60,
            second: in_day % 60,
        }
    }

    /// `10:24`.
    pub fn minute_text(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// `11月24日 周二`.
    pub fn date_text(self) -> String {
        let weekday = find(&format!("weekday.{}", self.weekday)).unwrap_or_default();
        fill(
            "date",
            &[("month", &self.month), ("day", &self.day), ("weekday", &weekday)],
        )
    }
}

/// `10:24:36`.
pub fn clock(unix_ms: u64) -> String {
    let at = Moment::of(unix_ms);
    format!("{:02}:{:02}:{:02}", at.hour, at.minute, at.second)
}

/// By the rule that 400 years have 146,097 days, counted in years that begin in March.
fn month_and_day(days_since_1970: u64) -> (u64, u64) {
    const DAYS_FROM_YEAR_0: u64 = 719_468;
    let in_era = (days_since_1970 + DAYS_FROM_YEAR_0) % 146_097;
    let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month_from_march + 2) / 5 + 1;
    (
        if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        },
        day,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_in_beijing() {
        for (unix_ms, month, day, weekday, text) in [
            (0, 1, 1, 3, "08:00:00"),
            (1_709_164_799_000, 2, 29, 3, "07:59:59"),
            (1_767_196_799_000, 12, 31, 2, "23:59:59"),
            (1_767_196_800_000, 1, 1, 3, "00:00:00"),
            (1_795_487_076_500, 11, 24, 1, "10:24:36"),
        ] {
            let at = Moment::of(unix_ms);
            assert_eq!(
                (at.month, at.day, at.weekday, clock(unix_ms).as_str()),
                (month, day, weekday, text),
                "{unix_ms}"
            );
        }
        assert_eq!(Moment::of(1_795_487_076_500).minute_text(), "10:24");
        Moment::of(u64::MAX);
    }
}
