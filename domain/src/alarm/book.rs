use super::figures::Figures;
use super::limits::AlarmLimits;
use super::record::{Alarm, AlarmId, AlarmKey, AlarmRule, AlarmState, Severity, Shelf};
use super::watch::{Finding, findings};
use crate::time::UnixMs;
use std::collections::BTreeMap;
use std::time::Duration;

/// Alarms that are open at once. More causes than this are counted, not kept.
pub const OPEN_MAX: usize = 1_000;
/// The longest time an alarm may be shelved.
pub const SHELVE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
pub const REASON_CHARACTERS_MAX: usize = 200;

/// How long a cause must be gone before the alarm returns, so that one that comes and goes rises once.
const OFF_DELAY: Duration = Duration::from_secs(5);

/// All open alarms: what the figures raise, and what operators do about it.
///
/// Every method that changes alarms returns them as they are now, for the log; [`AlarmBook::restore`] takes the last state of
/// each again after a restart.
#[derive(Debug, Default)]
pub struct AlarmBook {
    limits: AlarmLimits,
    open: BTreeMap<AlarmKey, Alarm>,
    /// Causes that are abnormal, or were until this moment.
    causes: BTreeMap<AlarmKey, Cause>,
    last_id: AlarmId,
    overflowed: u64,
}

#[derive(Clone, Copy, Debug)]
struct Cause {
    /// Since when it is there.
    since: UnixMs,
    seen: UnixMs,
    /// The worst that was told of it. A figure that swings around a limit does not ask to be seen each time.
    worst: Option<Severity>,
    /// There was no room for its alarm.
    overflowed: bool,
}

impl Cause {
    fn begins(since: UnixMs, now: UnixMs) -> Self {
        Cause {
            since,
            seen: now,
            worst: None,
            overflowed: false,
        }
    }
}

/// Why an operator's wish was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlarmError {
    #[error("there is no such open alarm")]
    Unknown,
    #[error("the end of shelving is not within the next {} days", SHELVE_MAX.as_secs() / 86_400)]
    ShelveTime,
    #[error("shelving needs a reason of 1 to {REASON_CHARACTERS_MAX} characters")]
    ShelveReason,
    #[error("the alarm is not shelved")]
    NotShelved,
}

impl AlarmBook {
    pub fn new(limits: AlarmLimits) -> Self {
        AlarmBook {
            limits,
            ..AlarmBook::default()
        }
    }

    /// What was open at the last end, and the highest number ever given. The first figures after a start are not complete: a
    /// cause that was there at the end counts as seen now.
    pub fn restore(&mut self, alarms: impl IntoIterator<Item = Alarm>, last_id: AlarmId, now: UnixMs) {
        for alarm in alarms {
            self.last_id = self.last_id.max(alarm.id);
            if alarm.cleared.is_some() {
                continue;
            }
            if alarm.returned.is_none() {
                let cause = Cause {
                    worst: Some(alarm.severity),
                    ..Cause::begins(alarm.since.min(now), now)
                };
                self.causes.insert(alarm.key.clone(), cause);
            }
            self.open.insert(alarm.key.clone(), alarm);
        }
        self.last_id = self.last_id.max(last_id);
    }

    /// Looks at the newest figures.
    pub fn look(&mut self, figures: &Figures, now: UnixMs) -> Vec<Alarm> {
        let mut changed = Vec::new();
        // Times ahead of a clock that was set back would let everything wait until they are reached again.
        for cause in self.causes.values_mut() {
            cause.since = cause.since.min(now);
            cause.seen = cause.seen.min(now);
        }
        for finding in findings(figures, &self.limits) {
            let cause = self.causes.entry(finding.key.clone());
            let cause = cause.or_insert_with(|| Cause::begins(now, now));
            cause.seen = now;
            if now.saturating_since(cause.since) >= on_delay(finding.key.rule) {
                self.raise(finding, now, &mut changed);
            }
        }
        self.causes
            .retain(|_, cause| now.saturating_since(cause.seen) < OFF_DELAY);
        let causes = &self.causes;
        for alarm in self.open.values_mut() {
            let before = alarm.clone();
            let is_there = causes.contains_key(&alarm.key);
            if alarm.shelf.as_ref().is_some_and(|shelf| shelf.until <= now) {
                alarm.unshelve();
            }
            if !is_there {
                alarm.returned.get_or_insert(now);
            }
            alarm.settle(now);
            if *alarm != before {
                changed.push(alarm.clone());
            }
        }
        self.open.retain(|_, alarm| alarm.cleared.is_none());
        changed
    }

