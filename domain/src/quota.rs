//! The day that daily quotas count in (SEND-10).

use crate::time::UnixMs;

/// The calendar day of UTC+8, counted from 1970-01-01. China has no summer time.
pub fn day_utc8(at: UnixMs) -> u32 {
    const OFFSET_MS: u64 = 8 * 3_600_000;
    const DAY_MS: u64 = 86_400_000;
    u32::try_from(at.0.saturating_add(OFFSET_MS) / DAY_MS).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_turn_at_midnight_in_utc_plus_8() {
        let midnight = 1_767_196_800_000; // 2026-01-01T00:00:00+08:00
        let cases = [
            (0, 0),
            (midnight - 1, 20_453),
            (midnight, 20_454),
            (midnight + 86_399_999, 20_454),
            (midnight + 86_400_000, 20_455),
            (u64::MAX, u32::MAX),
        ];
        for (at, day) in cases {
            assert_eq!(day_utc8(UnixMs(at)), day, "{at}");
        }
    }
}
