//! A whole lane with simulated carriers in one thread: the real cores, the real sessions, the real journal on simulated files.
//! Time moves only when a test says so, and chance comes from a printed seed.

mod carrier;
mod judge;
mod setup;

pub use carrier::{Behaviour, Ledger, LedgerEntry};
pub use judge::{assert_no_doubles, assert_same_state};
pub use setup::{ACCOUNT, HOLD, RESEND, catalog, connection};

use carillon_actors::columns::{ColumnLimits, Columns, FactPlace};
use carillon_actors::connection::{Command, ConnectionCore};
use carillon_actors::intake::{IntakeError, SingleAnswer, SingleIntake};
use carillon_actors::lane::{
    BatchJob, BatchTaken, Effect, Finished, LaneCore, LaneOptions, Recovered, recover,
};
use carillon_actors::read_known_lines;
use carillon_actors::status::Counters;
use carillon_domain::catalog::{Compiled, Snapshot};
use carillon_domain::fact::{IdempotencyKey, RefusedLine};
use carillon_domain::frame;
use carillon_domain::ids::{AccountId, BusinessTypeId, ConnectionId, MessageId};
use carillon_domain::intake::Prepared;
use carillon_domain::journey::{Amendment, Journey, MessageState};
use carillon_domain::time::{Monotonic, Now, UnixMs};
use carillon_embedded::files::{Failure, Operation, SimulatedFiles};
use carillon_embedded::journal::{EmbeddedJournal, JournalOptions};
use carillon_storage::journal::{FrameSeq, Part};
use carrier::Carrier;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// 2026-01-01T00:00:00+08:00.
const START: UnixMs = UnixMs(1_767_196_800_000);
const STEP: Duration = Duration::from_millis(5);
/// So few that most bodies are read again from the journal.
const BODIES_BYTES_MAX: usize = 2_048;

pub struct World {
    pub lane: LaneCore,
    pub connections: BTreeMap<ConnectionId, ConnectionCore>,
    pub carriers: BTreeMap<ConnectionId, Carrier>,
    pub ledger: Ledger,
    pub now: Now,
    pub rng: SmallRng,
    pub finished: BTreeMap<MessageId, Journey>,
    /// Ids whose caller has an answer.
    pub acknowledged: Vec<MessageId>,
    pub options: LaneOptions,
    catalog: Arc<Compiled>,
    files: SimulatedFiles,
    next_look: BTreeMap<ConnectionId, Monotonic>,
    next_text: u32,
    /// The newest checkpoint that the lane knows to be stored.
    checkpoint_stored: u64,
}

impl World {
    pub fn new(snapshot: Snapshot, seed: u64) -> World {
        println!("seed {seed}");
        let catalog = Arc::new(Compiled::new(Arc::new(snapshot)).expect("the catalog is sound"));
        let files = SimulatedFiles::new(seed);
        let now = Now {
            unix: START,
            monotonic: Monotonic(Duration::from_secs(10)),
        };
        let options = LaneOptions {
            columns: ColumnLimits {
                bodies_bytes_max: BODIES_BYTES_MAX,
                ..ColumnLimits::default()
            },
            ..LaneOptions::default()
        };
        let lane = open(&options, &catalog, &files, now).0;
        let carriers = catalog
            .snapshot()
            .connections
            .keys()
            .map(|id| (*id, Carrier::new(*id, &catalog)))
            .collect();
        let mut world = World {
            lane,
            connections: BTreeMap::new(),
            carriers,
            ledger: Ledger::default(),
            now,
            rng: SmallRng::seed_from_u64(seed),
            finished: BTreeMap::new(),
            acknowledged: Vec::new(),
            options,
            catalog,
            files,
            next_look: BTreeMap::new(),
            next_text: 0,
            checkpoint_stored: 0,
        };
        world.connect_all();
        world
    }

