//! Moments as people in China read them (UTC+8), from Unix milliseconds. No clock is read here.

use crate::text::{fill, find};
use carillon_domain::beijing::{Moment, days_since_1970};

const DAY_MS: i64 = 86_400_000;
const OFFSET_MS: i64 = 8 * 3_600_000;

/// As [`Moment::of`].
pub fn moment(unix_ms: i64) -> Moment {
    Moment::of(u64::try_from(unix_ms).unwrap_or(0))
}

/// `2026-03-01T10:41`, as date fields of a browser have it.
pub fn field(unix_ms: i64) -> String {
    let moment = moment(unix_ms);
    format!("{}T{}", moment.date(), moment.minute_text())
}

/// `11月24日 周二 10:41`
pub fn headline(unix_ms: i64) -> String {
    let moment = moment(unix_ms);
    let weekday = find(&format!("weekday.{}", moment.weekday)).unwrap_or_default();
    fill(
        "time.headline",
        &[
            ("month", &moment.month),
            ("day", &moment.day),
            ("weekday", &weekday),
            ("time", &moment.minute_text()),
        ],
    )
}

/// Midnight (UTC+8) of the day that holds the moment.
pub fn day_start(unix_ms: i64) -> i64 {
    let local = unix_ms.saturating_add(OFFSET_MS);
    local - local.rem_euclid(DAY_MS) - OFFSET_MS
}

/// As short as it can be said now: today's time, yesterday's, else the date; days of another year with the year.
pub fn short(unix_ms: i64, now_ms: i64) -> String {
    let moment = moment(unix_ms);
    let days = (day_start(now_ms) - day_start(unix_ms)) / DAY_MS;
    let minute = moment.minute_text();
    match days {
        0 => moment.time(),
        1 => fill("time.yesterday", &[("time", &minute)]),
        -1 => fill("time.tomorrow", &[("time", &minute)]),
        _ if moment.year == self::moment(now_ms).year => {
            format!("{:02}-{:02} {minute}", moment.month, moment.day)
        }
        _ => moment.date(),
    }
}

/// As [`short`], to the minute.
pub fn short_minute(unix_ms: i64, now_ms: i64) -> String {
    let text = short(unix_ms, now_ms);
    if day_start(unix_ms) == day_start(now_ms) {
        text[..5].to_owned()
    } else {
        text
    }
}

/// How long something took or lasts: `15 毫秒`, `2.71 秒`, `1 分 55 秒`, `3 小时 12 分`, `2 天 4 小时`.
pub fn duration(ms: i64) -> String {
    let ms = ms.max(0);
    let two = |key, a: i64, b: i64| fill(key, &[("a", &a), ("b", &b)]);
    match ms {
        0..1_000 => fill("time.ms", &[("n", &ms)]),
        1_000..60_000 => {
            let hundredths = ms / 10;
            let seconds = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            let seconds = seconds.trim_end_matches('0').trim_end_matches('.');
            fill("time.s", &[("n", &seconds)])
        }
        60_000..3_600_000 => two("time.min_s", ms / 60_000, ms / 1_000 % 60),
        3_600_000..DAY_MS => two("time.h_min", ms / 3_600_000, ms / 60_000 % 60),
        _ => two("time.d_h", ms / DAY_MS, ms % DAY_MS / 3_600_000),
    }
}

/// The same in whole seconds, for what is counted while one looks at it.
pub fn duration_s(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX / 1_000);
    match seconds {
        0..60 => fill("time.s", &[("n", &seconds)]),
        _ => duration(seconds * 1_000),
    }
}

/// The moment of an RFC 3339 text, as the server writes them. `None` for anything else.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let days = parse_date(date)?;
    let (time, offset) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, offset) = match offset.strip_prefix('.') {
        None => ("", offset),
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
    };
    let ms = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
    let offset = match offset {
        "Z" => 0,
        _ => {
            let sign = match offset.get(..1)? {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            let [hours, minutes] = numbers(offset.get(1..)?, ':', [2, 2])?;
            sign * (hours * 60 + minutes)
        }
    };
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset * 60;
    Some(seconds * 1_000 + ms)
}

/// The moment of a date field (`2026-03-01T10:41`, in UTC+8) of a browser.
pub fn parse_field(text: &str) -> Option<i64> {
    parse_rfc3339(&format!("{text}:00+08:00"))
}

/// As the API takes it.
pub fn rfc3339(unix_ms: i64) -> String {
    let moment = moment(unix_ms);
    format!("{}T{}+08:00", moment.date(), moment.time_ms())
}

fn parse_date(text: &str) -> Option<i64> {
    let [year, month, day] = numbers(text, '-', [4, 2, 2])?;
    let days = days_since_1970(
        u64::try_from(year).ok()?,
        u64::try_from(month).ok()?,
        u64::try_from(day).ok()?,
    );
    i64::try_from(days?).ok()
}

fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut found = [0; N];
    for (place, digits) in found.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *place = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOMENT: i64 = 1_795_000_880_114;

    #[test]
    fn a_moment_is_read_in_beijing() {
        assert_eq!(rfc3339(MOMENT), "2026-11-18T19:21:20.114+08:00");
        assert_eq!(headline(MOMENT), "11月18日 周三 19:21");
        assert_eq!(field(0), "1970-01-01T08:00");
        assert_eq!(day_start(0), -OFFSET_MS);
    }

    #[test]
    fn moments_are_said_as_shortly_as_they_can() {
        let hours = |h: i64| MOMENT + h * 3_600_000;
        for (moment, said) in [
            (MOMENT, "19:21:20"),
            (hours(-20), "昨日 23:21"),
            (hours(24), "明日 19:21"),
            (hours(-72), "11-15 19:21"),
            (hours(-24 * 400), "2025-10-14"),
        ] {
            assert_eq!(short(moment, MOMENT), said);
        }
        assert_eq!(short_minute(MOMENT, MOMENT), "19:21");
        assert_eq!(short_minute(hours(24), MOMENT), "明日 19:21");
    }

    #[test]
    fn durations_have_two_units_at_most() {
        for (ms, said) in [
            (-5, "0 毫秒"),
            (15, "15 毫秒"),
            (2_714, "2.71 秒"),
            (3_000, "3 秒"),
            (115_000, "1 分 55 秒"),
            (11_520_000, "3 小时 12 分"),
            (187_200_000, "2 天 4 小时"),
        ] {
            assert_eq!(duration(ms), said);
        }
        assert_eq!(
            (duration_s(41).as_str(), duration_s(95).as_str()),
            ("41 秒", "1 分 35 秒")
        );
        assert_eq!(duration_s(u64::MAX).chars().last(), Some('时'));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "2026-03-01",
            "2026-02-30T00:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T10:00:00",
            "2026-03-01T10:00:00.Zx",
            "2026-03-01T10:00:00+8:00",
            "２０２６-03-01T10:00:00Z",
            "2026-03-01T10:00:00.123",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
        assert_eq!(parse_rfc3339("1970-01-01T08:00:00.5+08:00"), Some(500));
        assert_eq!(parse_field("1970-01-01T08:01"), Some(60_000));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 0i64..250_000_000_000_000) {
            prop_assert_eq!(parse_rfc3339(&rfc3339(ms)), Some(ms));
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,40}") {
            let _ = parse_rfc3339(&text);
            let _ = parse_field(&text);
        }
    }
}
