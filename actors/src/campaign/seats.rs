use super::actor::{CampaignActor, Look};
use super::file_keeper::FileKeeper;
use super::recipients::CheckProgress;
use crate::history::Recent;
use crate::lane::SharedLane;
use actix::{Addr, Supervisor};
use carillon_domain::campaign::{Campaign, CampaignState};
use carillon_domain::ids::CampaignId;
use carillon_domain::number_range::NumberRanges;
use carillon_storage::files::Files;
use carillon_storage::history::History;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::Semaphore;

/// Recipients files that are checked at the same time: each takes a core, and up to 160 MB to find doubles.
const CHECKS_MAX: usize = 2;

/// What campaigns work with besides the lane.
#[derive(Clone)]
pub struct CampaignTools {
    pub files: Arc<dyn Files>,
    pub ranges: Arc<NumberRanges>,
    pub history: Arc<dyn History>,
    pub recent: Arc<Recent>,
    pub keeper: FileKeeper,
    /// Whose turn it is to check its recipients.
    pub checks: Arc<Semaphore>,
}

impl CampaignTools {
    pub fn new(
        files: Arc<dyn Files>,
        ranges: Arc<NumberRanges>,
        history: Arc<dyn History>,
        recent: Arc<Recent>,
    ) -> Self {
        CampaignTools {
            files,
            ranges,
            history,
            recent,
            keeper: FileKeeper::default(),
            checks: Arc::new(Semaphore::new(CHECKS_MAX)),
        }
    }
}

/// The actors of those campaigns for which something is to be done.
#[derive(Default)]
pub struct CampaignSeats {
    tools: RefCell<Option<CampaignTools>>,
    seats: RefCell<BTreeMap<CampaignId, Seat>>,
}

/// One actor, and what it tells of itself.
struct Seat {
    addr: Addr<CampaignActor>,
    told: Rc<Told>,
}

/// What readers learn from a campaign's actor.
#[derive(Default)]
pub struct Told {
    pub check: Arc<CheckProgress>,
    pub ended_per_second: Cell<Option<f64>>,
}

impl CampaignSeats {
    pub fn set_tools(&self, tools: CampaignTools) {
        *self.tools.borrow_mut() = Some(tools);
    }

    pub fn tools(&self) -> Option<CampaignTools> {
        self.tools.borrow().clone()
    }

    /// Bytes of the recipients file that are checked.
    pub fn checked_bytes(&self, id: CampaignId) -> Option<u64> {
        let seats = self.seats.borrow();
        Some(seats.get(&id)?.told.check.bytes_done.load(Ordering::Relaxed))
    }

    pub fn ended_per_second(&self, id: CampaignId) -> Option<f64> {
        self.seats.borrow().get(&id)?.told.ended_per_second.get()
    }

    #[cfg(test)]
    pub fn actor(&self, id: CampaignId) -> Option<Addr<CampaignActor>> {
        self.seats.borrow().get(&id).map(|seat| seat.addr.clone())
    }

    /// The actor stops after this; a later change starts another.
    pub(super) fn leave(&self, id: CampaignId) {
        self.seats.borrow_mut().remove(&id);
    }
}

/// Starts the actors of all campaigns that wait for something.
pub fn start_all(shared: &Rc<SharedLane>) {
    let waiting: Vec<_> = shared.read(|core| {
        let campaigns = core.columns().campaigns().newest_first();
        campaigns
            .filter(|(_, campaign)| is_active(campaign))
            .map(|(id, _)| id)
            .collect()
    });
    waiting.into_iter().for_each(|id| wake(shared, id));
}

/// Lets a campaign look at what has changed.
pub fn wake(shared: &Rc<SharedLane>, id: CampaignId) {
    let seats = &shared.campaigns;
    let Some(tools) = seats.tools() else { return };
    if let Some(seat) = seats.seats.borrow().get(&id) {
        // A full mailbox holds a look already.
        let _looks_anyway = seat.addr.try_send(Look);
        return;
    }
    if !shared.read(|core| core.columns().campaigns().get(id).is_some_and(is_active)) {
        return;
    }
    let told = Rc::new(Told::default());
    let actor = CampaignActor::new(id, shared.clone(), tools, told.clone());
    let addr = Supervisor::start(move |_| actor);
    seats.seats.borrow_mut().insert(id, Seat { addr, told });
}

fn is_active(campaign: &Campaign) -> bool {
    match campaign.state {
        CampaignState::Checking
        | CampaignState::Scheduled
        | CampaignState::Running
        | CampaignState::Paused => true,
        CampaignState::Stopped => campaign.tally.open() > 0,
        _ => false,
    }
}
