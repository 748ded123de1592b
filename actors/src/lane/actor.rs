use super::core::LaneCore;
use super::effect::{BatchJob, Effect, Reply};
use super::retention::releasable;
use super::shared::SharedLane;
use crate::campaign;
use crate::columns::{ChangedParts, JournalMark};
use crate::connection::Unbind;
use crate::intake::{IntakeError, SingleAnswer, SingleIntake};
use crate::status::Readiness;
use crate::tenant::Intake;
use actix::dev::SendError;
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message};
use carillon_domain::ids::TenantId;
use carillon_domain::time::Now;
use carillon_storage::journal::{Frame, FrameSeq};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

const TICK: Duration = Duration::from_millis(100);
const TICKS_PER_DISK_LOOK: u32 = 10;
const STOP_POLL: Duration = Duration::from_millis(20);

/// Looks at the lane, or does something to it, on the lane's thread.
pub type Question = Box<dyn FnOnce(&Rc<SharedLane>) + Send>;

/// What other threads hand to the lane.
pub enum Item {
    Single(SingleIntake, Reply<SingleAnswer>),
    Batch(Box<BatchJob>),
    /// A frame that was read for the bodies in it.
    Frame(Frame),
    /// One that was wanted, and released before it was read.
    FrameGone(FrameSeq),
    /// A question about the lane's state, with its own way back.
    Ask(Question),
    Stop {
        deadline: Duration,
        done: oneshot::Sender<StopReport>,
    },
}

/// How a stop went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopReport {
    /// Messages that go on at the next start.
    pub open: u64,
    /// Requests that were still open at the deadline; their segments are of unknown outcome.
    pub cut: u64,
}

/// The one way into a lane from other threads. However much is put into it, at most one wake is on its way.
pub struct Inbox {
    /// `None` once the lane has ended.
    items: Mutex<Option<Vec<Item>>>,
    woken: AtomicBool,
}

impl Default for Inbox {
    fn default() -> Self {
        Inbox {
            items: Mutex::new(Some(Vec::new())),
            woken: AtomicBool::new(false),
        }
    }
}

impl Inbox {
    /// Hands an item over. After the end of the lane it is dropped, and with it the way back: whoever waits is told.
    pub fn push(&self, item: Item, lane: &Addr<LaneActor>) {
        if let Some(items) = &mut *self.items.lock() {
            items.push(item);
        }
        self.wake(lane);
    }

    /// Lets the lane look around: for items, and for what is durable now.
    pub fn wake(&self, lane: &Addr<LaneActor>) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            lane.do_send(LaneWake);
        }
    }

    fn take(&self) -> Vec<Item> {
        self.items.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn close(&self) {
        *self.items.lock() = None;
    }
}

/// Something waits in the inbox, or the journal is durable further than before.
#[derive(Message)]
#[rtype(result = "()")]
pub struct LaneWake;

/// The open frame is due; see [`SharedLane::with`].
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct CommitNow;

/// More rows are past their time than one look took.
#[derive(Message)]
#[rtype(result = "()")]
struct MoreDue;

/// The shell around [`LaneCore`]: takes what comes from other threads, commits, releases what is durable, and keeps time.
pub struct LaneActor {
    shared: Rc<SharedLane>,
    inbox: Arc<Inbox>,
    readiness: watch::Sender<Readiness>,
    marks: Vec<JournalMark>,
    checkpoint_running: Arc<AtomicBool>,
    /// The era of the newest checkpoint that is stored.
    checkpoint_stored: Arc<AtomicU64>,
    stopping: Option<Stopping>,
    ticks: u32,
}

struct Stopping {
    until: Instant,
    done: oneshot::Sender<StopReport>,
}

impl LaneActor {
    pub fn new(
        shared: Rc<SharedLane>,
        inbox: Arc<Inbox>,
        readiness: watch::Sender<Readiness>,
        marks: Vec<JournalMark>,
    ) -> Self {
        LaneActor {
            shared,
            inbox,
            readiness,
            marks,
            checkpoint_running: Arc::default(),
            checkpoint_stored: Arc::default(),
            stopping: None,
            ticks: 0,
        }
    }

