//! Time as values. Nothing in this crate reads a clock: whoever calls passes [`Now`].

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::time::Duration;

/// Wall-clock time in milliseconds since the Unix epoch. Only for what is stored or shown; intervals use [`Monotonic`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMs(pub u64);

impl UnixMs {
    pub fn saturating_since(self, earlier: UnixMs) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for UnixMs {
    type Output = UnixMs;

    fn add(self, duration: Duration) -> UnixMs {
        UnixMs(self.0.saturating_add(duration.as_millis() as u64))
    }
}

/// Time since an arbitrary start of this process; never steps back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(pub Duration);

impl Add<Duration> for Monotonic {
    type Output = Monotonic;

    fn add(self, duration: Duration) -> Monotonic {
        Monotonic(self.0 + duration)
    }
}

impl Sub for Monotonic {
    type Output = Duration;

    fn sub(self, earlier: Monotonic) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// The moment at which an event is applied, by both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    pub unix: UnixMs,
    pub monotonic: Monotonic,
}
