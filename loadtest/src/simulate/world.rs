use super::call::Calls;
use super::campaign::Runner;
use super::hospital::RESPONSE_TIMEOUT_S;
use super::journal::SimulatedJournal;
use super::line::{Line, Socket};
use super::promise::{Promise, Violation};
use super::trace::Event;
use super::witness::{SharedWitness, Witness};
use crate::sim::Behaviour;
use carillon_actors::columns::{ChangedParts, ColumnLimits};
use carillon_actors::connection::{Command, ConnectionCore};
use carillon_actors::lane::{Effect, LaneCore, LaneOptions, recover};
use carillon_actors::status::Counters;
use carillon_domain::catalog::{Compiled, Connection, Snapshot};
use carillon_domain::ids::{AccountId, BusinessTypeId, ConnectionId, MessageId};
use carillon_domain::journey::{Amendment, Journey};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::time::{Monotonic, Now, UnixMs};
use carillon_storage::journal::{FrameSeq, Journal};
use parking_lot::Mutex;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// 2026-01-01T12:00:00+08:00.
pub const START: UnixMs = UnixMs(1_767_240_000_000);

/// So few that many bodies are read again from the journal.
const BODIES_BYTES_MAX: usize = 2_048;

/// As in the lane's actor.
const LANE_TICK: Duration = Duration::from_millis(100);

/// Nothing is due as late as this.
const NEVER: Monotonic = Monotonic(Duration::from_secs(1 << 40));

/// When the journal was synced last a message ended so; the frame says since when it is so.
pub type History = BTreeMap<MessageId, (FrameSeq, Arc<Journey>)>;

/// Everything in a simulated life.
pub struct World {
    pub now: Now,
    pub random: SmallRng,
    pub lane: LaneCore,
    pub catalog: Arc<Compiled>,
    pub ranges: NumberRanges,
    pub witness: SharedWitness,
    pub lines: BTreeMap<ConnectionId, Line>,
    pub calls: Calls,
    pub campaigns: Vec<Runner>,
    pub history: History,
    /// The longest that a sync takes, ms; 0 is at once.
    pub sync_ms_max: u64,
    /// By how much the wall clock was set.
    pub clock_offset_ms: i64,
    pub counts: Counts,
    journal: SimulatedJournal,
    seats: BTreeMap<ConnectionId, Seat>,
    sync: Option<(Monotonic, FrameSeq)>,
    /// Waits until it is durable.
    checkpoint: Option<(FrameSeq, ChangedParts)>,
    /// The era of the newest checkpoint that the lane knows to be stored.
    era_stored: u64,
    /// The history as it was at the last checkpoints.
    stored: BTreeMap<FrameSeq, History>,
    next_lane_tick: Monotonic,
    capacities: BTreeMap<ConnectionId, Vec<Capacity>>,
}

/// How often what happened, to see that it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub crashes: u64,
    pub cuts: u64,
    pub uncertain: u64,
    pub compared: u64,
}

/// How many sessions a connection may have since then, and how many INTENTs each.
struct Capacity {
    since: Monotonic,
    sessions: u64,
    slots: u64,
}

struct Seat {
    core: ConnectionCore,
    next_look: Monotonic,
}

impl World {
    pub fn new(
        snapshot: Snapshot,
        behaviour: impl Fn(&mut SmallRng) -> Behaviour,
        mut random: SmallRng,
    ) -> Self {
        let now = Now {
            unix: START,
            monotonic: Monotonic(Duration::from_secs(10)),
        };
        let witness: SharedWitness = Arc::new(Mutex::new(Witness::new(&snapshot)));
        witness.lock().now = now.monotonic;
        let catalog = Arc::new(Compiled::new(Arc::new(snapshot)).expect("the catalog is sound"));
        let journal = SimulatedJournal::default();
        let connections = catalog.snapshot().connections.values();
        let lines = connections
            .map(|config| {
                let (behaviour, seed) = (behaviour(&mut random), random.random());
                (config.id, Line::new(config, behaviour, seed, &witness, now))
            })
            .collect();
        let lane = recovered(&catalog, &journal, FrameSeq::ZERO, now).core;
        let mut world = World {
            now,
            lane,
            ranges: NumberRanges::default(),
            witness,
            lines,
            calls: Calls::default(),
            campaigns: Vec::new(),
            history: History::new(),
            sync_ms_max: 0,
            clock_offset_ms: 0,
            counts: Counts::default(),
            journal,
            seats: BTreeMap::new(),
            sync: None,
            checkpoint: None,
            era_stored: 0,
            stored: BTreeMap::new(),
            next_lane_tick: now.monotonic,
            capacities: BTreeMap::new(),
            random,
            catalog,
        };
        world.note_capacities();
        world.connect_all();
        world.settle();
        world
    }

