//! How old something is.

use crate::text::{fill, t};

/// Up to this age a panel is live, in milliseconds: its source speaks every second or two.
const LIVE_MAX_MS: u64 = 5_000;
/// Up to this age it is late; beyond it nothing may be taken for the present.
const LATE_MAX_MS: u64 = 20_000;

/// Whether what a panel shows is the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    Live,
    Late,
    Stale,
    /// Nothing has ever come.
    Never,
}

impl Freshness {
    /// Of what was told at `at_ms` (0: never), at the moment `now_ms` of the same clock.
    pub fn of(at_ms: u64, now_ms: u64) -> Self {
        if at_ms == 0 {
            return Self::Never;
        }
        let age_ms = now_ms.saturating_sub(at_ms);
        if age_ms <= LIVE_MAX_MS {
            Self::Live
        } else if age_ms <= LATE_MAX_MS {
            Self::Late
        } else {
            Self::Stale
        }
    }

    /// Whether states and colours still mean something.
    pub fn is_current(self) -> bool {
        matches!(self, Self::Live | Self::Late)
    }
}

/// `3 秒前`; in the first half second `刚刚`.
pub fn ago(age_ms: u64) -> String {
    let seconds = (age_ms + 500) / 1000;
    match seconds {
        0 => t("age.now").to_owned(),
        1..60 => fill("age.seconds", &[("n", &seconds)]),
        60..3_600 => fill("age.minutes", &[("n", &(seconds / 60))]),
        3_600..86_400 => fill("age.hours", &[("n", &(seconds / 3_600))]),
        _ => fill("age.days", &[("n", &(seconds / 86_400))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_goes_stale_by_age() {
        let now = 1_000_000;
        for (at, freshness) in [
            (0, Freshness::Never),
            (now, Freshness::Live),
            // The server's clock may be read a moment before its message.
            (now + 50, Freshness::Live),
            (now - 5_000, Freshness::Live),
            (now - 5_001, Freshness::Late),
            (now - 20_000, Freshness::Late),
            (now - 20_001, Freshness::Stale),
        ] {
            assert_eq!(Freshness::of(at, now), freshness, "{at}");
        }
        assert!(
            Freshness::Late.is_current() && !Freshness::Stale.is_current() && !Freshness::Never.is_current()
        );
    }
}
