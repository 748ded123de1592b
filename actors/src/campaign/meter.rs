use carillon_domain::time::Monotonic;
use std::collections::VecDeque;
use std::time::Duration;

/// How far back a speed looks.
const REACH: Duration = Duration::from_secs(60);
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// The speed of something that is counted, over the last minute.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    samples: VecDeque<(Monotonic, u32)>,
}

impl Meter {
    pub fn note(&mut self, count: u32, now: Monotonic) {
        if self
            .samples
            .back()
            .is_some_and(|(at, _)| now - *at < SAMPLE_EVERY)
        {
            return;
        }
        self.samples.push_back((now, count));
        while self.samples.front().is_some_and(|(at, _)| now - *at > REACH) {
            self.samples.pop_front();
        }
    }

    /// What was counted before says nothing of what comes, e.g. after a pause.
    pub fn reset(&mut self) {
        self.samples.clear();
    }

    /// Per second; `None` while less than a second is known.
    pub fn per_second(&self) -> Option<f64> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let time = last.0 - first.0;
        (time >= SAMPLE_EVERY).then(|| f64::from(last.1.saturating_sub(first.1)) / time.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_minute_counts() {
        let mut meter = Meter::default();
        assert_eq!(meter.per_second(), None);
        for tick in 0..3_000u64 {
            let count = if tick < 1_000 {
                tick * 100
            } else {
                100_000 + (tick - 1_000)
            };
            meter.note(count as u32, Monotonic(Duration::from_millis(tick * 100)));
        }
        let speed = meter.per_second().unwrap();
        assert!((9.0..11.0).contains(&speed), "{speed}");
        assert!(meter.samples.len() <= 62);
        meter.reset();
        assert_eq!(meter.per_second(), None);
    }
}