    pub fn note(&self, event: Event) {
        self.witness.lock().note(event);
    }

    pub fn broken(&self, promise: Promise, what: impl Into<String>) {
        self.witness.lock().broken(promise, what);
    }

    /// Numbers of so many messages in a row; the first.
    pub fn make_many(&self, account: AccountId, business_type: BusinessTypeId, count: u32) -> u64 {
        let policy = self
            .catalog
            .business_type(business_type)
            .map(|kind| kind.uncertain);
        let resend = policy == Some(carillon_domain::catalog::UncertainPolicy::ResendOnce);
        let mut witness = self.witness.lock();
        let first = witness.made.len() as u64;
        (0..count).for_each(|_| {
            witness.make(account, resend);
        });
        first
    }

    /// Lets time pass until then; every promise is looked at after every step.
    pub fn run_until(&mut self, end: Monotonic) -> Result<(), Violation> {
        while self.now.monotonic < end {
            self.step(end)?;
        }
        Ok(())
    }

    /// Goes to the next moment at which anything happens, at most to `end`.
    fn step(&mut self, end: Monotonic) -> Result<(), Violation> {
        let soonest = self.now.monotonic + Duration::from_millis(1);
        let next = self.next_event().max(soonest).min(end.max(soonest));
        self.set_time(next);
        if let Some((_, upto)) = self.sync.take_if(|(at, _)| *at <= next) {
            self.synced(upto);
        }
        for id in self.line_ids() {
            if self.line_due(id) <= next {
                self.lines.get_mut(&id).expect("it is there").tick(self.now);
                self.listen(id);
            }
            if self.seats.get(&id).is_some_and(|seat| seat.next_look <= next) {
                self.look(id);
            }
        }
        if self.next_lane_tick <= next {
            self.next_lane_tick = next + LANE_TICK;
            self.lane.forget_keys(self.now);
            self.lane.end_due(self.now);
        }
        for index in 0..self.campaigns.len() {
            if self.campaigns[index].next_event() <= next {
                self.run_campaign(index);
            }
        }
        self.settle();
        self.witness.lock().verdict()
    }

    /// Commits, lets everybody act who is concerned, and hands over what is durable, until nothing moves at this moment.
    pub fn settle(&mut self) {
        loop {
            self.lane.commit();
            self.begin_sync();
            for effect in self.lane.release() {
                answer(effect);
            }
            self.calls.poll(&mut self.witness.lock(), &self.journal);
            self.take_finished();
            let frames = self.lane.take_frames_wanted();
            for seq in &frames {
                let frame = self.journal.frame(*seq);
                self.lane
                    .frame_came(frame.expect("what an open message needs is kept"));
            }
            let wakes = self.lane.take_wakes();
            if wakes.is_empty() && frames.is_empty() {
                return;
            }
            wakes.into_iter().for_each(|id| self.look(id));
        }
    }

    /// Works by another catalog from now on, unless it is not sound.
    pub fn install(&mut self, mut snapshot: Snapshot, change: &'static str) {
        snapshot.version = self.catalog.snapshot().version + 1;
        let version = snapshot.version;
        let Ok(catalog) = Compiled::new(Arc::new(snapshot)) else {
            return;
        };
        self.note(Event::Catalog { version, change });
        self.catalog = Arc::new(catalog);
        self.witness.lock().follow_limits(self.catalog.snapshot());
        self.note_capacities();
        for id in self
            .lane
            .install(self.catalog.clone(), self.now)
            .connections_added
        {
            self.connect(id);
        }
        self.settle();
    }

