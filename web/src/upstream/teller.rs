use super::failed::UpstreamFailed;
use super::outgoing::{Outgoing, Writer};
use super::places::Places;
use super::shared::Shared;
use super::sink::{Deliveries, Sink};
use super::topics;
use crate::feed::{receipt, reply};
use carillon_actors::feed::{Cursor, EventsPage, FeedError, FeedEvent};
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::AccountId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Events that are read together.
const EVENTS_MAX: usize = 2_000;
/// How often the journal is looked at for new events.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often it is kept how far was told; what lies between is told again after a crash.
const STORE_EVERY: Duration = Duration::from_secs(1);
/// The same when nothing happens: the brokers forget what is not renewed.
const RENEW_EVERY: Duration = Duration::from_secs(3600);

/// Tells of what happened to the accounts' messages, at least once and in the journal's order.
pub struct Teller {
    shared: Arc<Shared>,
    runtime: Runtime,
}

struct Session<'t> {
    shared: &'t Shared,
    places: Places,
    sink: Sink,
    writer: Writer,
    deliveries: Arc<Deliveries>,
    wanted: Wanted,
    told: Cursor,
    stored: Cursor,
    stored_at: Instant,
}

/// Whose events are told, by one configuration.
#[derive(Default)]
struct Wanted {
    catalog: Option<Arc<Compiled>>,
    accounts: BTreeSet<AccountId>,
}

impl Teller {
    pub fn new(shared: Arc<Shared>, runtime: Runtime) -> Self {
        Teller { shared, runtime }
    }

    pub fn run(&self) {
        self.shared
            .keep_going("telling of events by Kafka", || self.session());
    }

    fn session(&self) -> Result<(), UpstreamFailed> {
        let options = &self.shared.options;
        let limits = self.runtime.block_on(topics::ensure(options))?;
        let places = Places::new(options)?;
        let told = match places.load()? {
            Some(place) => place,
            None => {
                let newest = self.shared.lane.feed_bounds().newest;
                places.store(newest)?;
                newest
            }
        };
        tracing::info!(topic = options.events(), %told, "events are told by Kafka");
        let session = Session {
            shared: &self.shared,
            places,
            sink: Sink::new(options)?,
            writer: Writer::new(options, limits.refused_bytes_max),
            deliveries: Arc::default(),
            wanted: Wanted::default(),
            told,
            stored: told,
            stored_at: Instant::now(),
        };
        session.run()
    }
}

impl Session<'_> {
    fn run(mut self) -> Result<(), UpstreamFailed> {
        loop {
            let is_last = self.shared.is_stopping();
            let more = self.tell()?;
            let since = self.stored_at.elapsed();
            if self.stored != self.told && (is_last || since >= STORE_EVERY) || since >= RENEW_EVERY {
                self.store()?;
            }
            if is_last {
                return Ok(());
            }
            if !more {
                self.shared.wait(LOOK_EVERY);
            }
        }
    }

    /// `true` when there is more at once.
    fn tell(&mut self) -> Result<bool, UpstreamFailed> {
        let catalog = self.wanted.follow(self.shared);
        let page = self.read()?;
        // What was taken before these events happened has been told of.
        drop(self.shared.turn.lock());
        for (account, placed) in &page.events {
            let Some(account) = catalog.account(*account) else {
                continue;
            };
            let record = self.record(&account.name, &placed.event, &catalog);
            self.sink.send(&record, &self.deliveries)?;
        }
        self.shared.figures.told.add(page.events.len() as u64);
        self.told = page.next;
        Ok(page.more)
    }

    fn record(&self, account: &str, event: &FeedEvent, catalog: &Compiled) -> Outgoing {
        match event {
            FeedEvent::Finished { finished, amended } => {
                self.writer.receipt(account, &receipt(finished, *amended))
            }
            FeedEvent::Reply(event) => self.writer.reply(account, &reply(event, catalog)),
        }
    }

    fn read(&self) -> Result<EventsPage, UpstreamFailed> {
        let accounts = &self.wanted.accounts;
        let read = |after| {
            let lane = &self.shared.lane;
            lane.events(after, EVENTS_MAX, |account, _| accounts.contains(&account))
        };
        let from = match read(self.told) {
            Err(FeedError::Gone { oldest }) => oldest,
            Err(FeedError::Ahead { newest }) => newest,
            page => return Ok(page?),
        };
        self.shared.figures.gaps.add(1);
        tracing::warn!(after = %self.told, %from, "events that were not told by Kafka are no longer kept");
        Ok(read(from)?)
    }

    fn store(&mut self) -> Result<(), UpstreamFailed> {
        self.sink.settle(&self.deliveries)?;
        self.places.store(self.told)?;
        self.stored = self.told;
        self.stored_at = Instant::now();
        Ok(())
    }
}

impl Wanted {
    /// An account that is told has its events to be had at all (SEND-10).
    fn follow(&mut self, shared: &Shared) -> Arc<Compiled> {
        let catalog = shared.lane.catalog();
        if self
            .catalog
            .as_ref()
            .is_none_or(|known| !Arc::ptr_eq(known, &catalog))
        {
            let names = shared.options.accounts.iter();
            let accounts = names.filter_map(|name| catalog.account_by_name(name));
            let accounts = accounts.filter(|account| account.enabled && account.modules.feeds);
            self.accounts = accounts.map(|account| account.id).collect();
            self.catalog = Some(catalog.clone());
        }
        catalog
    }
}
