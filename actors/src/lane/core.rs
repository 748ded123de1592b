use super::adaptive::Ranking;
use super::bodies::BodyWishes;
use super::clock_guard::ClockGuard;
use super::effect::Effect;
use super::link::{Acknowledgement, Link};
use super::options::LaneOptions;
use super::tenure::JournalWatch;
use super::windows::PutAside;
use crate::columns::{
    Applied, ChangedParts, CheckpointError, Columns, FactPlace, JournalMark, RowRef, Tally,
};
use crate::status::Counters;
use crate::tenant::TenantQueues;
use carillon_domain::catalog::{Account, Compiled};
use carillon_domain::fact::{Fact, FinalState};
use carillon_domain::frame::{FrameBuilder, PAYLOAD_BYTES_MAX};
use carillon_domain::ids::{AccountId, ConnectionId, MessageIdMaker, RouteGroupId, TenantId};
use carillon_domain::journey::{Amendment, Journey};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::time::Now;
use carillon_storage::journal::{FrameSeq, Journal, JournalError};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A frame is closed at the next safe place above this size, so that what follows still fits.
const FRAME_BYTES_WANTED: usize = PAYLOAD_BYTES_MAX / 2;

/// Messages that ended or were amended in one frame, on their way to the history.
#[derive(Debug)]
pub struct Finished {
    pub frame: FrameSeq,
    pub journeys: Vec<Journey>,
    pub amendments: Vec<Amendment>,
}

/// The whole state of a lane and everything that decides. Synchronous: events in, facts and held-back effects out.
///
/// The order is always: decide, [`LaneCore::record`] the facts, hold back what others may see, [`LaneCore::commit`]. What was
/// held back is released by [`LaneCore::release`] when the journal is durable so far.
pub struct LaneCore {
    pub(super) options: LaneOptions,
    pub(super) catalog: Arc<Compiled>,
    pub(super) columns: Columns,
    pub(super) ids: MessageIdMaker,
    pub(super) counters: Arc<Counters>,
    pub(super) tenants: BTreeMap<TenantId, TenantQueues>,
    pub(super) links: BTreeMap<ConnectionId, Link>,
    /// Messages each member of a weighted group has taken, divided by its weight.
    pub(super) served: BTreeMap<(RouteGroupId, ConnectionId), f64>,
    /// How the members of adaptive groups stand.
    pub(super) rankings: BTreeMap<RouteGroupId, Ranking>,
    /// Accounts removed since the start: what was accepted of them is still sent.
    pub(super) removed_accounts: BTreeMap<AccountId, Account>,
    /// Unwritten messages whose route group is gone.
    pub(super) orphans: VecDeque<RowRef>,
    /// Attempts whose route group is gone and to which no rule leads; they are orphans again when the catalog changes.
    pub(super) stranded: Vec<RowRef>,
    /// Messages that may not be written yet.
    pub(super) put_aside: PutAside,
    pub(super) bodies: BodyWishes,
    pub(super) ranges: Arc<NumberRanges>,
    pub(super) clock_guard: ClockGuard,
    pub(super) journal_watch: JournalWatch,
    pub(super) stopping: bool,
    /// Ended messages that wait to be stored, as last looked at.
    pub(super) history_backlog: usize,
    /// As last looked at; `u64::MAX` when nobody knows.
    pub(super) disk_free_bytes: u64,
    /// Idempotency keys of batches that are being taken in parts, and whose they are.
    pub(super) batches_running: HashMap<[u8; 16], TenantId>,
    journal: Arc<dyn Journal>,
    frame: FrameBuilder,
    appended: FrameSeq,
    pub(super) held: Vec<Effect>,
    pub(super) waiting: VecDeque<(FrameSeq, Vec<Effect>)>,
    ended: Vec<Journey>,
    amended: Vec<Amendment>,
    finished: Vec<Finished>,
    /// Connections whose mail became non-empty and whose actors must be woken.
    wake: BTreeSet<ConnectionId>,
    failure: Option<String>,
    /// Facts of the decision that is being made: they stand in one frame or not at all.
    facts_of_decision: usize,
    /// Facts that are still recorded before one panics.
    #[cfg(test)]
    facts_before_panic: Option<usize>,
}