    /// Cuts every session of a connection.
    pub fn cut(&mut self, id: ConnectionId) {
        self.note(Event::Cut { connection: id });
        self.counts.cuts += 1;
        for (slot, socket) in self.line(id).open() {
            self.lose(id, slot, socket, "cut");
        }
        self.settle();
    }

    /// What follows a panic in a connection's actor.
    pub fn panic_in(&mut self, id: ConnectionId) {
        self.note(Event::Panic { connection: id });
        self.line(id).drop_sockets();
        let before = self.uncertain();
        self.lane.restart_link(id, self.now);
        self.check_uncertain(before, self.capacity(id), "a panic");
        let Some(link) = self.lane.link(id) else { return };
        let (config, epoch) = (link.config.clone(), self.lane.columns().next_epoch(id));
        self.seat(id, config, epoch);
        self.settle();
    }

    /// Writes the state as the lane's actor does; it is stored when its frame is durable.
    pub fn begin_checkpoint(&mut self) {
        if self.checkpoint.is_some() {
            return;
        }
        self.settle();
        let at = self.lane.appended();
        if at == FrameSeq::ZERO {
            return;
        }
        let changed = self.lane.changed_parts(&[], self.era_stored);
        self.stored.insert(at, self.history.clone());
        self.checkpoint = Some((at, changed.expect("the state can be written")));
        self.store_checkpoint();
    }

    /// Nothing is held back, and everything is on the disk.
    pub fn is_durable(&self) -> bool {
        self.lane.is_settled() && self.lane.appended() == self.journal.durable()
    }

    /// Compares the lived state with the replayed one, when both stand at the same frame.
    pub fn compare(&mut self) {
        if self.is_durable() {
            self.counts.compared += 1;
            self.witness.lock().compare(self.lane.columns());
        }
    }

    pub fn set_disk_free(&mut self, bytes: Option<u64>) {
        self.note(Event::Disk {
            free: bytes.is_none(),
        });
        self.journal.set_free_bytes(bytes);
        self.lane.look_at_disk();
        self.settle();
    }

    /// The process dies at this moment and starts again.
    pub fn crash(&mut self) -> Result<(), Violation> {
        let slots = self.capacities.keys().map(|id| self.capacity(*id)).sum();
        self.crash_with(slots)
    }

    /// With at most so many segments under way.
    fn crash_with(&mut self, slots: u64) -> Result<(), Violation> {
        let (durable, appended) = (self.journal.durable(), self.journal.appended());
        let kept = FrameSeq(self.random.random_range(durable.0..=appended.0));
        self.note(Event::Crash {
            durable: durable.0,
            kept: kept.0,
            appended: appended.0,
        });
        self.counts.crashes += 1;
        self.lines.values_mut().for_each(Line::drop_sockets);
        self.seats.clear();
        self.calls.interrupt();
        (self.sync, self.checkpoint, self.era_stored) = (None, None, 0);
        let half_checkpoint = self.random.random_bool(0.3);
        self.journal = self.journal.crash(kept, half_checkpoint);
        let down = Duration::from_millis(self.random.random_range(50..3_000));
        self.set_time(self.now.monotonic + down);
        self.start(kept, slots)?;
        if self.random.random_bool(0.2) {
            // Once more, before anything of the recovery is durable.
            return self.crash_with(slots);
        }
        self.connect_all();
        // What began in a frame that is lost never began.
        let mut campaigns = std::mem::take(&mut self.campaigns);
        campaigns.retain(|campaign| campaign.state(self).is_some());
        let now = self.now.monotonic;
        campaigns.iter_mut().for_each(|campaign| campaign.restart(now));
        self.campaigns = campaigns;
        self.settle();
        self.witness.lock().verdict()
    }

