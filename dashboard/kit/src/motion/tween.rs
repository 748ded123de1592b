//! A figure on its way to another value.

/// How long it is under way, in milliseconds.
const LENGTH_MS: f64 = 280.0;

/// A figure that moves from one value to another, fast at first. Times are of any clock that never goes back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tween {
    from: f64,
    to: f64,
    began_ms: f64,
}

impl Tween {
    /// A figure that stands still.
    pub fn still(value: f64) -> Self {
        Self {
            from: value,
            to: value,
            began_ms: 0.0,
        }
    }

    /// Sets out for `to` from wherever it is.
    pub fn turn(&mut self, to: f64, now_ms: f64) {
        *self = Self {
            from: self.at(now_ms),
            to,
            began_ms: now_ms,
        };
    }

    /// Where it is; exactly its target once it has arrived.
    pub fn at(self, now_ms: f64) -> f64 {
        if self.has_arrived(now_ms) {
            return self.to;
        }
        let left = 1.0 - ((now_ms - self.began_ms) / LENGTH_MS).clamp(0.0, 1.0);
        self.to + (self.from - self.to) * left.powi(3)
    }

    /// Whether there is nothing left to do.
    pub fn has_arrived(self, now_ms: f64) -> bool {
        self.from == self.to || now_ms - self.began_ms >= LENGTH_MS
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_arrives_in_time_and_exactly() {
        let mut tween = Tween::still(10.0);
        assert!(tween.has_arrived(5_000.0));
        tween.turn(30.0, 5_000.0);
        assert_eq!(tween.at(5_000.0), 10.0);
        assert!(
            tween.at(5_000.0 + LENGTH_MS / 2.0) > 25.0,
            "most of the way comes first"
        );
        assert!(!tween.has_arrived(5_000.0 + LENGTH_MS - 1.0));
        assert_eq!(tween.at(5_000.0 + LENGTH_MS), 30.0);
        assert!(tween.has_arrived(5_000.0 + LENGTH_MS));
    }

    #[test]
    fn it_turns_where_it_is() {
        let mut tween = Tween::still(0.0);
        tween.turn(100.0, 0.0);
        let halfway = tween.at(50.0);
        tween.turn(0.0, 50.0);
        assert_eq!(tween.at(50.0), halfway);
        assert_eq!(tween.at(50.0 + LENGTH_MS), 0.0);
    }

    proptest! {
        #[test]
        fn it_never_overshoots(from in -1e12..1e12, to in -1e12..1e12, after in 0.0..1_000.0) {
            let mut tween = Tween::still(from);
            tween.turn(to, 7.0);
            let at = tween.at(7.0 + after);
            let slack = 1e-3;
            prop_assert!(at >= from.min(to) - slack && at <= from.max(to) + slack);
        }
    }
}
