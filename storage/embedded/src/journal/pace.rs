use std::time::{Duration, Instant};

/// When the next commit may start: at once when the journal was idle, a while after the last one when it carried several frames,
/// because then more are on their way and a sync costs the same for few as for many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    interval: Duration,
    last: Option<(Instant, usize)>,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        Pace { interval, last: None }
    }

    pub(super) fn committed(&mut self, started: Instant, frames: usize) {
        self.last = Some((started, frames));
    }

    /// How long to wait at `now` for more.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        match self.last {
            Some((started, frames)) if frames > 1 => self
                .interval
                .saturating_sub(now.saturating_duration_since(started)),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_commit_of_several_frames_holds_the_next_one_back() {
        let interval = Duration::from_micros(500);
        let started = Instant::now();
        let mut pace = Pace::new(interval);
        assert_eq!(pace.wait(started), Duration::ZERO);
        pace.committed(started, 1);
        assert_eq!(pace.wait(started), Duration::ZERO);
        pace.committed(started, 2);
        assert_eq!(pace.wait(started + interval / 5), interval * 4 / 5);
        assert_eq!(pace.wait(started + interval), Duration::ZERO);
        assert_eq!(pace.wait(started + 2 * interval), Duration::ZERO);
    }
}