    fn start(&mut self, kept: FrameSeq, slots: u64) -> Result<(), Violation> {
        self.witness.lock().follow(&self.journal);
        let at = self.journal.checkpoint_at();
        let recovered = recovered(&self.catalog, &self.journal, at, self.now);
        self.lane = recovered.core;
        let before = std::mem::replace(
            &mut self.history,
            self.stored.get(&at).cloned().unwrap_or_default(),
        );
        self.stored.retain(|stored, _| *stored <= at);
        for finished in recovered.finished {
            self.end(finished.frame, finished.journeys, finished.amendments);
        }
        for (id, (since, journey)) in before {
            let again = self.history.get(&id).map(|(_, journey)| journey);
            if since <= kept && again != Some(&journey) {
                self.broken(Promise::Replay, format!("{journey:?} is {again:?} after a crash"));
            }
        }
        self.check_uncertain(0, slots, "a crash");
        self.witness.lock().verdict()
    }

    pub fn line(&mut self, id: ConnectionId) -> &mut Line {
        self.lines.get_mut(&id).expect("every connection has a carrier")
    }

    pub fn line_ids(&self) -> Vec<ConnectionId> {
        self.lines.keys().copied().collect()
    }

    fn run_campaign(&mut self, index: usize) {
        let mut runner = self.campaigns.swap_remove(index);
        runner.work(self);
        self.campaigns.push(runner);
        let last = self.campaigns.len() - 1;
        self.campaigns.swap(index, last);
        self.settle();
    }

    fn next_event(&self) -> Monotonic {
        let sync = self.sync.map(|(at, _)| at);
        let looks = self.seats.values().map(|seat| seat.next_look);
        let lines = self.lines.keys().map(|id| self.line_due(*id));
        let campaigns = self.campaigns.iter().map(Runner::next_event);
        let all = looks.chain(lines).chain(campaigns).chain(sync);
        all.min()
            .map_or(self.next_lane_tick, |at| at.min(self.next_lane_tick))
    }

    fn line_due(&self, id: ConnectionId) -> Monotonic {
        let line = &self.lines[&id];
        match line.carrier.next_tick() {
            Some(next) if !line.carrier.is_silent() => Monotonic(Duration::from_millis(next)),
            _ => NEVER,
        }
    }

    fn set_time(&mut self, monotonic: Monotonic) {
        let passed = monotonic - Monotonic(Duration::from_secs(10));
        let unix = UnixMs((START + passed).0.saturating_add_signed(self.clock_offset_ms));
        self.now = Now { unix, monotonic };
        self.witness.lock().now = monotonic;
    }

    fn begin_sync(&mut self) {
        let appended = self.journal.appended();
        if self.sync.is_some() || appended == self.journal.durable() {
            return;
        }
        match self.sync_ms_max {
            0 => self.synced(appended),
            max => {
                let takes = Duration::from_millis(self.random.random_range(1..=max));
                self.sync = Some((self.now.monotonic + takes, appended));
            }
        }
    }

    fn synced(&mut self, upto: FrameSeq) {
        self.journal.sync(upto);
        self.witness.lock().follow(&self.journal);
        self.store_checkpoint();
    }

    fn store_checkpoint(&mut self) {
        let durable = self.journal.durable();
        let Some((at, changed)) = self.checkpoint.take_if(|(at, _)| *at <= durable) else {
            return;
        };
        self.journal
            .save_checkpoint(at, &changed.parts)
            .expect("its frame is durable");
        self.note(Event::Checkpoint { frame: at.0 });
        // Now and then its success is not told.
        if self.random.random_bool(0.7) {
            self.era_stored = changed.era;
        }
    }

    fn take_finished(&mut self) {
        for finished in self.lane.take_finished() {
            self.end(finished.frame, finished.journeys, finished.amendments);
        }
    }

    fn end(&mut self, frame: FrameSeq, journeys: Vec<Journey>, amendments: Vec<Amendment>) {
        for journey in journeys {
            self.history.insert(journey.message, (frame, Arc::new(journey)));
        }
        for amendment in amendments {
            match self.history.get_mut(&amendment.message) {
                Some((since, journey)) => {
                    *since = frame;
                    Arc::make_mut(journey).amend(&amendment);
                }
                None => self.broken(Promise::Rcp1, format!("{amendment:?} of what never ended")),
            }
        }
    }

    fn connect_all(&mut self) {
        let ids: Vec<_> = self.catalog.snapshot().connections.keys().copied().collect();
        ids.into_iter().for_each(|id| self.connect(id));
    }

