//! When a message may be written to its person (SEND-5): not before its time, inside the windows that hold for it.

use crate::catalog::Compiled;
use crate::day_window::DayWindow;
use crate::ids::{BusinessTypeId, TenantId};
use crate::time::UnixMs;
use std::time::Duration;

/// Windows open every day or never together.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Everything that decides when a message may be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendingTimes {
    /// 0 when it may go at once.
    pub not_before: UnixMs,
    /// Of the business type; written only inside it.
    pub sending_window: Option<DayWindow>,
    /// Of the organisation, where the business type respects them; written only outside of them.
    pub quiet_hours: Option<DayWindow>,
    /// Of the recipient; written only inside it.
    pub person_window: Option<DayWindow>,
}

/// A message waits for its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What it waits for last.
    pub why: WaitReason,
    pub until: UnixMs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// The caller named a time.
    Scheduled,
    /// That of the business type is closed.
    SendingWindow,
    /// The organisation's.
    QuietHours,
    /// The recipient's own window is closed.
    PersonWindow,
}

impl WaitReason {
    /// The word in the API and the interface's message files.
    pub fn word(self) -> &'static str {
        match self {
            WaitReason::Scheduled => "scheduled",
            WaitReason::SendingWindow => "sending_window",
            WaitReason::QuietHours => "quiet_hours",
            WaitReason::PersonWindow => "person_window",
        }
    }
}

/// At no minute of the day may the message be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sending window, quiet hours and the recipient's window leave no minute of the day")]
pub struct NeverOpen;

impl SendingTimes {
    /// As the catalog has them. Of a business type or organisation that it does not know nothing is asked.
    pub fn new(
        catalog: &Compiled,
        tenant: TenantId,
        business_type: BusinessTypeId,
        not_before: UnixMs,
        person_window: Option<DayWindow>,
    ) -> Self {
        let business_type = catalog.business_type(business_type);
        let organisation = catalog.snapshot().organisations.get(&tenant);
        SendingTimes {
            not_before,
            sending_window: business_type.and_then(|kind| kind.sending_window),
            quiet_hours: organisation
                .and_then(|organisation| organisation.quiet_hours)
                .filter(|_| business_type.is_none_or(|kind| !kind.ignore_quiet_hours)),
            person_window,
        }
    }

    /// The first moment from `now` on at which the message may be written, and what is waited for; `None` when that is now.
    pub fn next_opening(&self, now: UnixMs) -> Result<Option<Waiting>, NeverOpen> {
        let start = now.max(self.not_before);
        let mut waiting = Waiting {
            why: WaitReason::Scheduled,
            until: start,
        };
        // Each step goes to the first moment that one of them allows, so none that all allow is passed over.
        while let Some(later) = self.step(waiting.until) {
            if later.until >= start + DAY {
                return Err(NeverOpen);
            }
            waiting = later;
        }
        Ok(Some(waiting).filter(|waiting| waiting.until > now))
    }

