use super::deliverer::Deliverer;
use super::line::Line;
use super::office::Office;
use crate::http::Chain;
use carillon_actors::feed_tail::FeedTail;
use carillon_domain::catalog::{Account, Compiled, Webhook};
use carillon_domain::ids::AccountId;
use carillon_domain::webhook::CallEvent;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// How often the journal is looked at for new events.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The same while no account has a webhook: nothing but the configuration is looked at.
const IDLE_EVERY: Duration = Duration::from_millis(500);
/// Pause after the journal could not be read.
const JOURNAL_PAUSE: Duration = Duration::from_secs(5);
/// How often places are recorded (per account at most).
const RECORD_EVERY: Duration = Duration::from_secs(1);

/// Starts and ends deliverers as the configuration says, and reads the journal for them.
pub struct Manager {
    office: Arc<Office>,
    catalog: Option<Arc<Compiled>>,
    deliverers: BTreeMap<AccountId, AbortHandle>,
    tail: Option<FeedTail>,
    /// When something was recorded last; what is delivered after a pause is recorded at once.
    recorded_at: Option<Instant>,
}

impl Manager {
    pub fn new(office: Arc<Office>) -> Self {
        Manager {
            office,
            catalog: None,
            deliverers: BTreeMap::new(),
            tail: None,
            recorded_at: None,
        }
    }

    /// Until it is told to stop; then places are recorded a last time. After a panic another manager goes on.
    pub async fn run(mut self, stop: &mut oneshot::Receiver<()>) {
        self.take_over().await;
        loop {
            #[cfg(test)]
            super::office::Faults::meet(&self.office.faults.manager);
            self.follow_catalog().await;
            let is_idle = self.deliverers.is_empty();
            if is_idle {
                self.tail = None;
            } else {
                self.read().await;
                self.revive();
            }
            let may_record = self.recorded_at.is_none_or(|at| at.elapsed() >= RECORD_EVERY);
            if may_record && self.office.record().await {
                self.recorded_at = Some(Instant::now());
            }
            tokio::select! {
                _ = &mut *stop => break,
                () = sleep(if is_idle { IDLE_EVERY } else { LOOK_EVERY }) => {}
            }
        }
        self.end_all();
        self.office.record().await;
    }

    /// Ends what a manager before this one left, so that all begins where it was recorded.
    async fn take_over(&mut self) {
        self.office.record().await;
        let left: Vec<_> = self.office.lines.lock().keys().copied().collect();
        left.into_iter().for_each(|account| self.end(account));
    }

    fn end_all(&self) {
        self.deliverers.values().for_each(AbortHandle::abort);
    }

    async fn follow_catalog(&mut self) {
        let catalog = self.office.lane.catalog();
        if self
            .catalog
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, &catalog))
        {
            return;
        }
        // Who ends now goes on from here when it comes back.
        self.office.record().await;
        let wanted: BTreeMap<_, _> = catalog
            .snapshot()
            .accounts
            .values()
            .filter_map(|account| Some((account.id, webhook_of(account)?)))
            .collect();
        let gone: Vec<_> = self
            .deliverers
            .keys()
            .filter(|id| !wanted.contains_key(id))
            .copied()
            .collect();
        for account in gone {
            self.end(account);
        }
        for (account, webhook) in wanted {
            match self.office.line(account).map(|line| line.webhook.clone()) {
                None => self.begin(account, webhook, false).await,
                Some(known) if known == *webhook => {}
                Some(known) => {
                    let is_other = known.url != webhook.url || known.secret != webhook.secret;
                    self.end(account);
                    self.begin(account, webhook, is_other).await;
                }
            }
        }
        self.catalog = Some(catalog);
        // A webhook that is new has its place before anything can happen behind it.
        self.office.record().await;
    }

    async fn begin(&mut self, account: AccountId, webhook: &Webhook, is_other: bool) {
        let office = &self.office;
        let progress = match office.lane.webhook_progress(account).await {
            Ok(progress) => progress,
            // The service is stopping.
            Err(error) => return tracing::debug!(%account, %error, "a webhook does not begin"),
        };
        let tail = self.tail.get_or_insert_with(|| {
            let tail = office.lane.feed_tail();
            office.fan.lock().restart(tail.place());
            tail
        });
        let line = Line::new(account, webhook.clone(), office.off_after, progress, tail.place());
        let line = Arc::new(line);
        if is_other {
            let now = office.now();
            let effects = line.apply(CallEvent::Enabled, None, now, 0.0);
            if let Some(standing) = effects.standing {
                // It stops otherwise, and then this is of no consequence.
                let _stopping = office.lane.record_standing(account, standing).await;
            }
        }
        {
            let mut fan = office.fan.lock();
            line.keys().for_each(|key| fan.add(key));
        }
        office.lines.lock().insert(account, line.clone());
        self.spawn(line);
    }

    fn spawn(&mut self, line: Arc<Line>) {
        let account = line.account;
        let deliverer = Deliverer::new(self.office.clone(), line);
        let task = tokio::spawn(deliverer.run());
        self.deliverers.insert(account, task.abort_handle());
    }

    /// A deliverer never ends by itself: one that did has panicked, and begins again where it was.
    fn revive(&mut self) {
        let ended: Vec<_> = self
            .deliverers
            .iter()
            .filter(|(_, task)| task.is_finished())
            .filter_map(|(account, _)| self.office.line(*account))
            .collect();
        for line in ended {
            self.office.lane.counters().actor_restarts.add(1);
            tracing::error!(account = %line.account, "a webhook's deliverer panicked; it begins again");
            self.spawn(line);
        }
    }

    fn end(&mut self, account: AccountId) {
        if let Some(task) = self.deliverers.remove(&account) {
            task.abort();
        }
        if let Some(line) = self.office.lines.lock().remove(&account) {
            let mut fan = self.office.fan.lock();
            line.keys().for_each(|key| fan.remove(key));
        }
    }

    async fn read(&mut self) {
        let Some(mut tail) = self.tail.take().or_else(|| self.new_tail()) else {
            return;
        };
        if !tail.is_behind() {
            self.tail = Some(tail);
            self.office.wake();
            return;
        }
        let office = self.office.clone();
        let read = tokio::task::spawn_blocking(move || tail.read(&office.fan).map(|()| tail)).await;
        match read {
            Ok(Ok(tail)) => self.tail = Some(tail),
            Ok(Err(error)) => {
                tracing::error!(error = %Chain(&error), "the journal cannot be read for webhooks; each reads it by itself");
                sleep(JOURNAL_PAUSE).await;
            }
            Err(error) => tracing::error!(%error, "reading the journal for webhooks failed"),
        }
        self.office.wake();
    }

    /// At the end: what lies between is read by each deliverer.
    fn new_tail(&self) -> Option<FeedTail> {
        let tail = self.office.lane.feed_tail();
        self.office.fan.lock().restart(tail.place());
        Some(tail)
    }
}

/// Its deliverers would go on beside those of the next one.
impl Drop for Manager {
    fn drop(&mut self) {
        self.end_all();
    }
}

/// An account whose events are pushed has them to be had at all (SEND-10).
fn webhook_of(account: &Account) -> Option<&Webhook> {
    account
        .webhook
        .as_ref()
        .filter(|_| account.enabled && account.modules.feeds)
}