    fn connect(&mut self, id: ConnectionId) {
        let config = Arc::new(self.catalog.snapshot().connections[&id].clone());
        let epoch = self.lane.columns().next_epoch(id);
        self.seat(id, config, epoch);
    }

    fn seat(&mut self, id: ConnectionId, config: Arc<Connection>, epoch: u32) {
        let seat = Seat {
            core: ConnectionCore::new(config, epoch, self.lane.quiet_after_start(), self.now),
            next_look: self.now.monotonic,
        };
        self.seats.insert(id, seat);
    }

    /// Lets a connection's core look around, as its actor does on a wake and by its timer.
    fn look(&mut self, id: ConnectionId) {
        let Some(seat) = self.seats.get_mut(&id) else {
            return;
        };
        let before = self.lane.counters().segments_uncertain.get();
        let commands = seat.core.tick(&mut self.lane, self.random.random(), self.now);
        self.check_uncertain(before, self.capacity(id), "a look at the time");
        self.perform(id, commands);
        self.listen(id);
        let Some(seat) = self.seats.get_mut(&id) else {
            return;
        };
        seat.next_look = seat.core.next_tick(&self.lane, self.now);
        if seat.core.has_left() {
            self.seats.remove(&id);
            if self.lane.forget_link(id, self.now) {
                self.connect(id);
            }
        }
    }

