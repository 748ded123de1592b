use crate::sim::Order;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::ops::RangeInclusive;
use std::time::Duration;

/// The carrier that goes bad now and then.
const MOODY: &str = "unicom-1";
const BAD_S: RangeInclusive<u64> = 20..=35;
const GOOD_S: RangeInclusive<u64> = 240..=600;
/// The first one comes soon, so that who looks for the first time sees one.
const FIRST_S: u64 = 90;

/// A carrier's bad spell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mood {
    pub carrier: &'static str,
    /// How long all is well before it.
    pub after: Duration,
    pub begin: Order,
    /// How long it lasts.
    pub lasts: Duration,
    pub end: Order,
}

/// Bad spells, one after the other, without end.
pub struct Moods {
    random: SmallRng,
    turn: u64,
}

impl Moods {
    pub fn new(seed: u64) -> Self {
        Moods {
            random: SmallRng::seed_from_u64(seed),
            turn: 0,
        }
    }
}

impl Iterator for Moods {
    type Item = Mood;

    fn next(&mut self) -> Option<Mood> {
        let (begin, end) = match self.turn % 3 {
            0 => (Order::Down, Order::Accept),
            1 => (Order::Throttled(true), Order::Throttled(false)),
            _ => (Order::Silent(true), Order::Silent(false)),
        };
        let after = match self.turn {
            0 => FIRST_S,
            _ => self.random.random_range(GOOD_S),
        };
        self.turn += 1;
        Some(Mood {
            carrier: MOODY,
            after: Duration::from_secs(after),
            begin,
            lasts: Duration::from_secs(self.random.random_range(BAD_S)),
            end,
        })
    }
}

/// As the control port reads it.
pub(super) fn line(carrier: &str, order: &Order) -> String {
    let words = match order {
        Order::Down => "down",
        Order::Throttled(true) => "throttled on",
        Order::Throttled(false) => "throttled off",
        Order::Silent(true) => "silent on",
        Order::Silent(false) => "silent off",
        _ => "accept",
    };
    format!("{carrier} {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mood_has_its_words_and_passes() {
        for mood in Moods::new(1).take(9) {
            for order in [&mood.begin, &mood.end] {
                let words = line(mood.carrier, order);
                let said: Order = words
                    .strip_prefix("unicom-1 ")
                    .and_then(|words| words.parse().ok())
                    .expect("an order");
                assert_eq!(said, *order, "{words}");
            }
            assert!(mood.after > mood.lasts);
        }
    }
}