    /// An operator has seen it.
    pub fn acknowledge(&mut self, id: AlarmId, by: &str, now: UnixMs) -> Result<Alarm, AlarmError> {
        self.change(id, now, |alarm| {
            if alarm.acknowledged.is_none() {
                alarm.acknowledged = Some((now, by.into()));
            }
            Ok(())
        })
    }

    /// An operator does not want to hear of it until then.
    pub fn shelve(
        &mut self,
        id: AlarmId,
        until: UnixMs,
        reason: &str,
        by: &str,
        now: UnixMs,
    ) -> Result<Alarm, AlarmError> {
        let reason = reason.trim();
        if until <= now || until.saturating_since(now) > SHELVE_MAX {
            return Err(AlarmError::ShelveTime);
        }
        if reason.is_empty() || reason.chars().nth(REASON_CHARACTERS_MAX).is_some() {
            return Err(AlarmError::ShelveReason);
        }
        self.change(id, now, |alarm| {
            alarm.shelf = Some(Shelf {
                until,
                by: by.into(),
                reason: reason.into(),
            });
            Ok(())
        })
    }

    /// Back from the shelf: heard again if the cause is there.
    pub fn unshelve(&mut self, id: AlarmId, now: UnixMs) -> Result<Alarm, AlarmError> {
        self.change(id, now, |alarm| {
            if alarm.shelf.is_none() {
                return Err(AlarmError::NotShelved);
            }
            alarm.unshelve();
            Ok(())
        })
    }

    /// Everything that is not history yet; most urgent first, then the newest.
    pub fn open(&self) -> Vec<&Alarm> {
        let mut open: Vec<_> = self.open.values().collect();
        open.sort_by_key(|alarm| {
            let urgency = match alarm.state() {
                AlarmState::Unacknowledged => 0,
                AlarmState::Acknowledged => 1,
                AlarmState::Returned => 2,
                AlarmState::Shelved | AlarmState::Cleared => 3,
            };
            let rank = std::cmp::Reverse((alarm.severity, alarm.since, alarm.id));
            (urgency, rank)
        });
        open
    }

    /// Causes for which there was no room.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    fn raise(&mut self, finding: Finding, now: UnixMs, changed: &mut Vec<Alarm>) {
        let Some(cause) = self.causes.get_mut(&finding.key) else {
            return;
        };
        let grew_worse = cause.worst.is_some_and(|worst| finding.severity > worst);
        cause.worst = cause.worst.max(Some(finding.severity));
        if let Some(alarm) = self.open.get_mut(&finding.key) {
            if alarm.stand(finding, grew_worse, now) {
                changed.push(alarm.clone());
            }
            return;
        }
        if self.open.len() >= OPEN_MAX {
            let Some(returned) = self.take_returned(now) else {
                let told = self
                    .causes
                    .get_mut(&finding.key)
                    .map(|cause| &mut cause.overflowed);
                if told.is_some_and(|told| !std::mem::replace(told, true)) {
                    self.overflowed += 1;
                }
                return;
            };
            changed.push(returned);
        }
        self.last_id = AlarmId(self.last_id.0 + 1);
        let alarm = Alarm {
            id: self.last_id,
            key: finding.key.clone(),
            severity: finding.severity,
            since: now,
            returned: None,
            acknowledged: None,
            shelf: None,
            cleared: None,
            figure: finding.figure,
            limit: finding.limit,
            detail: finding.detail,
            taken_over_by: finding.taken_over_by,
        };
        self.open.insert(finding.key, alarm.clone());
        changed.push(alarm);
    }

    /// Makes room: of those whose cause is gone and that nobody has seen, the one that waits longest is history.
    fn take_returned(&mut self, now: UnixMs) -> Option<Alarm> {
        let returned = self
            .open
            .values()
            .filter(|alarm| alarm.state() == AlarmState::Returned);
        let oldest = returned.min_by_key(|alarm| (alarm.returned, alarm.id))?;
        let mut alarm = self.open.remove(&oldest.key.clone())?;
        alarm.cleared = Some(now);
        Some(alarm)
    }

    fn change(
        &mut self,
        id: AlarmId,
        now: UnixMs,
        change: impl FnOnce(&mut Alarm) -> Result<(), AlarmError>,
    ) -> Result<Alarm, AlarmError> {
        let alarm = self.open.values_mut().find(|alarm| alarm.id == id);
        let alarm = alarm.ok_or(AlarmError::Unknown)?;
        change(alarm)?;
        alarm.settle(now);
        let alarm = alarm.clone();
        if alarm.cleared.is_some() {
            self.open.remove(&alarm.key);
        }
        Ok(alarm)
    }
}