    /// The state that a replay of the whole journal gives, to compare with the one that came about by living.
    pub fn replayed(&mut self) -> Vec<Part> {
        self.settle();
        let mut columns = Columns::new(self.options.columns);
        columns.read_bodies_from(self.lane.journal().clone());
        let mut reader = self
            .lane
            .journal()
            .read(FrameSeq(1))
            .expect("the journal is whole");
        while let Some(frame) = reader.next_frame().expect("the journal can be read") {
            let mut facts = frame::decode(&frame.payload).expect("the frame can be read");
            loop {
                let place = FactPlace::new(frame.seq, facts.next_place());
                let Some(fact) = facts.next() else { break };
                columns.apply(place, &fact.expect("the fact can be read"));
            }
        }
        columns.state().expect("the state can be written")
    }

    /// One message with a text that no other has.
    pub fn prepared(&mut self, business_type: BusinessTypeId, segments: u8) -> Prepared {
        self.prepared_for(ACCOUNT, business_type, segments)
    }

    pub fn prepared_for(
        &mut self,
        account: AccountId,
        business_type: BusinessTypeId,
        segments: u8,
    ) -> Prepared {
        self.next_text += 1;
        let number = self.next_text;
        let text = setup::text(number, segments);
        let to = 8_613_800_000_000 + u64::from(number % 10_000);
        setup::prepared(&self.catalog, account, business_type, &text, to)
    }

    pub fn send(&mut self, business_type: BusinessTypeId, segments: u8) -> Option<IntakeError> {
        let message = self.prepared(business_type, segments);
        self.send_prepared(message, None)
    }

    /// So many messages of one segment.
    pub fn send_many(&mut self, business_type: BusinessTypeId, count: u32) {
        for _ in 0..count {
            assert_eq!(self.send(business_type, 1), None);
        }
    }

    pub fn send_prepared(&mut self, message: Prepared, key: Option<IdempotencyKey>) -> Option<IntakeError> {
        self.send_as(ACCOUNT, message, key).err()
    }

    /// The answer, once it is durable.
    pub fn send_as(
        &mut self,
        account: AccountId,
        message: Prepared,
        key: Option<IdempotencyKey>,
    ) -> Result<Option<SingleAnswer>, IntakeError> {
        let (reply, mut answer) = oneshot::channel();
        let intake = SingleIntake {
            account,
            idempotency: key,
            message,
        };
        self.lane.take_single(intake, reply, self.now);
        if let Ok(Err(error)) = answer.try_recv() {
            return Err(error);
        }
        self.settle();
        let answer = answer.try_recv().ok().transpose()?;
        self.acknowledged.extend(answer.map(|answer| answer.id));
        Ok(answer)
    }

    /// Takes a batch to its end and waits for the answer.
    pub fn batch(
        &mut self,
        key: Option<IdempotencyKey>,
        lines: Vec<Result<Prepared, RefusedLine>>,
    ) -> Result<BatchTaken, IntakeError> {
        let (reply, mut answer) = oneshot::channel();
        let mut job = Some(BatchJob::new(ACCOUNT, key, lines, reply));
        while let Some(part) = job {
            job = self.lane.take_batch_part(part, self.now);
        }
        self.settle();
        answer.try_recv().expect("a settled batch is answered")
    }

    /// Takes only the first parts of a batch; nobody waits for its answer.
    pub fn begin_batch(
        &mut self,
        key: Option<IdempotencyKey>,
        lines: Vec<Result<Prepared, RefusedLine>>,
        parts: usize,
    ) {
        let (reply, _) = oneshot::channel();
        let mut job = Some(BatchJob::new(ACCOUNT, key, lines, reply));
        for _ in 0..parts {
            job = job.and_then(|job| self.lane.take_batch_part(job, self.now));
            self.lane.commit();
        }
    }

    /// The answer of a batch that is known, as a caller gets it.
    pub fn known_lines(&self, key: &IdempotencyKey, taken: &BatchTaken) -> Vec<(u32, MessageId)> {
        let known = taken.known.expect("the batch is known");
        read_known_lines(&**self.lane.journal(), &key.key, known)
            .expect("the answer can be read")
            .accepted
    }

    /// The clocks go on, and nobody sees it yet.
    pub fn wait(&mut self, time: Duration) {
        self.now.monotonic = self.now.monotonic + time;
        self.now.unix = self.now.unix + time;
    }

