//! Both clocks, read together.

use carillon_domain::time::{Monotonic, Now, UnixMs};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Reads the wall clock and a clock that never steps back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    pub fn start() -> Self {
        Clock {
            start: Instant::now(),
        }
    }

    pub fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            unix: UnixMs(unix.as_millis() as u64),
            monotonic: Monotonic(self.start.elapsed()),
        }
    }
}