impl Alarm {
    /// The cause is there. Tells whether the log should know; the running figure is not worth a line.
    fn stand(&mut self, finding: Finding, grew_worse: bool, now: UnixMs) -> bool {
        self.figure = finding.figure;
        self.limit = finding.limit;
        self.detail = finding.detail;
        self.taken_over_by = finding.taken_over_by;
        let came_back = self.returned.take().is_some() && self.shelf.is_none();
        let changed = self.severity != finding.severity;
        self.severity = finding.severity;
        if came_back || grew_worse {
            self.acknowledged = None;
        }
        if came_back {
            self.since = now;
        }
        changed || came_back
    }

    /// What was acknowledged before it was shelved has to be looked at again.
    fn unshelve(&mut self) {
        self.shelf = None;
        self.acknowledged = None;
    }

    /// What has returned and was seen is history.
    fn settle(&mut self, now: UnixMs) {
        if self.shelf.is_none() && self.returned.is_some() && self.acknowledged.is_some() {
            self.cleared = Some(now);
        }
    }
}

/// How long a cause must be there before it is an alarm.
fn on_delay(rule: AlarmRule) -> Duration {
    Duration::from_secs(match rule {
        AlarmRule::ConnectionDown
        // Who tells of it has waited already.
        | AlarmRule::ConnectionThrottled
        | AlarmRule::ClockJump
        | AlarmRule::WebhookOff => 0,
        AlarmRule::ConnectionDegraded | AlarmRule::Disk => 5,
        AlarmRule::ErrorRate
        | AlarmRule::Backlog
        | AlarmRule::Latency
        | AlarmRule::Uncertain
        | AlarmRule::HistoryBehind => 30,
    })
}

#[cfg(test)]
mod tests {
    use super::super::figures::ConnectionFigures;
    use super::*;
    use crate::alarm::Severity;

    const SECOND: u64 = 1_000;

    fn at(second: u64) -> UnixMs {
        UnixMs(1_000_000 + second * SECOND)
    }

    fn figures(bound: u32) -> Figures {
        Figures {
            connections: vec![ConnectionFigures {
                name: "移动-1".into(),
                is_usable: true,
                sessions_bound: bound,
                sessions_wanted: 2,
                ..ConnectionFigures::default()
            }],
            ..Figures::default()
        }
    }

    fn states(book: &AlarmBook) -> Vec<(AlarmRule, AlarmState)> {
        book.open()
            .iter()
            .map(|alarm| (alarm.key.rule, alarm.state()))
            .collect()
    }

    fn down(state: AlarmState) -> Vec<(AlarmRule, AlarmState)> {
        vec![(AlarmRule::ConnectionDown, state)]
    }

    /// A book in which the connection is down since second 0.
    fn raised() -> (AlarmBook, AlarmId) {
        let mut book = AlarmBook::default();
        let changed = book.look(&figures(0), at(0));
        assert_eq!(changed.len(), 1);
        (book, changed[0].id)
    }

    #[test]
    fn seen_and_then_gone_is_history() {
        let (mut book, id) = raised();
        assert_eq!(states(&book), down(AlarmState::Unacknowledged));
        assert_eq!(book.look(&figures(0), at(1)), [], "the log is told once");
        book.acknowledge(id, "admin", at(2)).unwrap();
        assert_eq!(states(&book), down(AlarmState::Acknowledged));
        book.look(&figures(2), at(3));
        assert_eq!(
            states(&book),
            down(AlarmState::Acknowledged),
            "it may come back at once"
        );
        let changed = book.look(&figures(2), at(9));
        assert_eq!(changed[0].state(), AlarmState::Cleared);
        assert_eq!(states(&book), []);
    }

