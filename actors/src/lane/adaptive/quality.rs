use carillon_domain::time::Monotonic;
use std::time::Duration;

/// After this long an observation counts half.
const HALF_LIFE: Duration = Duration::from_secs(30);

/// Successes that stand for what is not known: a member of which little was seen is taken for a good one, and few observations
/// move little.
const PRIOR: f64 = 5.0;

/// How much of a refusal a "slow down" is: the segment is not lost, but comes later.
const BUSY_PART: f64 = 0.25;

/// What a second until a message is delivered costs, as a part of the share delivered; and the most that slowness costs.
const LATE_PER_S: f64 = 0.03;
const LATE_MAX: f64 = 0.3;

/// No single observation counts for longer: the wall clock by which it is measured may jump.
const AFTER_MAX: Duration = Duration::from_secs(60);

/// What became of a segment that a connection wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The carrier took it, so long after it was to be written.
    Taken {
        after: Duration,
    },
    Refused,
    /// The carrier asked to slow down.
    Busy,
    /// Nobody knows: a cut or a time-out.
    Unknown,
    /// So long after it was taken.
    Delivered {
        after: Duration,
    },
    Failed,
}

/// How a connection does lately: what became of its segments, the older the less.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    taken: f64,
    refused: f64,
    unknown: f64,
    delivered: f64,
    failed: f64,
    response_s: f64,
    receipt_s: f64,
    at: Monotonic,
}

/// What an operator sees of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QualityFigures {
    /// Of what was written, the part that the carrier took, 0…1.
    pub taken: f64,
    /// Of what it said about people's phones, the part that was delivered, 0…1.
    pub delivered: f64,
    /// From INTENT to the receipt, on average.
    pub seconds: f64,
    /// The share that is expected to be delivered, less what slowness costs; 1 is the best.
    pub score: f64,
    /// Observations, by what they count now.
    pub evidence: f64,
}

impl Quality {
    pub fn note(&mut self, outcome: Outcome, now: Monotonic) {
        self.fade(now);
        let seconds = |after: Duration| after.min(AFTER_MAX).as_secs_f64();
        match outcome {
            Outcome::Taken { after } => {
                self.taken += 1.0;
                self.response_s += seconds(after);
            }
            Outcome::Refused => self.refused += 1.0,
            Outcome::Busy => self.refused += BUSY_PART,
            Outcome::Unknown => self.unknown += 1.0,
            Outcome::Delivered { after } => {
                self.delivered += 1.0;
                self.receipt_s += seconds(after);
            }
            Outcome::Failed => self.failed += 1.0,
        }
    }

    pub fn figures(&self, now: Monotonic) -> QualityFigures {
        let mut quality = *self;
        quality.fade(now);
        let written = quality.taken + quality.refused + quality.unknown;
        let told = quality.delivered + quality.failed;
        let taken = (quality.taken + PRIOR) / (written + PRIOR);
        let delivered = (quality.delivered + PRIOR) / (told + PRIOR);
        let seconds =
            quality.response_s / (quality.taken + PRIOR) + quality.receipt_s / (quality.delivered + PRIOR);
        QualityFigures {
            taken,
            delivered,
            seconds,
            score: taken * delivered - (seconds * LATE_PER_S).min(LATE_MAX),
            evidence: written.max(told),
        }
    }

    fn fade(&mut self, now: Monotonic) {
        let passed = now - self.at;
        self.at = self.at.max(now);
        if passed.is_zero() {
            return;
        }
        let left = (-passed.as_secs_f64() / HALF_LIFE.as_secs_f64()).exp2();
        for count in [
            &mut self.taken,
            &mut self.refused,
            &mut self.unknown,
            &mut self.delivered,
            &mut self.failed,
            &mut self.response_s,
            &mut self.receipt_s,
        ] {
            *count *= left;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic(Duration::from_secs(seconds))
    }

    /// A hundred segments of which so many are delivered, all after the same time.
    fn quality(delivered: u32, after: Duration) -> Quality {
        let mut quality = Quality::default();
        for number in 0..100 {
            quality.note(Outcome::Taken { after }, at(0));
            let outcome = match number < delivered {
                true => Outcome::Delivered { after },
                false => Outcome::Failed,
            };
            quality.note(outcome, at(0));
        }
        quality
    }

    #[test]
    fn failures_and_slowness_cost_and_the_unknown_is_taken_for_good() {
        let score = |quality: Quality| quality.figures(at(0)).score;
        let short = Duration::from_millis(20);
        assert_eq!(score(Quality::default()), 1.0);
        assert!(score(quality(100, short)) > 0.99);
        assert!((0.70..0.73).contains(&score(quality(70, short))));
        let slow = score(quality(100, Duration::from_secs(4)));
        assert!((0.75..0.8).contains(&slow), "{slow}");
        let endless = score(quality(100, Duration::from_secs(4_000)));
        assert!((0.69..0.71).contains(&endless), "{endless}");
    }

    #[test]
    fn what_is_long_ago_counts_no_more() {
        let quality = quality(0, Duration::ZERO);
        let score = |seconds| quality.figures(at(seconds)).score;
        assert!(score(0) < 0.05 && score(60) < 0.2 && score(600) > 0.99);
        assert_eq!(quality.figures(at(30)).evidence, 50.0);
    }

    #[test]
    fn to_slow_down_is_less_than_to_refuse() {
        let after = |outcome| {
            let mut quality = quality(100, Duration::ZERO);
            (0..50).for_each(|_| quality.note(outcome, at(0)));
            quality.figures(at(0)).score
        };
        assert!(after(Outcome::Busy) > after(Outcome::Refused) + 0.1);
        assert_eq!(after(Outcome::Unknown), after(Outcome::Refused));
    }
}
