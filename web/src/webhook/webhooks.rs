use super::caller::Caller;
use super::line::Line;
use super::manager::Manager;
use super::office::Office;
use carillon_actors::LaneHandle;
use carillon_actors::feed::{Cursor, FeedKind};
use carillon_domain::ids::AccountId;
use carillon_domain::time::UnixMs;
use carillon_domain::webhook::CallEvent;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// Pause after a panic.
const PANIC_PAUSE: Duration = Duration::from_secs(1);

/// Pushes events to the receivers of accounts (API-1), on a thread of its own.
pub struct Webhooks {
    office: Arc<Office>,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Webhooks {
    /// Failing for longer than `off_after` switches a webhook off.
    pub fn start(lane: LaneHandle, caller: Caller, off_after: Duration) -> io::Result<Webhooks> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let office = Arc::new(Office::new(lane, caller, off_after));
        let (stop, mut stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let managed = office.clone();
        std::thread::Builder::new()
            .name("webhooks".into())
            .spawn(move || {
                let manage = || runtime.block_on(Manager::new(managed.clone()).run(&mut stopped));
                outlive(&managed.lane, manage);
                // A lookup of an address may hang; nothing waits for it.
                runtime.shutdown_background();
                let _nobody_may_wait = end.send(());
            })?;
        Ok(Webhooks {
            office,
            running: Mutex::new(Some(Running { stop, ended })),
        })
    }

    /// Ends all calls and records how far they have come. To be called before the lane stops.
    pub async fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            let _thread_may_have_panicked = running.stop.send(());
            let _thread_may_have_panicked = running.ended.await;
        }
    }

    /// Sets the feeds of an account back (or forward) to a cursor; `None` is the oldest event kept. `false` when it has no webhook.
    pub fn replay(&self, account: AccountId, only: Option<FeedKind>, after: Option<Cursor>) -> bool {
        let Some(line) = self.office.line(account) else {
            return false;
        };
        let after = after.unwrap_or_else(|| self.office.lane.feed_bounds().oldest);
        line.replay(only, after);
        true
    }

    /// Calls it again at once. `false` when the account has no webhook.
    pub async fn enable(&self, account: AccountId) -> bool {
        let Some(line) = self.office.line(account) else {
            return false;
        };
        let effects = line.apply(CallEvent::Enabled, None, self.office.now(), 0.0);
        line.wake.notify_one();
        if let Some(standing) = effects.standing
            && let Err(error) = self.office.lane.record_standing(account, standing).await
        {
            tracing::debug!(%account, %error, "that a webhook is enabled is not recorded");
        }
        true
    }

    /// Accounts whose webhook was switched off, and since when it had failed.
    pub fn off(&self) -> Vec<(AccountId, Option<UnixMs>)> {
        let lines = self.office.lines.lock();
        let standings = lines.values().map(|line| (line.account, line.standing()));
        let off = standings.filter(|(_, standing)| standing.off.is_some());
        off.map(|(account, standing)| (account, standing.failing_since))
            .collect()
    }

    pub(super) fn line(&self, account: AccountId) -> Option<Arc<Line>> {
        self.office.line(account)
    }

    pub(super) fn office(&self) -> &Office {
        &self.office
    }
}

/// Runs what must not stop with a panic until it ends: without it no receiver would be told of anything any more.
fn outlive(lane: &LaneHandle, mut run: impl FnMut()) {
    while catch_unwind(AssertUnwindSafe(&mut run)).is_err() {
        lane.counters().actor_restarts.add(1);
        tracing::error!("the webhooks' manager panicked; deliverers begin again where they were recorded");
        std::thread::sleep(PANIC_PAUSE);
    }
}
