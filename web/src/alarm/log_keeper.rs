use crate::http::{Chain, time};
use carillon_domain::alarm::{Alarm, AlarmId, OPEN_MAX};
use carillon_domain::time::UnixMs;
use carillon_storage::alarm_log::AlarmLog;
use carillon_storage::catalog::CatalogError;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Alarms that wait to be stored, at most. More than can be open, so that what is dropped is over.
const WAITING_MAX: usize = 4 * OPEN_MAX;
/// How long alarms that are over are kept.
const KEPT: Duration = Duration::from_secs(400 * 24 * 3600);
const FORGET_EVERY: Duration = Duration::from_secs(24 * 3600);
/// Pause after the log could not be written.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// How long an operator waits for a change to be stored.
const PATIENCE: Duration = Duration::from_secs(5);

/// Stores alarms behind the desk's back: however slow the log is, the desk goes on looking.
pub struct LogKeeper {
    pub log: Arc<dyn AlarmLog>,
    waiting: Mutex<Waiting>,
    /// Everything noted up to this ticket is stored.
    stored: watch::Sender<Ticket>,
    wake: Notify,
}

/// A moment in the order of what is to be stored.
pub type Ticket = u64;

#[derive(Default)]
struct Waiting {
    /// As they were last noted.
    alarms: BTreeMap<AlarmId, Alarm>,
    ticket: Ticket,
    dropped: u64,
}

impl LogKeeper {
    pub fn new(log: Arc<dyn AlarmLog>) -> Self {
        LogKeeper {
            log,
            waiting: Mutex::default(),
            stored: watch::Sender::new(0),
            wake: Notify::new(),
        }
    }

    /// Has alarms stored as they are now.
    pub fn note(&self, alarms: &[Alarm]) -> Ticket {
        let mut waiting = self.waiting.lock();
        if alarms.is_empty() {
            return waiting.ticket;
        }
        waiting.ticket += 1;
        for alarm in alarms {
            waiting.alarms.insert(alarm.id, alarm.clone());
        }
        waiting.drop_surplus();
        self.wake.notify_one();
        waiting.ticket
    }

    /// Resolves when everything up to the ticket is stored; `false` when that takes too long.
    pub async fn stored(&self, ticket: Ticket) -> bool {
        let mut stored = self.stored.subscribe();
        let wait = stored.wait_for(|stored| *stored >= ticket);
        matches!(tokio::time::timeout(PATIENCE, wait).await, Ok(Ok(_)))
    }

    /// What is not stored yet.
    pub fn waiting(&self) -> BTreeMap<AlarmId, Alarm> {
        self.waiting.lock().alarms.clone()
    }

    pub fn waiting_count(&self) -> usize {
        self.waiting.lock().alarms.len()
    }

    /// Alarms that were over and never stored, for want of room.
    pub fn dropped(&self) -> u64 {
        self.waiting.lock().dropped
    }

    /// Stores what waits. Given up in the middle, it all still waits.
    pub async fn store(&self) -> Result<(), CatalogError> {
        let (alarms, ticket) = {
            let waiting = self.waiting.lock();
            let alarms: Vec<_> = waiting.alarms.values().cloned().collect();
            (alarms, waiting.ticket)
        };
        if !alarms.is_empty() {
            self.log.put_alarms(&alarms).await?;
        }
        let mut waiting = self.waiting.lock();
        for alarm in &alarms {
            // One that has changed meanwhile waits again.
            if waiting.alarms.get(&alarm.id) == Some(alarm) {
                waiting.alarms.remove(&alarm.id);
            }
        }
        drop(waiting);
        self.stored.send_modify(|stored| *stored = ticket.max(*stored));
        Ok(())
    }

    /// Stores what is noted and forgets what is old; never ends.
    pub async fn watch(&self) {
        loop {
            self.forget().await;
            let next = tokio::time::sleep(FORGET_EVERY);
            tokio::pin!(next);
            loop {
                tokio::select! {
                    () = self.wake.notified() => self.store_at_last().await,
                    () = &mut next => break,
                }
            }
        }
    }

