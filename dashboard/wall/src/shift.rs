//! Against burn-in the picture moves by two pixels an hour.

/// Where the picture stands, in pixels to the right and down: around a square, a corner an hour.
pub fn shift(unix_ms: u64) -> (u8, u8) {
    match unix_ms / 3_600_000 % 4 {
        0 => (0, 0),
        1 => (2, 0),
        2 => (2, 2),
        _ => (0, 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hour_one_side_moves_by_two() {
        for hour in 0..8_u64 {
            let (from, to) = (shift(hour * 3_600_000), shift((hour + 1) * 3_600_000));
            assert_eq!(from.0.abs_diff(to.0) + from.1.abs_diff(to.1), 2);
            assert_eq!(shift(hour * 3_600_000), shift(hour * 3_600_000 + 3_599_999));
        }
    }
}
