use super::figures::figures;
use super::log_keeper::{LogKeeper, Ticket};
use super::sight::Sight;
use super::sources::AlarmSources;
use super::view::view;
use crate::http::time;
use carillon_api::live::{AlarmView, AlarmsPanel, Panel};
use carillon_domain::alarm::{
    Alarm, AlarmBook, AlarmError, AlarmId, AlarmKey, AlarmLimits, AlarmRule, AlarmState, Severity,
};
use carillon_domain::ids::TenantId;
use carillon_domain::time::UnixMs;
use carillon_storage::alarm_log::AlarmLog;
use carillon_storage::catalog::CatalogError;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// Alarms that are over and remembered, so that screens tell the last one.
const OVER_MAX: usize = 100;

/// Looks at the figures, keeps the alarms, and lets operators handle them.
pub struct AlarmDesk {
    sources: AlarmSources,
    state: Mutex<State>,
    pub(super) keeper: LogKeeper,
}

struct State {
    book: AlarmBook,
    /// The last ones that are over, newest first.
    over: VecDeque<Alarm>,
    /// `None` before the first look.
    looked_at: Option<UnixMs>,
}

/// An alarm as an operator has left it, and what stores that.
pub struct Handled {
    pub alarm: AlarmView,
    pub ticket: Ticket,
}

impl AlarmDesk {
    /// Goes on where the last desk ended.
    pub async fn open(
        sources: AlarmSources,
        log: Arc<dyn AlarmLog>,
        limits: AlarmLimits,
    ) -> Result<Self, CatalogError> {
        let mut book = AlarmBook::new(limits);
        book.restore(log.open_alarms().await?, log.last_alarm().await?, time::now());
        let mut over = VecDeque::from(log.alarms(None, OVER_MAX).await?);
        over.retain(|alarm| alarm.cleared.is_some());
        over.make_contiguous()
            .sort_by_key(|alarm| std::cmp::Reverse(alarm.cleared));
        Ok(AlarmDesk {
            sources,
            state: Mutex::new(State {
                book,
                over,
                looked_at: None,
            }),
            keeper: LogKeeper::new(log),
        })
    }

    /// Looks at the figures as they are now.
    pub fn look(&self) {
        let now = time::now();
        let mut state = self.state.lock();
        let figures = figures(&self.sources, |name| state.is_down(name), now);
        let changed = state.book.look(&figures, now);
        state.looked_at = Some(now);
        changed.iter().for_each(tell);
        self.take(&mut state, &changed);
    }

    /// What screens of an organisation, or of the whole installation, show.
    pub fn panel(&self, scope: Option<TenantId>) -> Panel<AlarmsPanel> {
        let catalog = self.sources.lane.catalog();
        let sight = Sight::of(scope, &catalog);
        let shown = |alarm: &Alarm| sight.has(&alarm.key).then(|| sight.narrow(view(alarm, &catalog)));
        let state = self.state.lock();
        Panel {
            at_ms: state.looked_at.map_or(0, |at| at.0),
            data: AlarmsPanel {
                alarms: state.book.open().into_iter().filter_map(shown).collect(),
                last: state.over.iter().find_map(shown),
            },
        }
    }

    pub fn acknowledge(&self, id: AlarmId, by: &str) -> Result<Handled, AlarmError> {
        self.handle(|book, now| book.acknowledge(id, by, now))
    }

    pub fn shelve(&self, id: AlarmId, until: UnixMs, reason: &str, by: &str) -> Result<Handled, AlarmError> {
        self.handle(|book, now| book.shelve(id, until, reason, by, now))
    }

    pub fn unshelve(&self, id: AlarmId) -> Result<Handled, AlarmError> {
        self.handle(|book, now| book.unshelve(id, now))
    }

    /// Everything that is not over, as it is now.
    pub(super) fn open_alarms(&self) -> Vec<Alarm> {
        self.state.lock().book.open().into_iter().cloned().collect()
    }

    pub(super) fn shown(&self, alarm: &Alarm) -> AlarmView {
        view(alarm, &self.sources.lane.catalog())
    }

    /// Causes for which there was no room.
    pub(super) fn overflowed(&self) -> u64 {
        self.state.lock().book.overflowed()
    }

    /// Reads the disks and stores what changes; never ends.
    pub async fn watch(&self) {
        tokio::join!(self.sources.disks.watch(), self.keeper.watch());
    }

    /// Stores what is not stored yet.
    pub async fn close(&self) -> Result<(), CatalogError> {
        self.keeper.store().await
    }

    fn handle(
        &self,
        change: impl FnOnce(&mut AlarmBook, UnixMs) -> Result<Alarm, AlarmError>,
    ) -> Result<Handled, AlarmError> {
        let mut state = self.state.lock();
        let alarm = change(&mut state.book, time::now())?;
        Ok(Handled {
            alarm: self.shown(&alarm),
            ticket: self.take(&mut state, std::slice::from_ref(&alarm)),
        })
    }

    /// Notes in the order of the changes: the state is held meanwhile.
    fn take(&self, state: &mut State, changed: &[Alarm]) -> Ticket {
        for alarm in changed.iter().filter(|alarm| alarm.cleared.is_some()) {
            state.over.push_front(alarm.clone());
        }
        state.over.truncate(OVER_MAX);
        self.keeper.note(changed)
    }
}

impl State {
    fn is_down(&self, connection: &str) -> bool {
        let key = AlarmKey {
            rule: AlarmRule::ConnectionDown,
            object: connection.into(),
        };
        self.book
            .open()
            .iter()
            .any(|alarm| alarm.key == key && alarm.returned.is_none())
    }
}

/// What the figures did to an alarm; what operators do stands in the audit log.
fn tell(alarm: &Alarm) {
    let AlarmKey { rule, object } = &alarm.key;
    let (id, figure, limit) = (alarm.id.0, alarm.figure, alarm.limit);
    macro_rules! line {
        ($level:ident, $words:literal) => {
            tracing::$level!(target: "carillon::alarm", id, ?rule, %object, figure, limit, detail = %alarm.detail, $words)
        };
    }
    match (alarm.state(), alarm.severity) {
        (AlarmState::Unacknowledged | AlarmState::Acknowledged, Severity::Critical) => {
            line!(error, "critical alarm");
        }
        (AlarmState::Unacknowledged | AlarmState::Acknowledged, Severity::Warning) => {
            line!(warn, "warning");
        }
        (AlarmState::Returned, _) => line!(info, "the cause of an alarm is gone"),
        (AlarmState::Cleared, _) => line!(info, "an alarm is over"),
        (AlarmState::Shelved, _) => line!(debug, "a shelved alarm changed"),
    }
}