    /// Lets `time` pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now.monotonic + time;
        while self.now.monotonic < end {
            self.wait(STEP);
            for id in self.ids() {
                if self.next_look.get(&id).is_none_or(|at| *at <= self.now.monotonic) {
                    self.look(id);
                }
                self.carrier_acts(id);
            }
            self.lane.end_due(self.now);
            self.settle();
        }
    }

    /// Lets time pass until every message has ended, or panics.
    pub fn run_until_empty(&mut self, limit: Duration) {
        let end = self.now.monotonic + limit;
        while !self.lane.columns().is_empty() {
            assert!(
                self.now.monotonic < end,
                "{} messages never ended",
                self.lane.columns().len()
            );
            self.run(Duration::from_millis(250));
        }
    }

    /// Lets everybody work by another catalog, as an operator does while traffic runs.
    pub fn install(&mut self, change: impl FnOnce(&mut Snapshot)) {
        self.install_only(change);
        self.settle();
    }

    /// The same; nobody has seen it yet.
    pub fn install_only(&mut self, change: impl FnOnce(&mut Snapshot)) {
        let mut snapshot = (**self.catalog.snapshot()).clone();
        change(&mut snapshot);
        snapshot.version += 1;
        self.catalog = Arc::new(Compiled::new(Arc::new(snapshot)).expect("the catalog is sound"));
        for (id, config) in &self.catalog.snapshot().connections {
            let known = self.carriers.entry(*id);
            let carrier = known.or_insert_with(|| Carrier::new(*id, &self.catalog));
            carrier.grow(config.sessions);
        }
        let installed = self.lane.install(self.catalog.clone(), self.now);
        for id in installed.connections_added {
            self.connect_one(id);
        }
    }

    /// Cuts every session of a connection at a random byte of what is being written.
    pub fn cut(&mut self, id: ConnectionId) {
        for slot in 0..self.carriers[&id].wires.len() {
            let Some(epoch) = self.carriers.get_mut(&id).and_then(|carrier| carrier.cut(slot)) else {
                continue;
            };
            let core = self
                .connections
                .get_mut(&id)
                .expect("every connection has a core");
            let commands = core.lost(
                &mut self.lane,
                slot as u8,
                epoch,
                "cut",
                self.rng.random(),
                self.now,
            );
            self.perform(id, commands);
        }
        self.settle();
    }

    /// The process is killed, or loses power, and starts again on what the disk kept.
    pub fn crash(&mut self, power: bool) {
        self.carriers.values_mut().for_each(Carrier::drop_wires);
        self.connections.clear();
        if power {
            self.files.power_cut(self.rng.random());
        } else {
            self.files.kill();
        }
        self.files = self.files.restart();
        self.files.heal();
        // A restart takes its time; the carrier's second moves on.
        self.wait(Duration::from_millis(800));
        let (lane, finished) = open(&self.options, &self.catalog, &self.files, self.now);
        self.lane = lane;
        self.checkpoint_stored = 0;
        for finished in finished {
            let journeys = finished.journeys.into_iter();
            self.finished
                .extend(journeys.map(|journey| (journey.message, journey)));
            self.amend(finished.amendments);
        }
        self.connect_all();
        self.settle();
    }

    /// What a start finds now whose history has come so far. The world goes on as it is; what the start records stands in the
    /// journal afterwards.
    pub fn recovered(&self, upto: FrameSeq) -> Recovered {
        let journal = self.lane.journal();
        let recovered = recover(
            self.options.clone(),
            self.catalog.clone(),
            journal.clone(),
            Arc::new(Counters::default()),
            upto,
            Arc::default(),
            self.now,
        )
        .expect("the lane is rebuilt");
        while journal.durable() < recovered.core.appended() {
            std::thread::yield_now();
        }
        recovered
    }

    /// Lets the lane find so many bytes free.
    pub fn set_disk_free(&mut self, bytes: u64) {
        self.files.set_free_bytes(bytes);
        self.lane.look_at_disk();
        self.settle();
    }

    /// Syncs fail, and with the first one of its frames the journal: the very next may be that of a volume made ahead.
    pub fn fail_syncs(&self) {
        self.files.fail_always(Operation::DataSync, Failure::Broken);
    }

    pub fn heal_syncs(&self) {
        self.files.heal();
    }

    /// Stores the state as the lane's shell does, and carries on what would stand in the way of a release.
    pub fn checkpoint(&mut self) {
        self.settle();
        self.lane.releasable(self.lane.appended());
        self.lane.carry_some();
        self.settle();
        self.lane.carry_some();
        self.settle();
        let at = self.lane.appended();
        if at == FrameSeq::ZERO {
            return;
        }
        let changed = self
            .lane
            .changed_parts(&[], self.checkpoint_stored)
            .expect("the state can be written");
        self.lane
            .journal()
            .save_checkpoint(at, &changed.parts)
            .expect("the checkpoint is stored");
        // Now and then nobody hears of it.
        if !changed.era.is_multiple_of(3) {
            self.checkpoint_stored = changed.era;
        }
    }

    /// Takes checkpoints until the journal is released up to what it holds now, as the lane's shell does over time.
    pub fn release(&mut self) {
        self.settle();
        let wanted = self.lane.appended();
        loop {
            self.checkpoint();
            let free = self.lane.releasable(wanted);
            self.lane.journal().release(free).expect("volumes go");
            if free == wanted {
                return;
            }
        }
    }

    /// Commits, waits for the disk, and releases; nobody acts on it yet.
    fn make_durable(&mut self) {
        self.lane.commit();
        assert_eq!(self.lane.failure(), None);
        while self.lane.journal().durable() < self.lane.appended() {
            assert_eq!(self.lane.failure(), None);
            std::thread::yield_now();
        }
        for answer in self.lane.release() {
            match answer {
                Effect::AnswerSingle(reply, answer) => drop(reply.send(Ok(answer))),
                Effect::AnswerBatch(reply, taken) => drop(reply.send(Ok(taken))),
                Effect::AnswerRead(reply, read) => drop(reply.send(read)),
                other => panic!("{other:?} is not an answer"),
            }
        }
    }

    /// Makes all durable and lets everybody act who is concerned, until nothing moves.
    pub fn settle(&mut self) {
        loop {
            self.make_durable();
            for finished in self.lane.take_finished() {
                for journey in finished.journeys {
                    let again = self.finished.insert(journey.message, journey);
                    assert!(again.is_none(), "a message ended twice (MSG-1): {again:?}");
                }
                self.amend(finished.amendments);
            }
            let frames = self.lane.take_frames_wanted();
            for seq in &frames {
                let frame = self.lane.journal().frame(*seq);
                self.lane
                    .frame_came(frame.expect("what an open message needs is kept"));
            }
            let wakes = self.lane.take_wakes();
            if wakes.is_empty() && frames.is_empty() && self.lane.is_settled() {
                return;
            }
            wakes.into_iter().for_each(|id| self.look(id));
        }
    }

    fn amend(&mut self, amendments: Vec<Amendment>) {
        for amendment in amendments {
            let journey = self
                .finished
                .get_mut(&amendment.message)
                .expect("only what ended is amended");
            journey.state = MessageState::Final(amendment.state);
        }
    }

    fn ids(&self) -> Vec<ConnectionId> {
        self.connections.keys().copied().collect()
    }

    fn connect_all(&mut self) {
        let catalog = self.catalog.clone();
        for id in catalog.snapshot().connections.keys() {
            self.connect_one(*id);
        }
        self.next_look.clear();
    }

    fn connect_one(&mut self, id: ConnectionId) {
        let config = self.catalog.snapshot().connections[&id].clone();
        let epoch = self.lane.columns().next_epoch(id);
        self.connections.insert(
            id,
            ConnectionCore::new(config, epoch, self.lane.quiet_after_start(), self.now),
        );
    }

    /// What the actor does when its core has nothing left to do.
    fn let_go_if_left(&mut self, id: ConnectionId) {
        if self.connections.get(&id).is_some_and(ConnectionCore::has_left) {
            self.connections.remove(&id);
            if self.lane.forget_link(id, self.now) {
                self.connect_one(id);
            }
        }
    }

    /// Lets a connection's core look around, as its actor does on a wake and by its timer.
    pub fn look(&mut self, id: ConnectionId) {
        let Some(core) = self.connections.get_mut(&id) else {
            return;
        };
        let commands = core.tick(&mut self.lane, self.rng.random(), self.now);
        self.perform(id, commands);
        let core = self
            .connections
            .get_mut(&id)
            .expect("every connection has a core");
        let next = core.next_tick(&self.lane, self.now);
        self.next_look.insert(id, next);
        self.let_go_if_left(id);
    }

    fn perform(&mut self, id: ConnectionId, commands: Vec<Command>) {
        for command in commands {
            let more = match command {
                Command::Connect { slot, epoch } => self.connect(id, slot, epoch),
                Command::Flush { slot } => self.flush(id, slot),
                Command::Close { slot, .. } => {
                    self.carriers
                        .get_mut(&id)
                        .expect("every connection has a carrier")
                        .cut(usize::from(slot));
                    Vec::new()
                }
            };
            self.perform(id, more);
        }
    }

    fn connect(&mut self, id: ConnectionId, slot: u8, epoch: u32) -> Vec<Command> {
        let carrier = self
            .carriers
            .get_mut(&id)
            .expect("every connection has a carrier");
        let core = self
            .connections
            .get_mut(&id)
            .expect("every connection has a core");
        if carrier.connect(usize::from(slot), epoch, self.now) {
            return core.connected(slot, epoch, 101_000_000, self.now);
        }
        core.connect_failed(slot, epoch, "refused".into(), self.rng.random(), self.now);
        Vec::new()
    }

    /// Moves bytes to the carrier; sometimes only a part of them, with the rest cut off.
    fn flush(&mut self, id: ConnectionId, slot: u8) -> Vec<Command> {
        let carrier = self
            .carriers
            .get_mut(&id)
            .expect("every connection has a carrier");
        let core = self
            .connections
            .get_mut(&id)
            .expect("every connection has a core");
        let Some(epoch) = carrier.epoch(usize::from(slot)) else {
            return Vec::new();
        };
        let Some(output) = core.output(slot, epoch).map(<[u8]>::to_vec) else {
            return Vec::new();
        };
        let torn = self.rng.random_bool(carrier.behaviour.torn_writes);
        let bytes = if torn {
            self.rng.random_range(0..=output.len())
        } else {
            output.len()
        };
        core.wrote(slot, epoch, bytes);
        carrier.hear(
            usize::from(slot),
            &output[..bytes],
            self.now,
            &mut self.rng,
            &mut self.ledger,
        );
        if torn {
            carrier.cut(usize::from(slot));
            return core.lost(&mut self.lane, slot, epoch, "torn", self.rng.random(), self.now);
        }
        Vec::new()
    }

    /// Moves bytes from the carrier, and what is due there.
    pub fn carrier_acts(&mut self, id: ConnectionId) {
        if !self.connections.contains_key(&id) {
            return;
        }
        let carrier = self
            .carriers
            .get_mut(&id)
            .expect("every connection has a carrier");
        carrier.act(self.now, &mut self.rng, &mut self.ledger);
        for slot in 0..carrier.wires.len() {
            let carrier = self
                .carriers
                .get_mut(&id)
                .expect("every connection has a carrier");
            let Some((epoch, bytes)) = carrier.take_output(slot) else {
                continue;
            };
            let core = self
                .connections
                .get_mut(&id)
                .expect("every connection has a core");
            let commands = core.received(
                &mut self.lane,
                slot as u8,
                epoch,
                &bytes,
                self.rng.random(),
                self.now,
            );
            self.perform(id, commands);
        }
    }
}

fn open(
    options: &LaneOptions,
    catalog: &Arc<Compiled>,
    files: &SimulatedFiles,
    now: Now,
) -> (LaneCore, Vec<Finished>) {
    let journal_options = JournalOptions {
        volume_bytes: 256 * 1024,
        ..JournalOptions::default()
    };
    let journal = EmbeddedJournal::open(Path::new("/journal"), journal_options, Arc::new(files.clone()))
        .expect("the journal opens after every crash");
    let recovered = recover(
        options.clone(),
        catalog.clone(),
        Arc::new(journal),
        Arc::new(Counters::default()),
        FrameSeq::ZERO,
        Arc::default(),
        now,
    )
    .expect("the lane is rebuilt");
    (recovered.core, recovered.finished)
}