impl LaneCore {
    pub fn new(
        options: LaneOptions,
        catalog: Arc<Compiled>,
        columns: Columns,
        journal: Arc<dyn Journal>,
        counters: Arc<Counters>,
        appended: FrameSeq,
    ) -> Self {
        let ids = MessageIdMaker::new(options.maker, columns.last_id());
        let mut core = LaneCore {
            options,
            columns,
            ids,
            counters,
            tenants: catalog
                .snapshot()
                .organisations
                .keys()
                .map(|id| (*id, TenantQueues::default()))
                .collect(),
            links: BTreeMap::new(),
            served: BTreeMap::new(),
            rankings: BTreeMap::new(),
            removed_accounts: BTreeMap::new(),
            orphans: VecDeque::new(),
            stranded: Vec::new(),
            put_aside: PutAside::new(&catalog),
            bodies: BodyWishes::default(),
            ranges: Arc::default(),
            clock_guard: ClockGuard::default(),
            journal_watch: JournalWatch::default(),
            stopping: false,
            history_backlog: 0,
            disk_free_bytes: u64::MAX,
            batches_running: HashMap::new(),
            catalog,
            journal,
            frame: FrameBuilder::default(),
            appended,
            held: Vec::new(),
            waiting: VecDeque::new(),
            ended: Vec::new(),
            amended: Vec::new(),
            finished: Vec::new(),
            wake: BTreeSet::new(),
            failure: None,
            facts_of_decision: 0,
            #[cfg(test)]
            facts_before_panic: None,
        };
        core.make_links();
        core
    }

    pub fn catalog(&self) -> &Arc<Compiled> {
        &self.catalog
    }

    /// What of the state changed after the checkpoint of era `stored`; see [`Columns::changed_parts`].
    pub fn changed_parts(
        &mut self,
        marks: &[JournalMark],
        stored: u64,
    ) -> Result<ChangedParts, CheckpointError> {
        self.columns.changed_parts(marks, stored)
    }

    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    pub fn options(&self) -> &LaneOptions {
        &self.options
    }

    /// The last frame given to the journal; durable or not.
    pub fn appended(&self) -> FrameSeq {
        self.appended
    }

    /// Adds a fact to the open frame and applies it. A panic while applying ends the process: the state would no longer be the
    /// fold over the facts. The replay at the next start names the fact if it panics again.
    pub fn record(&mut self, fact: Fact) -> Applied {
        #[cfg(test)]
        self.panic_when_due();
        self.facts_of_decision += 1;
        let place = FactPlace::new(self.appended.next(), self.frame.next_place());
        let columns = &mut self.columns;
        let applied = catch_unwind(AssertUnwindSafe(|| columns.apply(place, &fact))).unwrap_or_else(|_| {
            tracing::error!(
                frame = place.frame().0,
                kind = fact.kind(),
                "applying a fact failed; the process ends"
            );
            std::process::abort();
        });
        if let Err(error) = self.frame.push(&fact) {
            tracing::error!(%error, kind = fact.kind(), "writing a fact failed; the process ends");
            std::process::abort();
        }
        match applied {
            Applied::Ended(ended) => {
                if let Fact::Final(finished) = &fact {
                    self.count_final(finished.state);
                }
                self.ended.push(ended.journey);
                Applied::Done
            }
            Applied::Amended(amendment) => {
                self.counters.finals_amended.add(1);
                self.amended.push(amendment);
                Applied::Done
            }
            other => other,
        }
    }

    /// Holds an effect back until everything recorded so far is durable.
    pub fn hold(&mut self, effect: Effect) {
        self.held.push(effect);
    }

    /// Closes the open frame when it is large. Called only between facts that need not stand together.
    pub fn commit_when_large(&mut self) {
        self.facts_of_decision = 0;
        if self.frame.len() >= FRAME_BYTES_WANTED {
            self.commit();
        }
    }

    pub fn frame_room(&self) -> usize {
        FRAME_BYTES_WANTED.saturating_sub(self.frame.len())
    }

    /// What is recorded from now on belongs to another decision.
    pub(super) fn begin_decision(&mut self) {
        self.facts_of_decision = 0;
    }

    /// A panic has interrupted a decision. With some of its facts recorded and the others missing the frame must not be
    /// written: a batch would be taken twice, a campaign make its messages again. So the lane has failed, and the process that
    /// replays the journal knows nothing of the whole frame. A decision that had recorded nothing leaves nothing behind.
    pub(super) fn interrupt_decision(&mut self) {
        if self.facts_of_decision == 0 {
            return;
        }
        tracing::error!(
            facts = self.facts_of_decision,
            frame = self.appended.next().0,
            "a panic has interrupted a decision between its facts; none of them is written, and the process ends"
        );
        self.failure.get_or_insert_with(|| {
            "a panic has interrupted a decision between its facts; the log of the service names the place"
                .to_owned()
        });
    }

