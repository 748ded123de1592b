//! Figures of rows.

use carillon_kit::format::per_cent;

/// What is not known.
pub const NONE: &str = "—";

/// `98.2`; [`NONE`] when nobody knows.
pub fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), per_cent)
}

/// A share of the whole in per cent, for the width of a bar.
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (part as f64 / whole as f64 * 100.0).clamp(0.0, 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_within_their_bar() {
        assert_eq!((share(1, 0), share(1, 4), share(9, 4)), (0.0, 25.0, 100.0));
        assert_eq!(
            (percent(None).as_str(), percent(Some(98.25)).as_str()),
            (NONE, "98.2")
        );
    }
}
