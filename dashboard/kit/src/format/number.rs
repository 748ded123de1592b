//! Counts, rates and shares. Minus is U+2212; groups of digits are parted by commas.

/// U+2212, as wide as a digit.
const MINUS: &str = "\u{2212}";

/// `1402318` → `1,402,318`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Events a second: with one decimal below ten, so that little is not nothing.
pub fn rate(value: f64) -> String {
    let value = value.max(0.0);
    if value == 0.0 || value >= 9.95 {
        count(value.round() as u64)
    } else {
        format!("{value:.1}")
    }
}

/// A share in per cent with one decimal. It is cut, not rounded: 100.0 means all.
pub fn per_cent(value: f64) -> String {
    // A share such as 98.3 may be stored as 98.2999…, which must not lose its last digit.
    let tenths = (value * 10.0 + 1e-6).floor();
    if tenths >= 1000.0 {
        "100".to_owned()
    } else {
        format!("{:.1}", (tenths / 10.0).max(0.0))
    }
}

/// How much `now` differs from `before`, in whole per cent; `None` where nothing was before.
pub fn signed_per_cent(now: f64, before: f64) -> Option<String> {
    if before <= 0.0 {
        return None;
    }
    let change = ((now / before - 1.0) * 100.0).round();
    Some(if change > 999.0 {
        ">+999%".to_owned()
    } else if change < 0.0 {
        format!("{MINUS}{:.0}%", -change)
    } else {
        format!("+{change:.0}%")
    })
}

/// Milliseconds as seconds: two digits that matter, whole above ten.
pub fn seconds(ms: u64) -> String {
    match ms {
        0..995 => format!("{:.2}", ms as f64 / 1e3),
        995..9_950 => format!("{:.1}", ms as f64 / 1e3),
        _ => count((ms + 500) / 1000),
    }
}

/// Bytes in units of 1000, with three digits at most.
pub fn bytes(value: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KB", "MB", "GB", "TB", "PB"];
    let mut scaled = value as f64;
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    if unit == 0 || scaled >= 99.95 {
        format!("{scaled:.0} {}", UNITS[unit])
    } else {
        format!("{scaled:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_402_318, "1,402,318")] {
            assert_eq!(count(value), text);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn little_is_not_nothing() {
        for (value, text) in [
            (0.0, "0"),
            (0.2, "0.2"),
            (9.94, "9.9"),
            (9.96, "10"),
            (1234.5, "1,235"),
            (-1.0, "0"),
        ] {
            assert_eq!(rate(value), text);
        }
    }

    #[test]
    fn a_hundred_per_cent_means_all() {
        for (value, text) in [
            (100.0, "100"),
            (99.99, "99.9"),
            (98.3, "98.3"),
            (0.0, "0.0"),
            (94.8, "94.8"),
        ] {
            assert_eq!(per_cent(value), text);
        }
    }

    #[test]
    fn changes_carry_their_sign() {
        assert_eq!(signed_per_cent(342.0, 318.0).as_deref(), Some("+8%"));
        assert_eq!(signed_per_cent(300.0, 318.0).as_deref(), Some("\u{2212}6%"));
        assert_eq!(signed_per_cent(318.0, 318.0).as_deref(), Some("+0%"));
        assert_eq!(signed_per_cent(1e9, 1.0).as_deref(), Some(">+999%"));
        assert_eq!(signed_per_cent(5.0, 0.0), None);
    }

    #[test]
    fn seconds_keep_two_digits() {
        for (ms, text) in [
            (0, "0.00"),
            (994, "0.99"),
            (995, "1.0"),
            (2_840, "2.8"),
            (9_949, "9.9"),
            (9_950, "10"),
            (61_000, "61"),
        ] {
            assert_eq!(seconds(ms), text, "{ms}");
        }
    }

    #[test]
    fn bytes_have_units() {
        for (value, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "1.5 KB"),
            (99_960, "100 KB"),
            (1_048_576, "1.0 MB"),
        ] {
            assert_eq!(bytes(value), text, "{value}");
        }
        assert_eq!(bytes(u64::MAX), "18447 PB");
    }
}