    /// Gives the open frame to the journal, and everything held back with it. Called only between decisions.
    pub fn commit(&mut self) {
        self.facts_of_decision = 0;
        // After a frame that the journal did not take, nothing that follows it may become visible.
        if self.failure.is_some() {
            return;
        }
        if !self.frame.is_empty() {
            match self.journal.append(self.frame.take()) {
                Ok(seq) => {
                    debug_assert_eq!(seq, self.appended.next(), "the lane is the journal's only writer");
                    self.appended = seq;
                }
                Err(error) => return self.fail(&error),
            }
            if !self.ended.is_empty() || !self.amended.is_empty() {
                self.finished.push(Finished {
                    frame: self.appended,
                    journeys: std::mem::take(&mut self.ended),
                    amendments: std::mem::take(&mut self.amended),
                });
            }
        }
        if !self.held.is_empty() {
            self.waiting
                .push_back((self.appended, std::mem::take(&mut self.held)));
        }
    }

    /// Everything held back that is durable now: answers are returned, what concerns a connection is put into its mail.
    pub fn release(&mut self) -> Vec<Effect> {
        let durable = self.journal.durable();
        self.columns.let_bodies_go(durable);
        let mut answers = Vec::new();
        while self.waiting.front().is_some_and(|(frame, _)| *frame <= durable) {
            let (_, effects) = self.waiting.pop_front().expect("looked at just now");
            for effect in effects {
                match effect {
                    Effect::Write { connection, segments } => {
                        self.post(connection, |mail| mail.writes.extend(segments));
                    }
                    Effect::Acknowledge {
                        connection,
                        session,
                        epoch,
                        tags,
                    } => {
                        let acknowledgement = Acknowledgement { session, epoch, tags };
                        self.post(connection, |mail| mail.acknowledgements.push(acknowledgement));
                    }
                    answer => answers.push(answer),
                }
            }
        }
        answers
    }

    /// Nothing is held back and nothing is unwritten.
    pub fn is_settled(&self) -> bool {
        self.waiting.is_empty() && self.held.is_empty() && self.frame.is_empty()
    }

    pub fn take_finished(&mut self) -> Vec<Finished> {
        std::mem::take(&mut self.finished)
    }

    /// Connections to wake.
    pub fn take_wakes(&mut self) -> BTreeSet<ConnectionId> {
        std::mem::take(&mut self.wake)
    }

    /// Why the lane cannot go on, once it cannot.
    pub fn failure(&self) -> Option<String> {
        self.failure.clone().or_else(|| self.journal.failure())
    }

    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.journal
    }

    /// Messages in queues, and those put aside; may count some that have ended.
    pub fn waiting(&self) -> usize {
        self.tenants.values().map(TenantQueues::waiting).sum::<usize>() + self.put_aside.len()
    }

    /// Messages in queues, by organisation; may count some that have ended.
    pub fn waiting_by_tenant(&self) -> impl Iterator<Item = (TenantId, u64)> {
        self.tenants
            .iter()
            .map(|(tenant, queues)| (*tenant, queues.waiting() as u64))
    }

    /// What happened since the last call.
    pub fn take_tally(&mut self) -> Tally {
        self.columns.take_tally()
    }

    /// What an organisation's actor does after a panic: its queues are filled again from the columns, and batches it was
    /// taking are given up (their callers are told, and go on with the same key).
    pub fn restart_tenant(&mut self, tenant: TenantId, now: Now) {
        self.batches_running.retain(|_, of| *of != tenant);
        self.rebuild_queues(tenant, now);
    }

    /// How far the history is behind.
    pub fn set_history_backlog(&mut self, rows: usize) {
        self.history_backlog = rows;
    }

    /// Takes no new work from now on.
    pub fn stop_intake(&mut self) {
        self.stopping = true;
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    pub(super) fn post(&mut self, connection: ConnectionId, put: impl FnOnce(&mut super::link::LinkMail)) {
        if let Some(link) = self.links.get_mut(&connection) {
            put(&mut link.mail);
            self.wake.insert(connection);
        }
    }

    fn fail(&mut self, error: &JournalError) {
        tracing::error!(error = %error, "the journal takes nothing more");
        self.failure.get_or_insert_with(|| error.to_string());
    }

    /// Lets the fact after the next `facts` panic in place of being recorded.
    #[cfg(test)]
    pub fn panic_after(&mut self, facts: usize) {
        self.facts_before_panic = Some(facts);
    }

    #[cfg(test)]
    fn panic_when_due(&mut self) {
        match self.facts_before_panic {
            None => {}
            Some(0) => {
                self.facts_before_panic = None;
                panic!("injected before a fact");
            }
            Some(left) => self.facts_before_panic = Some(left - 1),
        }
    }

    fn count_final(&self, state: FinalState) {
        let counters = &self.counters;
        match state {
            FinalState::Delivered => &counters.finals_delivered,
            FinalState::Sent => &counters.finals_sent,
            FinalState::Failed => &counters.finals_failed,
            FinalState::Rejected => &counters.finals_rejected,
            FinalState::Cancelled => &counters.finals_cancelled,
            FinalState::Expired => &counters.finals_expired,
            FinalState::Unknown => &counters.finals_unknown,
        }
        .add(1);
    }
}
