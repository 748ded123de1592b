use std::time::{Duration, Instant, SystemTime};

/// By how much the clocks may have drifted apart between two looks.
const APART_MAX: Duration = Duration::from_secs(300);

/// Both clocks at one moment. What is removed by the wall clock is gone, so a clock that was just set is not believed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    monotonic: Instant,
    wall: SystemTime,
}

impl Clocks {
    pub fn now() -> Self {
        Clocks {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// Whether both went on alike since an earlier moment.
    pub fn went_on_alike(self, earlier: Clocks) -> bool {
        let passed = self.monotonic.duration_since(earlier.monotonic);
        match self.wall.duration_since(earlier.wall) {
            Ok(by_wall) => by_wall.abs_diff(passed) <= APART_MAX,
            // It was set back, so that it may be right now.
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_not_believed() {
        let earlier = Clocks::now();
        let hour = Duration::from_secs(3600);
        let later = |wall: SystemTime| Clocks {
            monotonic: earlier.monotonic + hour,
            wall,
        };
        for (wall, alike) in [
            (earlier.wall + hour, true),
            (earlier.wall + hour + APART_MAX, true),
            (earlier.wall + hour + 2 * APART_MAX, false),
            (earlier.wall + 9_000 * hour, false),
            (earlier.wall + hour - 2 * APART_MAX, false),
            (earlier.wall - hour, false),
        ] {
            assert_eq!(later(wall).went_on_alike(earlier), alike, "{wall:?}");
        }
    }
}
