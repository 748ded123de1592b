use super::link_counts::LinkCounts;
use super::panels::panels;
use super::scope::{self, Scope};
use super::socket::SocketTimes;
use super::sources::Sources;
use super::stream::{Next, Stream, text};
use crate::http::time;
use crate::right::LiveScope;
use bytestring::ByteString;
use carillon_api::live::{LiveMessage, Panels, Place};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a scope that nobody looks at any more goes on: a link that was lost comes back meanwhile.
const KEPT: Duration = Duration::from_secs(60);

/// Panels of every scope that somebody looks at, made once a look for all of them.
pub struct LiveHub {
    pub sources: Sources,
    pub times: SocketTimes,
    pub links: LinkCounts,
    /// Of the next stream, so that no place in an earlier one, or of an earlier run of the service, fits. Counted from the start
    /// in milliseconds: JavaScript reads it exactly.
    next_epoch: AtomicU64,
    scopes: Mutex<HashMap<Scope, Watched>>,
    beats: watch::Sender<Beat>,
}

/// What sockets wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// Grows with every change.
    pub number: u64,
    /// The service stops.
    pub stopping: bool,
}

struct Watched {
    stream: Stream,
    /// Somebody asked.
    looked_at: Instant,
    /// The newest snapshot, by what the caller may see.
    snapshots: HashMap<LiveScope, ByteString>,
}

/// What brings a reader up to date.
pub enum Update {
    Nothing,
    /// These texts, and where the reader is then.
    Texts(Vec<ByteString>, Place),
    /// The scope is gone.
    Gone,
}

impl LiveHub {
    /// Starts to follow the lane; must be called inside an actix system.
    pub fn start(sources: Sources, times: SocketTimes) -> Arc<Self> {
        let (beats, _) = watch::channel(Beat::default());
        let hub = Arc::new(LiveHub {
            sources,
            times,
            links: LinkCounts::default(),
            next_epoch: AtomicU64::new(time::now().0),
            scopes: Mutex::default(),
            beats,
        });
        hub.sources.hosts.clone().start(&hub.sources.lane);
        let mut looks = hub.sources.lane.live().looks();
        let follower = hub.clone();
        let runs = hub.sources.lane.live().spawn(async move {
            while looks.changed().await.is_ok() && !follower.beats.borrow().stopping {
                // What one look cannot show, the next one may; without looks nobody would be told of anything any more.
                if catch_unwind(AssertUnwindSafe(|| follower.look_on())).is_err() {
                    follower.sources.lane.counters().actor_restarts.add(1);
                    tracing::error!("the live feed panicked; it goes on with the next look");
                }
            }
        });
        if !runs {
            tracing::error!("the live feed cannot start; screens stay empty");
        }
        hub
    }

    pub fn beats(&self) -> watch::Receiver<Beat> {
        self.beats.subscribe()
    }

    /// Lets every socket say goodbye.
    pub fn stop(&self) {
        self.beats.send_modify(|beat| beat.stopping = true);
    }

    /// Whoever opens a socket now would be sent nothing.
    pub fn is_stopping(&self) -> bool {
        self.beats.borrow().stopping
    }

    /// What a reader needs who is at `place`, or who is nowhere yet.
    pub fn update(&self, allowed: LiveScope, scope: Scope, place: Option<Place>) -> Update {
        if self.look(scope).is_none() {
            return Update::Gone;
        }
        let mut scopes = self.scopes.lock();
        let Some(watched) = scopes.get_mut(&scope) else {
            return Update::Gone;
        };
        let newest = watched.stream.place();
        match place.map_or(Next::Snapshot, |place| watched.stream.next(place)) {
            Next::Nothing => Update::Nothing,
            Next::Changes(changes) => Update::Texts(changes, newest),
            Next::Snapshot => match self.snapshot_of(watched, allowed, scope) {
                Some(snapshot) => Update::Texts(vec![snapshot], newest),
                None => Update::Gone,
            },
        }
    }

    /// Everything, for who cannot keep a socket open; `None` when the scope is gone.
    pub fn snapshot(&self, allowed: LiveScope, scope: Scope) -> Option<ByteString> {
        self.look(scope)?;
        let mut scopes = self.scopes.lock();
        self.snapshot_of(scopes.get_mut(&scope)?, allowed, scope)
    }

    /// Lets a scope be made, if it is not yet; `None` when there is no such organisation.
    fn look(&self, scope: Scope) -> Option<()> {
        if let Some(watched) = self.scopes.lock().get_mut(&scope) {
            watched.looked_at = Instant::now();
            return Some(());
        }
        let (panels, at_ms) = self.made(scope)?;
        let mut scopes = self.scopes.lock();
        scopes.entry(scope).or_insert_with(|| Watched {
            stream: Stream::new(self.next_epoch.fetch_add(1, Ordering::Relaxed), panels, at_ms),
            looked_at: Instant::now(),
            snapshots: HashMap::new(),
        });
        Some(())
    }

    fn made(&self, scope: Scope) -> Option<(Panels, u64)> {
        let (catalog, now) = (self.sources.lane.catalog(), time::now());
        scope::name(scope, &catalog)?;
        Some((panels(&self.sources, scope, &catalog, now), now.0))
    }

    fn snapshot_of(&self, watched: &mut Watched, allowed: LiveScope, scope: Scope) -> Option<ByteString> {
        if let Some(known) = watched.snapshots.get(&allowed) {
            return Some(known.clone());
        }
        let catalog = self.sources.lane.catalog();
        let snapshot = text(&LiveMessage::Snapshot {
            place: watched.stream.place(),
            at_ms: watched.stream.at_ms(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            scope: scope::name(scope, &catalog)?,
            scopes: scope::names(allowed, &catalog),
            panels: Box::new((**watched.stream.panels()).clone()),
        });
        watched.snapshots.insert(allowed, snapshot.clone());
        Some(snapshot)
    }

    fn look_on(&self) {
        // Before the panels: a tile and its alarm tell the same.
        self.sources.alarms.look();
        self.beat();
    }

    /// Makes the next change of every scope that is looked at.
    fn beat(&self) {
        let looked_at: Vec<Scope> = {
            let mut scopes = self.scopes.lock();
            scopes.retain(|_, watched| watched.looked_at.elapsed() < KEPT);
            scopes.keys().copied().collect()
        };
        let made: Vec<_> = looked_at
            .into_iter()
            .map(|scope| (scope, self.made(scope)))
            .collect();
        let mut scopes = self.scopes.lock();
        for (scope, made) in made {
            match made {
                Some((panels, at_ms)) => {
                    if let Some(watched) = scopes.get_mut(&scope) {
                        watched.stream.advance(panels, at_ms);
                        watched.snapshots.clear();
                    }
                }
                None => drop(scopes.remove(&scope)),
            }
        }
        drop(scopes);
        self.beats.send_modify(|beat| beat.number += 1);
    }
}
