use carillon_domain::time::Monotonic;

/// How many lines may be expanded by a pace: after any moment at most what the pace allows since, and one part more.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    per_second: Option<u32>,
    since: Monotonic,
    /// Lines given since.
    given: u64,
}

/// A part is what a pace gives in a tenth of a second.
const PARTS_PER_SECOND: u64 = 10;

impl Pace {
    /// Lines that may be expanded now. A pace that was changed starts anew, with nothing saved up.
    pub fn due(&mut self, per_second: Option<u32>, now: Monotonic) -> u32 {
        if per_second != self.per_second {
            *self = Pace {
                per_second,
                since: now,
                given: 0,
            };
        }
        let Some(per_second) = per_second else {
            return u32::MAX;
        };
        let earned = (now - self.since).as_micros() * u128::from(per_second) / 1_000_000;
        let earned = u64::try_from(earned).unwrap_or(u64::MAX);
        // What was not used when it was due is not made up for.
        let part = u64::from(per_second).div_ceil(PARTS_PER_SECOND);
        self.given = self.given.max(earned.saturating_sub(part));
        u32::try_from(earned.saturating_sub(self.given)).unwrap_or(u32::MAX)
    }

    pub fn spend(&mut self, lines: u32) {
        self.given += u64::from(lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn at(ms: u64) -> Monotonic {
        Monotonic(Duration::from_millis(ms))
    }

    #[test]
    fn without_a_pace_everything_is_due() {
        let mut pace = Pace::default();
        assert_eq!(pace.due(None, at(5)), u32::MAX);
        pace.spend(1_000);
        assert_eq!(pace.due(None, at(5)), u32::MAX);
    }

    #[test]
    fn a_pace_is_reached() {
        let mut pace = Pace::default();
        let given: u32 = (0..=1_000)
            .map(|tick| {
                let due = pace.due(Some(333), at(tick * 20));
                pace.spend(due);
                due
            })
            .sum();
        assert_eq!(given, 333 * 20);
    }

    proptest! {
        #[test]
        fn any_second_has_at_most_the_pace_and_a_part(
            steps in prop::collection::vec((0..400u64, 0..700u32), 1..200),
            per_second in 1..2_000u32,
        ) {
            let mut pace = Pace::default();
            let mut now = 0;
            let mut given = Vec::new();
            for (pause, wanted) in steps {
                now += pause;
                let taken = pace.due(Some(per_second), at(now)).min(wanted);
                pace.spend(taken);
                given.push((now, u64::from(taken)));
            }
            let part = u64::from(per_second).div_ceil(PARTS_PER_SECOND);
            for (index, (start, _)) in given.iter().enumerate() {
                let second: u64 = given[index..].iter().take_while(|(at, _)| *at < start + 1_000).map(|(_, lines)| lines).sum();
                prop_assert!(second <= u64::from(per_second) + part + 1, "{second} in a second from {start}");
            }
        }
    }
}
