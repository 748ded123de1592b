//! Times as callers see them: UTC+8 everywhere.

use carillon_domain::time::UnixMs;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use std::time::{SystemTime, UNIX_EPOCH};

const UTC_PLUS_8: Offset = Offset::constant(8);
const DAY_S: u64 = 24 * 3600;

/// RFC 3339 with milliseconds, e.g. `2026-03-01T08:30:00.125+08:00`.
pub fn rfc3339(at: UnixMs) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map(|timestamp| {
            timestamp
                .to_zoned(TimeZone::fixed(UTC_PLUS_8))
                .strftime("%Y-%m-%dT%H:%M:%S%.3f%:z")
                .to_string()
        })
        .unwrap_or_default()
}

/// A moment written with its offset (RFC 3339); `None` for anything else, and for what lies before 1970.
pub fn parse_rfc3339(text: &str) -> Option<UnixMs> {
    let timestamp: Timestamp = text.parse().ok()?;
    u64::try_from(timestamp.as_millisecond()).ok().map(UnixMs)
}

/// The wall clock.
pub fn now() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs(since.as_millis() as u64)
}

/// Seconds until daily quotas are renewed.
pub fn seconds_to_midnight() -> u32 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    seconds_to_midnight_from(now)
}

fn seconds_to_midnight_from(unix_s: u64) -> u32 {
    (DAY_S - (unix_s + 8 * 3600) % DAY_S) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_plus_8() {
        assert_eq!(rfc3339(UnixMs(0)), "1970-01-01T08:00:00.000+08:00");
        assert_eq!(
            rfc3339(UnixMs(1_767_225_599_999)),
            "2026-01-01T07:59:59.999+08:00"
        );
        assert_eq!(
            rfc3339(UnixMs(u64::MAX)),
            "",
            "a time outside the calendar is left out"
        );
    }

    #[test]
    fn moments_are_read_with_their_offset() {
        for (text, ms) in [
            ("1970-01-01T08:00:00+08:00", Some(0)),
            ("2026-01-01T07:59:59.999+08:00", Some(1_767_225_599_999)),
            ("2025-12-31T23:59:59Z", Some(1_767_225_599_000)),
            ("1969-12-31T00:00:00Z", None),
            ("2026-01-01T08:00:00", None),
            ("2026-01-01", None),
            ("tomorrow", None),
            ("", None),
            ("99999-01-01T00:00:00Z", None),
        ] {
            assert_eq!(parse_rfc3339(text).map(|at| at.0), ms, "{text}");
        }
    }

    #[test]
    fn the_day_ends_at_16_00_utc() {
        assert_eq!(seconds_to_midnight_from(16 * 3600), DAY_S as u32);
        assert_eq!(seconds_to_midnight_from(16 * 3600 - 1), 1);
        assert_eq!(seconds_to_midnight_from(0), 16 * 3600);
    }
}
