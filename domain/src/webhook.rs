//! When an account's webhook is called, and when no longer (API-1).

use crate::fact::WebhookOff;
use crate::time::{Monotonic, Now, UnixMs};
use std::time::Duration;

const WAIT_FIRST: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);
/// A failure is remembered over a restart once it has lasted so long: a receiver's own restart makes no facts.
const REMEMBERED_AFTER: Duration = Duration::from_secs(60);

/// The calls of one webhook: waits between failures, and the end after too many days of them.
#[derive(Clone, Debug)]
pub struct WebhookCalls {
    off_after: Duration,
    /// Failures since the last success.
    failures: u32,
    failing_since: Option<UnixMs>,
    off: Option<WebhookOff>,
    wait_until: Option<Monotonic>,
    recorded: Standing,
}

/// What outlives a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub failing_since: Option<UnixMs>,
    pub off: Option<WebhookOff>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEvent {
    /// The receiver took what was sent.
    Taken,
    /// It did not, or nobody knows; `wait` is what it asked for.
    Failed { wait: Option<Duration> },
    /// It answered that it will never take anything again.
    Gone,
    /// An operator switched it on, or its address or secret changed: all begins anew.
    Enabled,
}

/// What an event leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallEffects {
    /// To be recorded.
    pub standing: Option<Standing>,
    /// It is off from now on: somebody must be told.
    pub switched_off: Option<WebhookOff>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Now,
    At(Monotonic),
    Off(WebhookOff),
}

impl WebhookCalls {
    /// `standing` is what was recorded last. Failing for longer than `off_after` switches off.
    pub fn new(off_after: Duration, standing: Standing) -> Self {
        WebhookCalls {
            off_after,
            failures: 0,
            failing_since: standing.failing_since,
            off: standing.off,
            wait_until: None,
            recorded: standing,
        }
    }

    /// Whether it may be called.
    pub fn turn(&self, now: Now) -> Turn {
        match (self.off, self.wait_until) {
            (Some(off), _) => Turn::Off(off),
            (None, Some(until)) if until > now.monotonic => Turn::At(until),
            _ => Turn::Now,
        }
    }

    pub fn standing(&self) -> Standing {
        Standing {
            failing_since: self.failing_since,
            off: self.off,
        }
    }

    /// `random` is uniform in 0…1.
    pub fn apply(&mut self, event: CallEvent, now: Now, random: f64) -> CallEffects {
        let was_off = self.off;
        match event {
            CallEvent::Taken | CallEvent::Enabled => {
                self.failures = 0;
                self.failing_since = None;
                self.wait_until = None;
                self.off = None;
            }
            CallEvent::Gone => {
                self.failing_since.get_or_insert(now.unix);
                self.off = Some(WebhookOff::Gone);
            }
            CallEvent::Failed { wait } => self.failed(wait, now, random),
        }
        let standing = self.standing();
        let effects = CallEffects {
            standing: self.is_to_record(now).then_some(standing),
            switched_off: self.off.filter(|_| was_off.is_none()),
        };
        if effects.standing.is_some() {
            self.recorded = standing;
        }
        effects
    }

