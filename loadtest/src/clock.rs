//! The two clocks of a run: a monotonic one for what is due, and microseconds since the Unix epoch for what is recorded.

use compact_str::{CompactString, format_compact};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Reads the time once from the system clock and from then on only from the monotonic one, so that recorded times are
/// in the order of the events also when the system clock is set.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    start_unix_us: u64,
}

impl Clock {
    pub fn start() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock {
            start: Instant::now(),
            start_unix_us: unix.as_micros() as u64,
        }
    }

    /// Now, in microseconds since the Unix epoch.
    pub fn unix_us(&self) -> u64 {
        self.start_unix_us + self.start.elapsed().as_micros() as u64
    }

    /// Milliseconds since the clock was started.
    pub fn millis(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    /// The instant at which [`Clock::millis`] will be `millis`.
    pub fn instant(&self, millis: u64) -> Instant {
        self.start + Duration::from_millis(millis)
    }

    /// The Unix microseconds at which [`Clock::millis`] was or will be `millis`.
    pub fn unix_us_at(&self, millis: u64) -> u64 {
        self.start_unix_us + millis * 1_000
    }
}

/// Calendar fields of a Unix time in UTC+8, the time zone of Chinese carriers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

impl LocalTime {
    pub fn of(unix_s: u64) -> Self {
        let local = unix_s + 8 * 3_600;
        let (days, rest) = (local / 86_400, local % 86_400);
        // Days are counted from 0000-03-01, so that a leap day is the last of its year (civil-from-days).
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        LocalTime {
            year: (era * 400 + year_of_era + u64::from(month <= 2)) as u16,
            month: month as u8,
            day: (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8,
            hour: (rest / 3_600) as u8,
            minute: (rest / 60 % 60) as u8,
            second: (rest % 60) as u8,
        }
    }

    /// `YYMMDDHHMM`, the form of times in receipts (CMPP 2.0 §7.4.5, SMPP 3.4 appendix B).
    pub fn receipt_form(self) -> CompactString {
        format_compact!(
            "{:02}{:02}{:02}{:02}{:02}",
            self.year % 100,
            self.month,
            self.day,
            self.hour,
            self.minute
        )
    }

    /// `MMDDHHMMSS` as a number, the timestamp of a CMPP CONNECT (CMPP 2.0 §7.4.1.1).
    pub fn connect_timestamp(self) -> u32 {
        [self.day, self.hour, self.minute, self.second]
            .iter()
            .fold(u32::from(self.month), |number, field| {
                number * 100 + u32::from(*field)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_fields_are_those_of_utc_plus_8() {
        let cases = [
            (0, "7001010800"),
            (951_753_600, "0002290000"),
            (1_709_222_340, "2402292359"),
            (1_767_196_799, "2512312359"),
            (1_767_196_800, "2601010000"),
        ];
        for (unix_s, expected) in cases {
            assert_eq!(LocalTime::of(unix_s).receipt_form(), expected, "{unix_s}");
        }
        assert_eq!(LocalTime::of(1_709_222_340).connect_timestamp(), 229_235_900);
    }
}