    #[test]
    fn gone_and_not_seen_waits_to_be_seen() {
        let (mut book, id) = raised();
        book.look(&figures(2), at(9));
        assert_eq!(states(&book), down(AlarmState::Returned));
        let alarm = book.acknowledge(id, "admin", at(10)).unwrap();
        assert_eq!(alarm.state(), AlarmState::Cleared);
        assert_eq!(states(&book), []);
        assert_eq!(book.acknowledge(id, "admin", at(11)), Err(AlarmError::Unknown));
    }

    #[test]
    fn what_comes_back_is_to_be_seen_again() {
        let (mut book, id) = raised();
        book.look(&figures(2), at(9));
        let changed = book.look(&figures(0), at(20));
        assert_eq!((changed[0].id, changed[0].since), (id, at(20)));
        assert_eq!(states(&book), down(AlarmState::Unacknowledged));
    }

    #[test]
    fn a_connection_that_flaps_rises_once() {
        let (mut book, id) = raised();
        for second in 1..60 {
            let bound = if second % 4 == 0 { 0 } else { 2 };
            assert_eq!(book.look(&figures(bound), at(second)), []);
        }
        assert_eq!(book.open()[0].id, id);
    }

    #[test]
    fn growing_worse_is_to_be_seen_again() {
        let mut book = AlarmBook::default();
        let with = |failures| {
            let mut figures = figures(2);
            figures.connections[0].outcomes = 1_000;
            figures.connections[0].failures = failures;
            figures
        };
        assert_eq!(book.look(&with(150), at(0)), [], "it must stand for a while");
        let warned = book.look(&with(150), at(30));
        assert_eq!(warned[0].severity, Severity::Warning);
        book.acknowledge(warned[0].id, "admin", at(31)).unwrap();
        let worse = book.look(&with(500), at(32));
        assert_eq!(worse[0].severity, Severity::Critical);
        assert_eq!(worse[0].state(), AlarmState::Unacknowledged);
        book.acknowledge(worse[0].id, "admin", at(33)).unwrap();
        let better = book.look(&with(150), at(34));
        assert_eq!(better[0].state(), AlarmState::Acknowledged);
    }

    #[test]
    fn a_figure_that_swings_around_a_limit_is_seen_once() {
        let mut book = AlarmBook::default();
        let look = |book: &mut AlarmBook, failures, second| {
            let mut figures = figures(2);
            figures.connections[0].outcomes = 1_000;
            figures.connections[0].failures = failures;
            book.look(&figures, at(second));
            let open = book.open();
            open.first()
                .map(|alarm| (alarm.id, alarm.severity, alarm.state()))
        };
        assert_eq!(look(&mut book, 301, 0), None);
        let (id, ..) = look(&mut book, 301, 30).unwrap();
        book.acknowledge(id, "admin", at(31)).unwrap();
        for second in 32..100 {
            let (failures, severity) = if second % 2 == 0 {
                (299, Severity::Warning)
            } else {
                (301, Severity::Critical)
            };
            let seen = (id, severity, AlarmState::Acknowledged);
            assert_eq!(look(&mut book, failures, second), Some(seen), "at {second}");
        }
    }

    /// The clock was an hour ahead, and was set right.
    #[test]
    fn a_clock_that_is_set_back_delays_no_alarm_and_no_end() {
        const HOUR: u64 = 3_600;
        let mut book = AlarmBook::default();
        book.look(&figures(0), at(HOUR));
        assert_eq!(states(&book), down(AlarmState::Unacknowledged));
        for second in 0..6 {
            book.look(&figures(1), at(second));
        }
        let degraded = (AlarmRule::ConnectionDegraded, AlarmState::Unacknowledged);
        let gone = (AlarmRule::ConnectionDown, AlarmState::Returned);
        assert_eq!(states(&book), [degraded, gone]);
        for second in 6..12 {
            book.look(&figures(2), at(second));
        }
        assert!(book.open().iter().all(|alarm| alarm.returned.is_some()));
        // What began to stand before the clock was set back stands since then.
        book.look(&figures(1), at(HOUR));
        (0..6).for_each(|second| drop(book.look(&figures(1), at(20 + second))));
        assert!(states(&book).contains(&degraded));
    }

