//! Wires a whole lane together, last stage first.

use crate::campaign::CampaignTools;
use crate::clock::Clock;
use crate::handle::{Inner, LaneHandle};
use crate::history::{HistoryBuilder, Recent};
use crate::lane::{BodyReader, Inbox, LaneActor, LaneOptions, Recovered, RecoveryError, SharedLane, recover};
use crate::live::{Board, Live, LiveStart, keep};
use crate::mail::{MailOptions, receive_bounces};
use crate::roster;
use crate::status::{Counters, Readiness};
use actix::{Arbiter, AsyncContext, Context};
use carillon_domain::catalog::{CompileError, Compiled, Snapshot};
use carillon_domain::number_range::NumberRanges;
use carillon_storage::history::History;
use carillon_storage::journal::Journal;
use parking_lot::RwLock;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

#[derive(Clone, Debug, Default)]
pub struct NodeOptions {
    pub lane: LaneOptions,
    pub mail: MailOptions,
    /// By which messages are routed anew when their route group is gone.
    pub ranges: Arc<NumberRanges>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the catalog cannot be used")]
    Catalog(#[from] CompileError),
    #[error("the lane cannot be rebuilt from its journal")]
    Recovery(#[from] RecoveryError),
    #[error("a thread cannot be started")]
    Thread(#[source] std::io::Error),
    #[error("bounces cannot be received on {at}")]
    Bounces {
        at: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("the lane ended while it started")]
    Ended,
}

/// What the start found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartReport {
    pub facts_replayed: u64,
    pub messages_open: usize,
    /// Where bounces are received.
    pub bounces: Option<SocketAddr>,
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
        tally,
        ended,
    } = recover(
        options.lane,
        catalog.clone(),
        journal.clone(),
        counters.clone(),
        history.stored_upto(),
        options.ranges.clone(),
        clock.now(),
    )?;
    let messages_open = core.columns().len();

    // Before anything more is stored.
    let start = LiveStart::read(&*history, tally, ended, clock.now().unix);
    let live = Live::new(Board::begin(start));
    let recent = Arc::new(Recent::default());
    let (feed, _builder_ends_with_the_feed) =
        HistoryBuilder::start(history.clone(), journal.clone(), recent.clone(), counters.clone())
            .map_err(StartError::Thread)?;
    feed.finished(finished);

    let inbox = Arc::new(Inbox::default());
    let bodies = BodyReader::start(journal.clone(), inbox.clone()).map_err(StartError::Thread)?;
    let statuses = Arc::default();
    let (ready, readiness) = watch::channel(Readiness::Starting);
    let (started, start) = std::sync::mpsc::sync_channel(1);
    let campaign_tools = options.mail.files.clone().map(|files| {
        let (ranges, history) = (options.ranges.clone(), history.clone());
        CampaignTools::new(files, ranges, history, recent.clone())
    });
    let arbiter = Arbiter::new();
    {
        let (inbox, journal, statuses) = (inbox.clone(), journal.clone(), Arc::clone(&statuses));
        let mail = options.mail.clone();
        let tools = campaign_tools.clone();
        arbiter.spawn_fn(move || {
            // A name of its own, so that tools tell what the lane costs from what the web costs.
            if let Err(error) = rustix::thread::set_name(c"lane") {
                tracing::debug!(%error, "the lane's thread keeps its name");
            }
            let shared = Rc::new(SharedLane::new(core, clock, feed, bodies, mail, statuses));
            let context: Context<LaneActor> = Context::new();
            let lane = context.address();
            let (wake, woken) = (inbox.clone(), lane.clone());
            journal.on_durable(Box::new(move || wake.wake(&woken)));
            shared.set_lane(lane.clone());
            if let Some(tools) = tools {
                shared.campaigns.set_tools(tools);
            }
            roster::start_all(&shared);
            context.run(LaneActor::new(shared, inbox, ready, marks));
            let _starter_may_be_gone = started.send(lane);
        });
    }
    let lane = start.recv().map_err(|_| StartError::Ended)?;
    let inner = Inner {
        inbox,
        lane,
        catalog: RwLock::new(catalog),
        counters,
        statuses,
        readiness,
        journal,
        history,
        recent,
        files: options.mail.files.clone(),
        file_keeper: campaign_tools.map(|tools| tools.keeper).unwrap_or_default(),
        open_searches: Semaphore::new(1),
        statistics: Semaphore::new(1),
        live,
    };
    let handle = LaneHandle {
        inner: Arc::new(inner),
    };
    keep(handle.clone());
    let MailOptions {
        bounces,
        return_paths,
        ..
    } = options.mail;
    let bounces = bounces
        .map(|at| {
            receive_bounces(at, return_paths, handle.clone())
                .map_err(|source| StartError::Bounces { at, source })
        })
        .transpose()?;
    let report = StartReport {
        facts_replayed,
        messages_open,
        bounces,
    };
    Ok((handle, report))
}