    fn perform(&mut self, id: ConnectionId, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Connect { slot, epoch } => self.open(id, slot, epoch),
                Command::Flush { slot } => self.flush(id, slot),
                Command::Close { slot, last } => {
                    let now = self.now;
                    self.note(Event::Closed { connection: id, slot });
                    let line = self.line(id);
                    if let Some(socket) = line.socket(slot) {
                        line.hear(socket.key, &last, now);
                    }
                    line.drop_socket(slot);
                }
            }
        }
    }

    fn open(&mut self, id: ConnectionId, slot: u8, epoch: u32) {
        let now = self.now;
        let random = self.random.random();
        let connected = self.line(id).connect(slot, epoch, now);
        let Some(seat) = self.seats.get_mut(&id) else {
            return;
        };
        if !connected {
            return seat
                .core
                .connect_failed(slot, epoch, "refused".into(), random, now);
        }
        let commands = seat.core.connected(slot, epoch, 101_000_000, now);
        self.note(Event::Connected {
            connection: id,
            slot,
            epoch,
        });
        self.perform(id, commands);
    }

    /// Moves bytes to the carrier. A socket that breaks has taken a part of them, of which the carrier gets a part.
    fn flush(&mut self, id: ConnectionId, slot: u8) {
        let now = self.now;
        let Some(socket) = self.line(id).socket(slot) else {
            return;
        };
        let Some(seat) = self.seats.get_mut(&id) else {
            return;
        };
        let Some(output) = seat.core.output(slot, socket.epoch).map(<[u8]>::to_vec) else {
            return;
        };
        let torn = self.random.random_bool(self.lines[&id].torn_share);
        if !torn {
            seat.core.wrote(slot, socket.epoch, output.len());
            return self.line(id).hear(socket.key, &output, now);
        }
        let taken = self.random.random_range(0..=output.len());
        let heard = self.random.random_range(0..=taken);
        seat.core.wrote(slot, socket.epoch, taken);
        self.note(Event::Torn {
            connection: id,
            heard,
            taken,
        });
        self.line(id).hear(socket.key, &output[..heard], now);
        self.lose(id, slot, socket, "torn");
    }

    /// The socket is gone.
    fn lose(&mut self, id: ConnectionId, slot: u8, socket: Socket, cause: &str) {
        self.line(id).drop_socket(slot);
        let (before, random) = (self.uncertain(), self.random.random());
        let Some(seat) = self.seats.get_mut(&id) else {
            return;
        };
        let commands = seat
            .core
            .lost(&mut self.lane, slot, socket.epoch, cause, random, self.now);
        self.check_uncertain(before, self.capacity(id), "a cut");
        self.perform(id, commands);
    }

    /// Moves what the carrier has to say, until it has nothing more to say.
    fn listen(&mut self, id: ConnectionId) {
        let mut touched = Vec::new();
        loop {
            self.line(id).carrier.take_touched(&mut touched);
            if touched.is_empty() {
                return;
            }
            for key in std::mem::take(&mut touched) {
                let line = self.line(id);
                let Some((slot, socket)) = line.slot_of(key) else {
                    continue;
                };
                let bytes = line.take_output(key);
                if !bytes.is_empty() {
                    self.hear(id, slot, socket, &bytes);
                }
                let line = self.line(id);
                if line.socket(slot) == Some(socket)
                    && (line.carrier.is_cut(key) || line.carrier.is_closing(key))
                {
                    self.lose(id, slot, socket, "closed by the carrier");
                }
            }
        }
    }

    fn hear(&mut self, id: ConnectionId, slot: u8, socket: Socket, bytes: &[u8]) {
        let random = self.random.random();
        let Some(seat) = self.seats.get_mut(&id) else {
            return;
        };
        let commands = seat
            .core
            .received(&mut self.lane, slot, socket.epoch, bytes, random, self.now);
        seat.next_look = seat.next_look.min(seat.core.next_tick(&self.lane, self.now));
        self.perform(id, commands);
    }

    fn uncertain(&self) -> u64 {
        self.lane.counters().segments_uncertain.get()
    }

    /// What one event made uncertain is no more than what could be under way (UNC-1).
    fn check_uncertain(&mut self, before: u64, capacity: u64, event: &str) {
        let more = self.uncertain() - before;
        self.counts.uncertain += more;
        if more > capacity {
            self.broken(
                Promise::Unc1,
                format!("{event} made {more} segments uncertain, of {capacity} slots"),
            );
        }
    }

    fn note_capacities(&mut self) {
        for (id, config) in &self.catalog.snapshot().connections {
            let capacity = Capacity {
                since: self.now.monotonic,
                sessions: config.sessions.into(),
                slots: (config.window + config.look_ahead).into(),
            };
            self.capacities.entry(*id).or_default().push(capacity);
        }
    }

    /// The most that can be under way by a connection: by its settings now, and by those under which requests may still be open.
    /// Sessions that go may stand beside such as have a larger window.
    fn capacity(&self, id: ConnectionId) -> u64 {
        let open_since = Duration::from_secs(2 * u64::from(RESPONSE_TIMEOUT_S));
        let known = self.capacities.get(&id).map_or(&[][..], Vec::as_slice);
        let later = known
            .iter()
            .rposition(|capacity| self.now.monotonic - capacity.since >= open_since)
            .unwrap_or(0);
        let most = |of: fn(&Capacity) -> u64| known[later..].iter().map(of).max().unwrap_or(0);
        most(|capacity| capacity.sessions) * most(|capacity| capacity.slots)
    }
}

fn recovered(
    catalog: &Arc<Compiled>,
    journal: &SimulatedJournal,
    history_upto: FrameSeq,
    now: Now,
) -> carillon_actors::lane::Recovered {
    let options = LaneOptions {
        columns: ColumnLimits {
            bodies_bytes_max: BODIES_BYTES_MAX,
            ..ColumnLimits::default()
        },
        ..LaneOptions::default()
    };
    let counters = Arc::new(Counters::default());
    let journal = Arc::new(journal.clone());
    recover(
        options,
        catalog.clone(),
        journal,
        counters,
        history_upto,
        Arc::default(),
        now,
    )
    .expect("the lane is rebuilt after every crash")
}

fn answer(effect: Effect) {
    match effect {
        Effect::AnswerSingle(reply, answer) => drop(reply.send(Ok(answer))),
        Effect::AnswerBatch(reply, taken) => drop(reply.send(Ok(taken))),
        Effect::AnswerRead(reply, read) => drop(reply.send(read)),
        Effect::Tell(told) | Effect::Durable(told) => drop(told.send(())),
        Effect::Write { .. } | Effect::Acknowledge { .. } => unreachable!("these go into the mail"),
    }
}

/// The random numbers of one seed.
pub fn random(seed: u64) -> SmallRng {
    SmallRng::seed_from_u64(seed)
}