    fn release(&self) {
        let answers = self.shared.with_quietly(|core, _| core.release());
        for answer in answers {
            match answer {
                Effect::AnswerSingle(reply, answer) => drop(reply.send(Ok(answer))),
                Effect::AnswerBatch(reply, taken) => drop(reply.send(Ok(taken))),
                Effect::Tell(told) => drop(told.send(())),
                Effect::AnswerRead(reply, read) => drop(reply.send(read)),
                Effect::Durable(reply) => drop(reply.send(())),
                Effect::Write { .. } | Effect::Acknowledge { .. } => unreachable!("these go into the mail"),
            }
        }
        if let Some(reason) = self.shared.read(LaneCore::failure) {
            self.readiness.send_if_modified(|readiness| {
                let failed = Readiness::Failed { reason };
                let changed = *readiness != failed;
                *readiness = failed;
                changed
            });
        }
    }

    fn take_items(&mut self, ctx: &mut Context<Self>) {
        let mut singles: BTreeMap<TenantId, Vec<(SingleIntake, Reply<SingleAnswer>)>> = BTreeMap::new();
        for item in self.inbox.take() {
            match item {
                Item::Single(intake, reply) => match self.tenant_of(intake.account) {
                    Some(tenant) => singles.entry(tenant).or_default().push((intake, reply)),
                    None => drop(reply.send(Err(IntakeError::AccountRemoved))),
                },
                Item::Batch(job) => match self.tenant_of(job.account) {
                    Some(tenant) => self.hand_over(tenant, Intake::Batch(job)),
                    None => drop(job.reply.send(Err(IntakeError::AccountRemoved))),
                },
                Item::Frame(frame) => self.shared.with_quietly(|core, _| core.frame_came(frame)),
                Item::FrameGone(seq) => self.shared.with_quietly(|core, _| core.frame_gone(seq)),
                Item::Ask(ask) => {
                    // What ended in the open frame is in no index until the frame is closed.
                    self.shared.commit();
                    ask(&self.shared);
                }
                Item::Stop { deadline, done } => self.begin_stop(deadline, done, ctx),
            }
        }
        for (tenant, singles) in singles {
            self.hand_over(tenant, Intake::Singles(singles));
        }
    }

    fn tenant_of(&self, account: carillon_domain::ids::AccountId) -> Option<TenantId> {
        self.shared
            .read(|core| core.catalog().account(account).map(|account| account.tenant))
    }

    fn hand_over(&self, tenant: TenantId, intake: Intake) {
        match self.shared.send_to_tenant(tenant, intake) {
            Ok(()) => {}
            Err(SendError::Full(intake)) => {
                self.shared
                    .read(|core| core.counters().requests_overloaded.add(1));
                intake.refuse(IntakeError::Overloaded { retry_after_s: 1 });
            }
            Err(SendError::Closed(intake)) => {
                intake.refuse(IntakeError::TenantUnavailable { retry_after_s: 5 });
            }
        }
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        self.ticks = self.ticks.wrapping_add(1);
        if self.ticks.is_multiple_of(TICKS_PER_DISK_LOOK) {
            self.shared.with_quietly(|core, _| core.look_at_disk());
            campaign::remove_left(&self.shared);
        }
        let history_backlog = self.shared.history.backlog();
        let more = self.shared.with(|core, now| {
            core.set_history_backlog(history_backlog);
            core.forget_keys(now);
            core.watch_journal(now);
            core.carry_some();
            core.end_due(now)
        });
        if more {
            ctx.notify(MoreDue);
        }
        self.shared.read(|core| {
            let counters = core.counters();
            counters.messages_open.set(core.columns().len() as u64);
            counters.messages_waiting.set(core.waiting() as u64);
        });
        self.checkpoint_when_due();
    }

    fn checkpoint_when_due(&mut self) {
        let bytes = self
            .shared
            .read(|core| core.journal().status().bytes_since_checkpoint);
        if bytes >= self.shared.read(|core| core.options().checkpoint_bytes) {
            self.checkpoint(None);
        }
    }

