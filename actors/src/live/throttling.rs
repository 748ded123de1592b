/// Whether a carrier keeps slowing a connection down, as looks see it, which come twice a second.
///
/// A carrier that is asked too fast says so for a fraction of a second, again and again. What is told of it must neither
/// flicker with that nor ring for a single time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Throttling {
    score: u8,
    lasts: bool,
}

/// A look that finds it throttled weighs as much as two that do not: one in three is the share below which it is normal.
const WEIGHT: u8 = 2;
/// Five seconds of nothing else.
const BEGINS_AT: u8 = 20;
/// Twenty seconds until it is over.
const SCORE_MAX: u8 = 40;

impl Throttling {
    pub fn seen(self, is_throttled: bool) -> Self {
        let score = if is_throttled {
            (self.score + WEIGHT).min(SCORE_MAX)
        } else {
            self.score.saturating_sub(1)
        };
        Throttling {
            score,
            lasts: score >= BEGINS_AT || self.lasts && score > 0,
        }
    }

    pub fn lasts(self) -> bool {
        self.lasts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which looks it began and ended, when it was throttled at every look that `is_throttled` names.
    fn changes(looks: u32, is_throttled: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut throttling = Throttling::default();
        let mut changes = Vec::new();
        for look in 1..=looks {
            let before = throttling.lasts();
            throttling = throttling.seen(is_throttled(look));
            if throttling.lasts() != before {
                changes.push(look);
            }
        }
        changes
    }

    #[test]
    fn it_begins_once_and_ends_once() {
        assert_eq!(changes(1_000, |look| look <= 600), [10, 640]);
        // Every other look: it comes and goes, and is one trouble.
        assert_eq!(changes(1_000, |look| look <= 600 && look % 2 == 1), [37, 639]);
    }

    #[test]
    fn what_is_seldom_or_short_is_nothing() {
        assert!(changes(10_000, |look| look % 4 == 0).is_empty());
        assert!(changes(10_000, |look| look % 100 < 9).is_empty());
    }
}
