use crate::time::UnixMs;

/// A time as receipts carry it: `YYMMDDhhmm` (CMPP 2.0 §7.4.5.1, SMPP 3.4 Appendix B), with `ss` behind it at some
/// carriers, in China's time (UTC+8). `None` for anything else, e.g. the zeros of gateways that do not know.
///
/// The year has two digits; the century is the one that brings it nearest to `now`.
pub fn carrier_time(text: &str, now: UnixMs) -> Option<UnixMs> {
    const OFFSET_S: i64 = 8 * 3600;
    let fields = text.as_bytes();
    if !matches!(fields.len(), 10 | 12) || !fields.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let field = |place: usize| {
        fields.get(2 * place..2 * place + 2).map_or(0, |pair| {
            i64::from(pair[0] - b'0') * 10 + i64::from(pair[1] - b'0')
        })
    };
    let [year, month, day, hour, minute, second] = std::array::from_fn(field);
    let sound = (1..=12).contains(&month) && day >= 1 && hour < 24 && minute < 60 && second < 60;
    if !sound {
        return None;
    }
    let in_century = |century: i64| {
        let year = century + year;
        (day <= days_in_month(year, month)).then(|| {
            let days = days_since_epoch(year, month, day);
            (days * 86_400 + hour * 3600 + minute * 60 + second - OFFSET_S) * 1000
        })
    };
    let nearest = [1900, 2000, 2100]
        .into_iter()
        .filter_map(in_century)
        .filter_map(|ms| u64::try_from(ms).ok())
        .min_by_key(|ms| ms.abs_diff(now.0))?;
    Some(UnixMs(nearest))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        12 => 31,
        _ => days_since_epoch(year, month + 1, 1) - days_since_epoch(year, month, 1),
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // A year that begins in March has its leap day at the end, and its months follow a pattern of 153 days in five.
    const DAYS_TO_EPOCH: i64 = 719_468;
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - DAYS_TO_EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-05-01T00:00:00+08:00.
    const NOW: UnixMs = UnixMs(1_777_564_800_000);

    #[test]
    fn times() {
        let cases = [
            ("2605010000", Some(NOW.0)),
            ("260501000000", Some(NOW.0)),
            ("260501000059", Some(NOW.0 + 59_000)),
            ("2604302359", Some(NOW.0 - 60_000)),
            ("2402291200", Some(1_709_179_200_000)),
            ("8001010800", Some(315_532_800_000)),
            ("9912312359", Some(946_655_940_000)),
            ("2502291200", None),
            ("0001010000", Some(946_656_000_000)),
            ("0000000000", None),
            ("2613010000", None),
            ("2605320000", None),
            ("2605012400", None),
            ("2605010060", None),
            ("260501000060", None),
            ("26050100000", None),
            ("20260501000000", None),
            ("26050100 0", None),
            ("26-5010000", None),
            ("２６", None),
            ("", None),
        ];
        for (text, time) in cases {
            assert_eq!(carrier_time(text, NOW), time.map(UnixMs), "{text}");
        }
    }

    #[test]
    fn the_century_follows_the_clock() {
        let late = UnixMs(4_102_444_800_000); // 2100-01-01
        assert_eq!(carrier_time("0001010800", late), Some(late));
        assert_eq!(
            carrier_time("9912312359", late).map(|time| time < late),
            Some(true)
        );
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "[0-9]{10}|[0-9]{12}|\\PC{0,14}", now: u64) {
            let _ = carrier_time(&text, UnixMs(now));
        }

        /// A later text is a later time, within one century.
        #[test]
        fn order_is_kept(one in "2[0-9](0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])(0[0-9]|1[0-9]|2[0-3])[0-5][0-9]",
                         other in "2[0-9](0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])(0[0-9]|1[0-9]|2[0-3])[0-5][0-9]") {
            prop_assert_eq!(one.cmp(&other), carrier_time(&one, NOW).cmp(&carrier_time(&other, NOW)));
        }
    }
}
