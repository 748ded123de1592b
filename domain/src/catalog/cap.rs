use crate::quota::day_utc8;
use crate::time::UnixMs;
use serde::{Deserialize, Serialize};

/// How many messages of one business type a person gets in a period at most (频次限制, SEND-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// 1…1000.
    pub messages: u16,
    pub period: CapPeriod,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapPeriod {
    /// A calendar hour.
    Hour,
    /// A calendar day (UTC+8).
    Day,
}

impl CapPeriod {
    pub const ALL: [CapPeriod; 2] = [CapPeriod::Hour, CapPeriod::Day];

    /// Counts periods from 1970 on.
    pub fn number(self, at: UnixMs) -> u32 {
        const HOUR_MS: u64 = 3_600_000;
        match self {
            CapPeriod::Hour => u32::try_from(at.0 / HOUR_MS).unwrap_or(u32::MAX),
            CapPeriod::Day => day_utc8(at),
        }
    }

    /// As in `in this hour`.
    pub fn word(self) -> &'static str {
        match self {
            CapPeriod::Hour => "hour",
            CapPeriod::Day => "day",
        }
    }
}

/// The periods in which a message counts for its person; a set of [`CapPeriod`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CapPeriods(u8);

impl CapPeriods {
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = CapPeriod> {
        CapPeriod::ALL
            .into_iter()
            .filter(move |period| self.0 & bit(*period) != 0)
    }
}

impl FromIterator<CapPeriod> for CapPeriods {
    fn from_iter<I: IntoIterator<Item = CapPeriod>>(periods: I) -> Self {
        CapPeriods(periods.into_iter().fold(0, |bits, period| bits | bit(period)))
    }
}

fn bit(period: CapPeriod) -> u8 {
    1 << period as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_turn_by_the_calendar() {
        let midnight = 1_767_196_800_000; // 2026-01-01T00:00:00+08:00
        let numbers = |at| CapPeriod::ALL.map(|period| period.number(UnixMs(at)));
        assert_eq!(numbers(midnight), [490_888, 20_454]);
        assert_eq!(numbers(midnight - 1), [490_887, 20_453]);
        assert_eq!(numbers(midnight + 3_600_000), [490_889, 20_454]);
        assert_eq!(numbers(u64::MAX), [u32::MAX, u32::MAX]);
    }

    #[test]
    fn a_set_gives_back_what_was_put_in() {
        for periods in [
            vec![],
            vec![CapPeriod::Day],
            vec![CapPeriod::Hour, CapPeriod::Day],
        ] {
            let set: CapPeriods = periods.iter().copied().collect();
            assert_eq!(set.iter().collect::<Vec<_>>(), periods);
            assert_eq!(set.is_empty(), periods.is_empty());
        }
    }
}