    /// Writes the state as it is after the last frame; the history thread stores what ended before first.
    fn checkpoint(&mut self, done: Option<oneshot::Sender<()>>) {
        if done.is_none() && self.checkpoint_running.swap(true, Ordering::AcqRel) {
            return;
        }
        self.shared.commit();
        if self.shared.read(LaneCore::failure).is_some() {
            // The columns hold facts that the journal has not; as a checkpoint they would come back.
            return;
        }
        let now = self.shared.now();
        let at = self.shared.read(LaneCore::appended);
        self.marks.push(JournalMark {
            frame: at.0,
            unix_ms: now.unix.0,
        });
        let wanted = self.releasable(now);
        let release = self.shared.with_quietly(|core, _| core.releasable(wanted));
        self.marks.retain(|mark| FrameSeq(mark.frame) >= release);
        let stored = self.checkpoint_stored.load(Ordering::Acquire);
        let changed = self
            .shared
            .with_quietly(|core, _| core.changed_parts(&self.marks, stored));
        match changed {
            Ok(ChangedParts { parts, era }) => {
                let (running, newest) = (self.checkpoint_running.clone(), self.checkpoint_stored.clone());
                self.shared.history.checkpoint(at, parts, release, move |stored| {
                    if stored {
                        newest.fetch_max(era, Ordering::AcqRel);
                    }
                    running.store(false, Ordering::Release);
                    if let Some(done) = done {
                        let _nobody_may_wait = done.send(());
                    }
                });
            }
            Err(error) => {
                tracing::error!(%error, "the state cannot be written; the journal grows");
                self.checkpoint_running.store(false, Ordering::Release);
            }
        }
    }

    fn releasable(&self, now: Now) -> FrameSeq {
        self.shared.read(|core| {
            let disk_bytes = core.journal().status().disk_bytes;
            releasable(&self.marks, now.unix, disk_bytes, core.options())
        })
    }

    fn begin_stop(&mut self, deadline: Duration, done: oneshot::Sender<StopReport>, ctx: &mut Context<Self>) {
        self.readiness.send_replace(Readiness::Stopping);
        self.shared.with(|core, _| core.stop_intake());
        for connection in self.shared.connections() {
            connection.do_send(Unbind { at_once: false });
        }
        self.stopping = Some(Stopping {
            until: Instant::now() + deadline,
            done,
        });
        ctx.run_later(STOP_POLL, Self::go_on_stopping);
    }

    fn go_on_stopping(&mut self, ctx: &mut Context<Self>) {
        self.shared.commit();
        self.release();
        let Some(stopping) = &self.stopping else { return };
        let late = Instant::now() >= stopping.until;
        let ended = self
            .shared
            .statuses
            .lock()
            .values()
            .all(|status| status.sessions_bound == 0 && status.in_flight == 0);
        let settled = self.shared.read(LaneCore::is_settled);
        let done = ended && settled;
        if !done && !late {
            ctx.run_later(STOP_POLL, Self::go_on_stopping);
            return;
        }
        let cut: u64 = self
            .shared
            .statuses
            .lock()
            .values()
            .map(|status| u64::from(status.in_flight))
            .sum();
        for connection in self.shared.connections() {
            connection.do_send(Unbind { at_once: true });
        }
        // What the connections record on their way out comes before the checkpoint.
        ctx.run_later(STOP_POLL, move |lane, ctx| {
            let Some(stopping) = lane.stopping.take() else {
                return;
            };
            let (stored, wait) = oneshot::channel();
            lane.checkpoint(Some(stored));
            let open = lane.shared.read(|core| core.columns().len() as u64);
            actix::spawn(async move {
                let _failed_writer_was_logged = wait.await;
                let _nobody_may_wait = stopping.done.send(StopReport { open, cut });
            });
            ctx.stop();
        });
    }
}

/// However it ends, in order or by a panic: whoever waits or comes later is told.
impl Drop for LaneActor {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

impl Actor for LaneActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(TICK, Self::tick);
        // Frames of the recovery may be on their way, and items may have come before the actor.
        ctx.notify(LaneWake);
        self.readiness.send_replace(Readiness::Ready);
    }
}

impl Handler<LaneWake> for LaneActor {
    type Result = ();

    fn handle(&mut self, _: LaneWake, ctx: &mut Context<Self>) {
        // Before looking: what comes from now on sends a wake of its own.
        self.inbox.woken.store(false, Ordering::Release);
        self.release();
        self.take_items(ctx);
    }
}

impl Handler<MoreDue> for LaneActor {
    type Result = ();

    fn handle(&mut self, _: MoreDue, ctx: &mut Context<Self>) {
        if self.shared.with(LaneCore::end_due) {
            ctx.notify(MoreDue);
        }
    }
}

impl Handler<CommitNow> for LaneActor {
    type Result = ();

    fn handle(&mut self, _: CommitNow, _: &mut Context<Self>) {
        self.shared.commit();
        self.release();
    }
}
