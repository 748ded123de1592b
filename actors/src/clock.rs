//! Both clocks, read together.

use carillon_domain::time::{Monotonic, Now, UnixMs};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads the wall clock and a clock that never steps back and goes on while the machine sleeps: what was about to be written before a
/// sleep must know how old it is after it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Duration,
}

impl Clock {
    pub fn start() -> Self {
        Clock { start: since_boot() }
    }

    pub fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            unix: UnixMs(unix.as_millis() as u64),
            monotonic: Monotonic(since_boot().saturating_sub(self.start)),
        }
    }
}

fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32)
}