    async fn store_at_last(&self) {
        let mut pause = PAUSE;
        while let Err(error) = self.store().await {
            // Told once, not with every try.
            if pause == PAUSE {
                tracing::error!(cause = %Chain(&error), "alarms cannot be stored; they stand, and are stored later");
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn forget(&self) {
        let before = time::now().0.saturating_sub(KEPT.as_millis() as u64);
        match self.log.forget_alarms(UnixMs(before)).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "old alarms are forgotten"),
            Err(error) => tracing::warn!(cause = %Chain(&error), "old alarms cannot be forgotten"),
        }
    }
}

impl Waiting {
    fn drop_surplus(&mut self) {
        while self.alarms.len() > WAITING_MAX {
            let mut over = self.alarms.values().filter(|alarm| alarm.cleared.is_some());
            let Some(oldest) = over.next().map(|alarm| alarm.id) else {
                return;
            };
            self.alarms.remove(&oldest);
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use carillon_domain::alarm::{AlarmKey, AlarmRule, Severity};
    use std::sync::atomic::{AtomicBool, Ordering};

    /// A log that fails while it is told to.
    #[derive(Default)]
    struct Log {
        fails: AtomicBool,
        alarms: Mutex<BTreeMap<AlarmId, Alarm>>,
        /// What changes while it is written.
        meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    }

    #[async_trait]
    impl AlarmLog for Log {
        async fn open_alarms(&self) -> Result<Vec<Alarm>, CatalogError> {
            Ok(Vec::new())
        }

        async fn last_alarm(&self) -> Result<AlarmId, CatalogError> {
            Ok(AlarmId(0))
        }

        async fn put_alarms(&self, alarms: &[Alarm]) -> Result<(), CatalogError> {
            if self.fails.load(Ordering::Relaxed) {
                return Err(CatalogError::Unreadable {
                    kind: "alarm",
                    detail: "injected".to_owned(),
                });
            }
            if let Some(meanwhile) = self.meanwhile.lock().take() {
                meanwhile();
            }
            let new = alarms.iter().map(|alarm| (alarm.id, alarm.clone()));
            self.alarms.lock().extend(new);
            Ok(())
        }

        async fn alarms(&self, _: Option<AlarmId>, _: usize) -> Result<Vec<Alarm>, CatalogError> {
            Ok(Vec::new())
        }

        async fn forget_alarms(&self, _: UnixMs) -> Result<u64, CatalogError> {
            Ok(0)
        }
    }

    fn alarm(id: u64, cleared: bool) -> Alarm {
        Alarm {
            id: AlarmId(id),
            key: AlarmKey {
                rule: AlarmRule::Disk,
                object: "journal".into(),
            },
            severity: Severity::Critical,
            since: UnixMs(id),
            returned: None,
            acknowledged: None,
            shelf: None,
            cleared: cleared.then_some(UnixMs(id)),
            figure: 0,
            limit: 0,
            detail: "".into(),
            taken_over_by: Vec::new(),
        }
    }

    #[actix_web::test]
    async fn what_could_not_be_stored_is_stored_later_as_it_is_then() {
        let log = Arc::new(Log::default());
        let keeper = LogKeeper::new(log.clone());
        log.fails.store(true, Ordering::Relaxed);
        let first = keeper.note(&[alarm(1, false), alarm(2, false)]);
        assert!(keeper.store().await.is_err());
        assert_eq!(keeper.waiting_count(), 2);
        let second = keeper.note(&[alarm(1, true)]);
        assert!(second > first);
        log.fails.store(false, Ordering::Relaxed);
        keeper.store().await.unwrap();
        assert!(keeper.stored(second).await);
        assert_eq!(keeper.waiting_count(), 0);
        let stored: Vec<_> = log.alarms.lock().values().cloned().collect();
        assert_eq!(stored, [alarm(1, true), alarm(2, false)]);
    }

    #[actix_web::test]
    async fn what_changes_while_it_is_stored_is_stored_again() {
        let log = Arc::new(Log::default());
        let keeper = Arc::new(LogKeeper::new(log.clone()));
        let (noting, noted) = (keeper.clone(), Arc::new(Mutex::new(0)));
        let ticket = noted.clone();
        *log.meanwhile.lock() = Some(Box::new(move || *ticket.lock() = noting.note(&[alarm(1, true)])));
        let first = keeper.note(&[alarm(1, false)]);
        keeper.store().await.unwrap();
        assert!(keeper.stored(first).await);
        assert!(*keeper.stored.borrow() < *noted.lock());
        assert_eq!(keeper.waiting_count(), 1);
        keeper.store().await.unwrap();
        assert_eq!(log.alarms.lock()[&AlarmId(1)], alarm(1, true));
    }

    #[test]
    fn a_log_that_never_works_fills_no_memory() {
        let keeper = LogKeeper::new(Arc::new(Log::default()));
        for id in 1..=WAITING_MAX as u64 + 100 {
            keeper.note(&[alarm(id, !id.is_multiple_of(7))]);
        }
        assert_eq!((keeper.waiting_count(), keeper.dropped()), (WAITING_MAX, 100));
        let waiting = keeper.waiting();
        let open = |id: &u64| id.is_multiple_of(7);
        assert!(
            (1..200u64)
                .filter(open)
                .all(|id| waiting.contains_key(&AlarmId(id)))
        );
    }
}
