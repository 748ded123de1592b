//! Waiting longer after each failure, with jitter, and a budget of restarts.

use carillon_domain::time::Monotonic;
use std::collections::VecDeque;
use std::time::Duration;

/// Doubles from `first` up to `max`; each wait is drawn from the upper half, so that many do not come at the same instant.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    pub fn new(first: Duration, max: Duration) -> Self {
        Backoff {
            first,
            max,
            failures: 0,
        }
    }

    /// The wait after one more failure. `random` is uniform in 0…1.
    pub fn next(&mut self, random: f64) -> Duration {
        let whole = self
            .first
            .saturating_mul(1 << self.failures.min(16))
            .min(self.max);
        self.failures = self.failures.saturating_add(1);
        whole.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
    }

    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// At most `restarts_max` restarts in any `window`; spent, somebody above has to decide.
#[derive(Clone, Debug)]
pub struct RestartBudget {
    restarts_max: usize,
    window: Duration,
    restarts: VecDeque<Monotonic>,
}

impl RestartBudget {
    pub fn new(restarts_max: usize, window: Duration) -> Self {
        RestartBudget {
            restarts_max,
            window,
            restarts: VecDeque::new(),
        }
    }

    /// Takes one restart from the budget; `false` when none is left.
    pub fn take(&mut self, now: Monotonic) -> bool {
        while self.restarts.front().is_some_and(|at| now - *at >= self.window) {
            self.restarts.pop_front();
        }
        if self.restarts.len() >= self.restarts_max {
            return false;
        }
        self.restarts.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_start_again_after_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let waits: Vec<_> = (0..6).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000]);
        backoff.reset();
        assert_eq!(backoff.next(0.0), Duration::from_millis(50));
    }

    #[test]
    fn a_budget_is_spent_and_comes_back_with_time() {
        let mut budget = RestartBudget::new(2, Duration::from_secs(60));
        let at = |s| Monotonic(Duration::from_secs(s));
        assert!(budget.take(at(0)) && budget.take(at(10)));
        assert!(!budget.take(at(59)));
        assert!(budget.take(at(60)));
        assert!(!budget.take(at(69)));
    }
}