    fn failed(&mut self, wait: Option<Duration>, now: Now, random: f64) {
        let since = *self.failing_since.get_or_insert(now.unix);
        if now.unix.saturating_since(since) >= self.off_after {
            self.off = Some(WebhookOff::Failing);
            return;
        }
        let whole = WAIT_FIRST
            .saturating_mul(1 << self.failures.min(16))
            .min(WAIT_MAX);
        self.failures = self.failures.saturating_add(1);
        // From the upper half, so that webhooks of one receiver do not come at the same instant.
        let drawn = whole.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0));
        let wait = wait.unwrap_or_default().min(WAIT_MAX).max(drawn);
        self.wait_until = Some(now.monotonic + wait);
    }

    fn is_to_record(&self, now: Now) -> bool {
        let standing = self.standing();
        if standing.off != self.recorded.off || standing.failing_since.is_none() {
            return standing != self.recorded;
        }
        standing != self.recorded
            && standing
                .failing_since
                .is_some_and(|since| now.unix.saturating_since(since) >= REMEMBERED_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn at(s: u64) -> Now {
        Now {
            unix: UnixMs(1_000_000 + s * 1000),
            monotonic: Monotonic(Duration::from_secs(s)),
        }
    }

    fn calls() -> WebhookCalls {
        WebhookCalls::new(3 * DAY, Standing::default())
    }

    const FAILED: CallEvent = CallEvent::Failed { wait: None };

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour_and_end_with_a_success() {
        let mut calls = calls();
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..12 {
            calls.apply(FAILED, now, 1.0);
            let Turn::At(until) = calls.turn(now) else {
                panic!("it waits")
            };
            waits.push((until - now.monotonic).as_secs());
            now.monotonic = until;
            assert_eq!(calls.turn(now), Turn::Now);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        calls.apply(CallEvent::Taken, now, 1.0);
        assert_eq!(calls.turn(now), Turn::Now);
        calls.apply(FAILED, now, 0.0);
        assert_eq!(
            calls.turn(now),
            Turn::At(now.monotonic + Duration::from_millis(500))
        );
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_wait_but_not_for_a_day() {
        for (asked, waits) in [(0, 1), (30, 30), (86_400, 900)] {
            let mut calls = calls();
            let wait = Some(Duration::from_secs(asked));
            calls.apply(CallEvent::Failed { wait }, at(0), 1.0);
            assert_eq!(calls.turn(at(0)), Turn::At(at(waits).monotonic), "{asked}");
        }
    }

    #[test]
    fn after_days_of_failures_it_is_off_until_somebody_enables_it() {
        let mut calls = calls();
        let day_s = DAY.as_secs();
        assert_eq!(calls.apply(FAILED, at(0), 0.5), CallEffects::default());
        let remembered = calls.apply(FAILED, at(61), 0.5).standing.unwrap();
        assert_eq!(remembered.failing_since, Some(at(0).unix));
        assert_eq!(
            calls.apply(FAILED, at(3 * day_s - 1), 0.5),
            CallEffects::default()
        );
        let effects = calls.apply(FAILED, at(3 * day_s), 0.5);
        assert_eq!(effects.switched_off, Some(WebhookOff::Failing));
        assert_eq!(effects.standing.unwrap().off, Some(WebhookOff::Failing));
        assert_eq!(calls.turn(at(30 * day_s)), Turn::Off(WebhookOff::Failing));

        let mut restarted = WebhookCalls::new(3 * DAY, effects.standing.unwrap());
        assert_eq!(restarted.turn(at(0)), Turn::Off(WebhookOff::Failing));
        let effects = restarted.apply(CallEvent::Enabled, at(0), 0.5);
        assert_eq!(effects.standing, Some(Standing::default()));
        assert_eq!(restarted.turn(at(0)), Turn::Now);
    }

    #[test]
    fn a_restart_does_not_begin_the_days_anew() {
        let standing = Standing {
            failing_since: Some(at(0).unix),
            off: None,
        };
        let mut calls = WebhookCalls::new(3 * DAY, standing);
        assert_eq!(calls.turn(at(0)), Turn::Now);
        let effects = calls.apply(FAILED, at(3 * DAY.as_secs()), 0.5);
        assert_eq!(effects.switched_off, Some(WebhookOff::Failing));
    }

    #[test]
    fn gone_is_off_at_once() {
        let mut calls = calls();
        let effects = calls.apply(CallEvent::Gone, at(5), 0.5);
        assert_eq!(effects.switched_off, Some(WebhookOff::Gone));
        assert_eq!(calls.turn(at(6)), Turn::Off(WebhookOff::Gone));
        assert_eq!(calls.apply(CallEvent::Gone, at(7), 0.5), CallEffects::default());
    }

    #[test]
    fn a_receiver_that_comes_and_goes_makes_no_facts() {
        let mut calls = calls();
        for s in 0..100 {
            let event = if s % 2 == 0 { FAILED } else { CallEvent::Taken };
            assert_eq!(calls.apply(event, at(s), 0.5), CallEffects::default());
        }
    }

    proptest! {
        #[test]
        fn what_was_recorded_is_never_another_end_than_the_present_one(
            events in proptest::collection::vec((0u8..4, 1u64..40_000, 0.0..=1.0f64), 0..60)
        ) {
            let mut calls = calls();
            let mut recorded = Standing::default();
            let mut s = 0;
            for (kind, later, random) in events {
                s += later;
                let event = match kind {
                    0 => CallEvent::Taken,
                    1 => CallEvent::Gone,
                    2 => CallEvent::Enabled,
                    _ => FAILED,
                };
                let effects = calls.apply(event, at(s), random);
                recorded = effects.standing.unwrap_or(recorded);
                prop_assert_eq!(recorded.off, calls.standing().off);
                if let Turn::At(until) = calls.turn(at(s)) {
                    prop_assert!(until - at(s).monotonic <= WAIT_MAX);
                }
                if calls.standing().failing_since.is_none() {
                    prop_assert_eq!(recorded, Standing::default());
                }
            }
        }
    }
}
