//! A time-of-day window: quiet hours, sending windows.

use crate::time::UnixMs;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
const DAY_MINUTES: u16 = 24 * 60;
/// China has one time zone and no summer time.
const OFFSET_MS: u64 = 8 * 60 * MINUTE_MS;

/// From one minute of the day (UTC+8) to another, the second one not included. May reach over midnight. Written `08:00-20:00`;
/// `24:00` may stand for the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DayWindow {
    from: u16,
    until: u16,
}

/// Text that is not a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a window is written like `08:00-20:00`, and its ends differ")]
pub struct InvalidWindow;

impl DayWindow {
    /// From and until in minutes since midnight.
    pub fn new(from: u16, until: u16) -> Result<Self, InvalidWindow> {
        if from >= DAY_MINUTES || until > DAY_MINUTES || from == until % DAY_MINUTES {
            return Err(InvalidWindow);
        }
        let until = until % DAY_MINUTES;
        Ok(DayWindow { from, until })
    }

    /// Whether the moment lies inside.
    pub fn contains(self, at: UnixMs) -> bool {
        let minute = minute_of_day(at);
        if self.from < self.until {
            (self.from..self.until).contains(&minute)
        } else {
            minute >= self.from || minute < self.until
        }
    }

    /// The next moment at which the window opens; `at` itself when it is open.
    pub fn next_inside(self, at: UnixMs) -> UnixMs {
        if self.contains(at) {
            at
        } else {
            next_minute(at, self.from)
        }
    }

    /// The next moment outside of the window; `at` itself when it is outside.
    pub fn next_outside(self, at: UnixMs) -> UnixMs {
        if self.contains(at) {
            next_minute(at, self.until)
        } else {
            at
        }
    }
}

fn minute_of_day(at: UnixMs) -> u16 {
    ((at.0.saturating_add(OFFSET_MS) % DAY_MS) / MINUTE_MS) as u16
}

/// The next time the clock shows this minute, after `at`.
fn next_minute(at: UnixMs, minute: u16) -> UnixMs {
    let of_day = at.0.saturating_add(OFFSET_MS) % DAY_MS;
    let wanted = u64::from(minute) * MINUTE_MS;
    let wait = (wanted + DAY_MS - of_day) % DAY_MS;
    at + Duration::from_millis(if wait == 0 { DAY_MS } else { wait })
}

impl fmt::Display for DayWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = if self.until == 0 { DAY_MINUTES } else { self.until };
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            self.from / 60,
            self.from % 60,
            until / 60,
            until % 60
        )
    }
}

impl FromStr for DayWindow {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, InvalidWindow> {
        let (from, until) = text.split_once('-').ok_or(InvalidWindow)?;
        DayWindow::new(minute(from)?, minute(until)?)
    }
}

fn minute(text: &str) -> Result<u16, InvalidWindow> {
    let (hour, minute) = text.trim().split_once(':').ok_or(InvalidWindow)?;
    let two_digits = |part: &str| match part.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Ok(u16::from(tens - b'0') * 10 + u16::from(ones - b'0')),
        _ => Err(InvalidWindow),
    };
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    if hour > 24 || minute > 59 || hour == 24 && minute > 0 {
        return Err(InvalidWindow);
    }
    Ok(hour * 60 + minute)
}

impl Serialize for DayWindow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DayWindow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = compact_str::CompactString::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-01-01T00:00:00+08:00
    const MIDNIGHT: u64 = 1_767_196_800_000;

    fn at(hour: u64, minute: u64) -> UnixMs {
        UnixMs(MIDNIGHT + (hour * 60 + minute) * MINUTE_MS)
    }

    #[test]
    fn written_forms() {
        for text in [
            "08:00-20:00",
            "22:00-07:30",
            "00:00-24:00",
            "12:00-24:00",
            "00:00-00:01",
        ] {
            let parsed: Result<DayWindow, _> = text.parse();
            match text {
                // A whole day is no window.
                "00:00-24:00" => assert_eq!(parsed, Err(InvalidWindow)),
                _ => assert_eq!(parsed.map(|window| window.to_string()).as_deref(), Ok(text)),
            }
        }
        for text in [
            "",
            "8:00-20:00",
            "08:00",
            "08:00-08:00",
            "24:01-25:00",
            "08:60-09:00",
            "24:00-08:00",
            "a-b",
            "０8:00-09:00",
        ] {
            assert_eq!(text.parse::<DayWindow>(), Err(InvalidWindow), "{text}");
        }
    }

    #[test]
    fn inside_and_outside() {
        let day: DayWindow = "08:00-20:00".parse().unwrap();
        let night: DayWindow = "22:00-07:00".parse().unwrap();
        for (window, hour, minute, inside) in [
            (day, 7, 59, false),
            (day, 8, 0, true),
            (day, 19, 59, true),
            (day, 20, 0, false),
            (night, 21, 59, false),
            (night, 22, 0, true),
            (night, 3, 0, true),
            (night, 7, 0, false),
        ] {
            assert_eq!(
                window.contains(at(hour, minute)),
                inside,
                "{window} {hour}:{minute}"
            );
        }
        assert_eq!(day.next_inside(at(20, 0)), at(32, 0));
        assert_eq!(day.next_inside(at(9, 0)), at(9, 0));
        assert_eq!(night.next_outside(at(23, 30)), at(31, 0));
    }

    proptest! {
        #[test]
        fn the_next_moment_is_where_it_should_be(from in 0..1440u16, until in 1..1440u16, ms in 0..10 * DAY_MS) {
            let Ok(window) = DayWindow::new(from, until) else { return Ok(()) };
            let now = UnixMs(MIDNIGHT + ms);
            let (inside, outside) = (window.next_inside(now), window.next_outside(now));
            prop_assert!(window.contains(inside) && !window.contains(outside));
            prop_assert!(inside >= now && outside >= now && inside.0 - now.0 <= DAY_MS && outside.0 - now.0 <= DAY_MS);
            prop_assert_eq!(window.to_string().parse::<DayWindow>(), Ok(window));
        }
    }
}
