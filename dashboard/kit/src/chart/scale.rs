//! From values to places.

/// A linear scale; what lies outside is put on its edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    length: f64,
}

impl Scale {
    /// From `low` (place 0) to `high` (place `length`).
    pub fn new(low: f64, high: f64, length: f64) -> Self {
        Self {
            low,
            high: if high > low { high } else { low + 1.0 },
            length,
        }
    }

    /// Where a value is.
    pub fn at(self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) * self.length
    }
}

/// A logarithmic scale of positive values; what lies outside is put on its edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogScale(Scale);

impl LogScale {
    /// From `low` (place 0), which is positive, to `high` (place `length`).
    pub fn new(low: f64, high: f64, length: f64) -> Self {
        Self(Scale::new(low.ln(), high.ln(), length))
    }

    /// Where a value is.
    pub fn at(self, value: f64) -> f64 {
        if value <= 0.0 { 0.0 } else { self.0.at(value.ln()) }
    }
}

/// The smallest of 1, 2, 3, 5 × 10ⁿ that leaves a tenth of room above `value`; at least 1.
pub fn round_top(value: f64) -> f64 {
    let wanted = value * 1.1;
    let mut decade = 1.0;
    while decade < 1e15 {
        for step in [1.0, 2.0, 3.0, 5.0] {
            if step * decade >= wanted {
                return step * decade;
            }
        }
        decade *= 10.0;
    }
    decade
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_places() {
        let scale = Scale::new(90.0, 100.0, 200.0);
        for (value, place) in [
            (90.0, 0.0),
            (95.0, 100.0),
            (100.0, 200.0),
            (10.0, 0.0),
            (101.0, 200.0),
        ] {
            assert_eq!(scale.at(value), place);
        }
        assert_eq!(
            Scale::new(5.0, 5.0, 10.0).at(5.0),
            0.0,
            "an empty range divides nothing by zero"
        );
        let log = LogScale::new(1.0, 100.0, 80.0);
        assert!((log.at(10.0) - 40.0).abs() < 1e-9);
        assert_eq!((log.at(0.0), log.at(-1.0), log.at(1e9)), (0.0, 0.0, 80.0));
    }

    #[test]
    fn tops_are_round() {
        for (value, top) in [
            (0.0, 1.0),
            (0.95, 2.0),
            (342.0, 500.0),
            (900.0, 1000.0),
            (1_000.0, 2_000.0),
        ] {
            assert_eq!(round_top(value), top);
        }
        assert!(round_top(f64::INFINITY).is_finite());
        assert!(round_top(f64::NAN).is_finite());
    }
}