    /// What forbids to write at `at`, and until when at least.
    fn step(&self, at: UnixMs) -> Option<Waiting> {
        let inside = |window: Option<DayWindow>| window.map_or(at, |window| window.next_inside(at));
        let outside = |window: Option<DayWindow>| window.map_or(at, |window| window.next_outside(at));
        [
            (WaitReason::SendingWindow, inside(self.sending_window)),
            (WaitReason::QuietHours, outside(self.quiet_hours)),
            (WaitReason::PersonWindow, inside(self.person_window)),
        ]
        .into_iter()
        .find(|(_, until)| *until > at)
        .map(|(why, until)| Waiting { why, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-01-01T00:00:00+08:00
    const MIDNIGHT: u64 = 1_767_196_800_000;
    const MINUTE_MS: u64 = 60_000;

    fn at(hour: u64, minute: u64) -> UnixMs {
        UnixMs(MIDNIGHT + (hour * 60 + minute) * MINUTE_MS)
    }

    fn window(text: &str) -> Option<DayWindow> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    fn times(sending: &str, quiet: &str, person: &str) -> SendingTimes {
        SendingTimes {
            not_before: UnixMs(0),
            sending_window: window(sending),
            quiet_hours: window(quiet),
            person_window: window(person),
        }
    }

    #[test]
    fn what_is_waited_for_last_is_told() {
        use WaitReason::{PersonWindow, QuietHours, Scheduled, SendingWindow};
        let waits = |why, hour, minute| {
            Ok(Some(Waiting {
                why,
                until: at(hour, minute),
            }))
        };
        let scheduled = |times: SendingTimes| SendingTimes {
            not_before: at(21, 30),
            ..times
        };
        for (times, now, expected) in [
            (times("", "", ""), at(3, 0), Ok(None)),
            (times("08:00-20:00", "22:00-07:00", ""), at(12, 0), Ok(None)),
            (
                times("08:00-20:00", "22:00-07:00", ""),
                at(23, 0),
                waits(SendingWindow, 32, 0),
            ),
            (
                times("06:00-20:00", "22:00-07:00", ""),
                at(23, 0),
                waits(QuietHours, 31, 0),
            ),
            (
                times("08:00-20:00", "12:00-14:00", "12:30-18:00"),
                at(9, 0),
                waits(QuietHours, 14, 0),
            ),
            (times("", "", "18:00-20:00"), at(9, 0), waits(PersonWindow, 18, 0)),
            (scheduled(times("", "", "")), at(9, 0), waits(Scheduled, 21, 30)),
            (scheduled(times("", "", "")), at(22, 0), Ok(None)),
            (
                scheduled(times("", "21:00-07:00", "")),
                at(9, 0),
                waits(QuietHours, 31, 0),
            ),
            (times("20:00-22:00", "19:00-23:00", ""), at(9, 0), Err(NeverOpen)),
            (times("08:00-12:00", "", "13:00-18:00"), at(9, 0), Err(NeverOpen)),
            // Open for one minute.
            (
                times("08:00-12:00", "", "11:59-18:00"),
                at(12, 0),
                waits(PersonWindow, 35, 59),
            ),
        ] {
            assert_eq!(times.next_opening(now), expected, "{times:?} at {now:?}");
        }
    }

    #[test]
    fn the_end_of_time_is_no_loop() {
        let times = times("08:00-20:00", "22:00-07:00", "09:00-10:00");
        let _moment_or_never = times.next_opening(UnixMs(u64::MAX));
        let _moment_or_never = times.next_opening(UnixMs(u64::MAX - MINUTE_MS));
    }

    fn any_window() -> impl Strategy<Value = Option<DayWindow>> {
        let window = (0..1440u16, 1..=1440u16);
        prop::option::of(
            window.prop_filter_map("differing ends", |(from, until)| DayWindow::new(from, until).ok()),
        )
    }

    proptest! {
        /// Against a walk over all minutes of a day.
        #[test]
        fn the_opening_is_the_first_moment_inside_all_windows(
            sending_window in any_window(),
            quiet_hours in any_window(),
            person_window in any_window(),
            not_before in 0..3 * 1440u64,
            now in 0..2 * 1440 * MINUTE_MS,
        ) {
            let now = UnixMs(MIDNIGHT + now);
            let not_before = at(0, not_before);
            let times = SendingTimes { not_before, sending_window, quiet_hours, person_window };
            let is_open = |at: UnixMs| {
                sending_window.is_none_or(|window| window.contains(at))
                    && quiet_hours.is_none_or(|window| !window.contains(at))
                    && person_window.is_none_or(|window| window.contains(at))
            };
            let start = now.max(not_before);
            let whole_minute = start.0 - start.0 % MINUTE_MS;
            let minutes = (0..=1440).map(|minute| UnixMs(whole_minute + minute * MINUTE_MS).max(start));
            let first = minutes.into_iter().find(|at| is_open(*at));
            match times.next_opening(now) {
                Err(NeverOpen) => prop_assert_eq!(first, None),
                Ok(None) => prop_assert_eq!(first, Some(now)),
                Ok(Some(waiting)) => {
                    prop_assert_eq!(first, Some(waiting.until));
                    prop_assert!(waiting.until > now);
                }
            }
        }
    }
}