    #[test]
    fn a_shelved_alarm_is_silent_until_its_time() {
        let (mut book, id) = raised();
        book.shelve(id, at(100), "换卡", "admin", at(1)).unwrap();
        assert_eq!(states(&book), down(AlarmState::Shelved));
        book.look(&figures(2), at(10));
        book.look(&figures(0), at(20));
        assert_eq!(states(&book), down(AlarmState::Shelved));
        book.look(&figures(0), at(100));
        assert_eq!(states(&book), down(AlarmState::Unacknowledged));
        book.shelve(id, at(200), "换卡", "admin", at(101)).unwrap();
        let alarm = book.unshelve(id, at(102)).unwrap();
        assert_eq!(alarm.state(), AlarmState::Unacknowledged);
        assert_eq!(book.unshelve(id, at(103)), Err(AlarmError::NotShelved));
    }

    #[test]
    fn shelving_has_an_end_and_a_reason() {
        let (mut book, id) = raised();
        let too_long = UnixMs(at(1).0 + SHELVE_MAX.as_millis() as u64 + 1);
        for until in [at(0), at(1), too_long, UnixMs(u64::MAX)] {
            let refused = book.shelve(id, until, "x", "admin", at(1));
            assert_eq!(refused, Err(AlarmError::ShelveTime));
        }
        for reason in ["", "  ", &"长".repeat(REASON_CHARACTERS_MAX + 1)] {
            let refused = book.shelve(id, at(9), reason, "admin", at(1));
            assert_eq!(refused, Err(AlarmError::ShelveReason));
        }
        let unknown = book.shelve(AlarmId(99), at(9), "x", "admin", at(1));
        assert_eq!(unknown, Err(AlarmError::Unknown));
    }

    #[test]
    fn a_restart_goes_on_where_it_was() {
        let (mut book, id) = raised();
        book.acknowledge(id, "admin", at(1)).unwrap();
        let open: Vec<_> = book.open().into_iter().cloned().collect();
        let mut again = AlarmBook::default();
        again.restore(open, AlarmId(7), at(4));
        assert_eq!(again.look(&Figures::default(), at(4)), [], "nothing is known yet");
        assert_eq!(again.look(&figures(0), at(5)), []);
        assert_eq!(states(&again), down(AlarmState::Acknowledged));
        again.look(&figures(1), at(20));
        let changed = again.look(&figures(1), at(30));
        assert_eq!(
            changed.last().unwrap().id,
            AlarmId(8),
            "numbers are not given twice"
        );
    }

    #[test]
    fn what_went_away_while_nobody_looked_returns_after_a_restart() {
        let (book, _) = raised();
        let open: Vec<_> = book.open().into_iter().cloned().collect();
        let mut again = AlarmBook::default();
        again.restore(open, AlarmId(1), at(60));
        assert_eq!(again.look(&figures(2), at(61)), []);
        assert_eq!(again.look(&figures(2), at(65))[0].returned, Some(at(65)));
    }

    #[test]
    fn there_is_an_end_to_open_alarms() {
        let mut book = AlarmBook::default();
        let figures = Figures {
            webhooks_off: (0..2_000).map(|n| (format!("{n}").into(), 1)).collect(),
            ..Figures::default()
        };
        for second in 0..3 {
            book.look(&figures, at(second));
            assert_eq!(book.open().len(), OPEN_MAX);
            assert_eq!(book.overflowed(), 1_000, "each cause once");
        }
    }

    /// Nobody looks for years, and objects come and go: what is wrong now is told all the same.
    #[test]
    fn what_has_returned_makes_room() {
        let mut book = AlarmBook::default();
        let figures = |name: u64| Figures {
            webhooks_off: vec![(format!("{name}").into(), 1)],
            ..Figures::default()
        };
        for name in 0..OPEN_MAX as u64 {
            book.look(&figures(name), at(name * 10));
        }
        let now = at(OPEN_MAX as u64 * 10);
        let changed = book.look(&figures(OPEN_MAX as u64), now);
        let told: Vec<_> = changed
            .iter()
            .map(|alarm| (alarm.id, alarm.state()))
            .filter(|(_, state)| *state != AlarmState::Returned)
            .collect();
        let new = AlarmId(OPEN_MAX as u64 + 1);
        assert_eq!(
            told,
            [
                (AlarmId(1), AlarmState::Cleared),
                (new, AlarmState::Unacknowledged)
            ]
        );
        assert_eq!((book.open().len(), book.overflowed()), (OPEN_MAX, 0));
    }
}
