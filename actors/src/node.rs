//! Wires a whole lane together, last stage first.

use crate::clock::Clock;
use crate::connection::ConnectionActor;
use crate::handle::{Inner, LaneHandle};
use crate::history::{HistoryBuilder, Recent};
use crate::lane::{Inbox, LaneActor, LaneOptions, Recovered, RecoveryError, SharedLane, recover};
use crate::status::{Counters, Readiness};
use crate::tenant::TenantActor;
use actix::{Arbiter, AsyncContext, Context, Supervisor};
use carillon_domain::catalog::{CompileError, Compiled, Snapshot};
use carillon_domain::plan::ChannelKind;
use carillon_storage::history::History;
use carillon_storage::journal::Journal;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::watch;

#[derive(Clone, Debug, Default)]
pub struct NodeOptions {
    pub lane: LaneOptions,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the catalog cannot be used")]
    Catalog(#[from] CompileError),
    #[error("the lane cannot be rebuilt from its journal")]
    Recovery(#[from] RecoveryError),
    #[error("a thread cannot be started")]
    Thread(#[source] std::io::Error),
    #[error("the lane ended while it started")]
    Ended,
}

/// What the start found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartReport {
    pub facts_replayed: u64,
    pub messages_open: usize,
}

/// Replays the journal and starts the lane with all its actors on an arbiter of its own. Blocks while replaying; must be
/// called inside an actix system.
pub fn start_node(
    options: NodeOptions,
    catalog: Snapshot,
    journal: Arc<dyn Journal>,
    history: Arc<dyn History>,
) -> Result<(LaneHandle, StartReport), StartError> {
    let clock = Clock::start();
    let counters = Arc::new(Counters::default());
    let catalog = Arc::new(Compiled::new(Arc::new(catalog))?);
    let Recovered {
        core,
        finished,
        marks,
        facts_replayed,
    } = recover(
        options.lane,
        catalog.clone(),
        journal.clone(),
        counters.clone(),
        history.stored_upto(),
        clock.now(),
    )?;
    let report = StartReport {
        facts_replayed,
        messages_open: core.columns().len(),
    };

    let recent = Arc::new(Recent::default());
    let (feed, _builder_ends_with_the_feed) =
        HistoryBuilder::start(history.clone(), journal.clone(), recent.clone(), counters.clone())
            .map_err(StartError::Thread)?;
    feed.finished(finished);

    let inbox = Arc::new(Inbox::default());
    let statuses = Arc::default();
    let (ready, readiness) = watch::channel(Readiness::Starting);
    let (started, start) = std::sync::mpsc::sync_channel(1);
    let arbiter = Arbiter::new();
    {
        let (inbox, journal, statuses) = (inbox.clone(), journal.clone(), Arc::clone(&statuses));
        arbiter.spawn_fn(move || {
            // A name of its own, so that tools tell what the lane costs from what the web costs.
            if let Err(error) = rustix::thread::set_name(c"lane") {
                tracing::debug!(%error, "the lane's thread keeps its name");
            }
            let shared = Rc::new(SharedLane::new(core, clock, feed, statuses));
            let context: Context<LaneActor> = Context::new();
            let lane = context.address();
            let (wake, woken) = (inbox.clone(), lane.clone());
            journal.on_durable(Box::new(move || wake.wake(&woken)));
            shared.set_lane(lane.clone());
            let snapshot = shared.read(|core| core.catalog().snapshot().clone());
            for id in snapshot.organisations.keys().copied() {
                let actor = TenantActor::new(id, shared.clone());
                shared.add_tenant(id, Supervisor::start(move |_| actor));
            }
            let carriers = snapshot.connections.values();
            let carriers = carriers.filter(|connection| connection.kind() == ChannelKind::Sms);
            for id in carriers.map(|connection| connection.id) {
                let Some(actor) = ConnectionActor::new(id, shared.clone()) else {
                    continue;
                };
                shared.add_connection(id, Supervisor::start(move |_| actor));
            }
            context.run(LaneActor::new(shared, inbox, ready, marks));
            let _starter_may_be_gone = started.send(lane);
        });
    }
    let lane = start.recv().map_err(|_| StartError::Ended)?;
    let inner = Inner {
        inbox,
        lane,
        catalog,
        counters,
        statuses,
        readiness,
        journal,
        history,
        recent,
    };
    Ok((
        LaneHandle {
            inner: Arc::new(inner),
        },
        report,
    ))
}
