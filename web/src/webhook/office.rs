use super::caller::Caller;
use super::figures::Figures;
use super::line::Line;
use carillon_actors::LaneHandle;
use carillon_actors::clock::Clock;
use carillon_actors::fan_out::FanOut;
use carillon_actors::feed::Cursor;
use carillon_domain::ids::AccountId;
use carillon_domain::time::Now;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Deliverers that read the journal at the same time.
const READINGS_MAX: usize = 2;

/// What all deliverers share.
pub struct Office {
    pub lane: LaneHandle,
    pub caller: Caller,
    pub off_after: Duration,
    pub fan: Mutex<FanOut>,
    pub lines: Mutex<BTreeMap<AccountId, Arc<Line>>>,
    pub figures: Figures,
    pub readings: Semaphore,
    clock: Clock,
    #[cfg(test)]
    pub faults: Faults,
}

/// Lets those who work here panic once.
#[cfg(test)]
#[derive(Default)]
pub struct Faults {
    pub manager: AtomicBool,
    pub deliverer: AtomicBool,
}

#[cfg(test)]
impl Faults {
    pub fn meet(fault: &AtomicBool) {
        assert!(!fault.swap(false, Ordering::Relaxed), "injected");
    }
}

impl Office {
    pub fn new(lane: LaneHandle, caller: Caller, off_after: Duration) -> Self {
        Office {
            lane,
            caller,
            off_after,
            fan: Mutex::new(FanOut::new(Cursor::default())),
            lines: Mutex::default(),
            figures: Figures::default(),
            readings: Semaphore::new(READINGS_MAX),
            clock: Clock::start(),
            #[cfg(test)]
            faults: Faults::default(),
        }
    }

    pub fn now(&self) -> Now {
        self.clock.now()
    }

    pub fn line(&self, account: AccountId) -> Option<Arc<Line>> {
        self.lines.lock().get(&account).cloned()
    }

    /// Wakes the deliverers that have something to do since.
    pub fn wake(&self) {
        let woken = self.fan.lock().take_woken();
        if woken.is_empty() {
            return;
        }
        let lines = self.lines.lock();
        for (account, _) in woken {
            if let Some(line) = lines.get(&account) {
                line.wake.notify_one();
            }
        }
    }

    /// Records how far the feeds have come; `false` when there is nothing to record.
    pub async fn record(&self) -> bool {
        let lines: Vec<_> = self.lines.lock().values().cloned().collect();
        let due: Vec<_> = lines.iter().flat_map(|line| line.to_record()).collect();
        if due.is_empty() {
            return false;
        }
        if let Err(error) = self.lane.record_cursors(due).await {
            tracing::debug!(%error, "how far webhooks have come is not recorded; some events will come again");
        }
        true
    }
}
