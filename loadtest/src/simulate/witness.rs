//! Who sees everything: what is durable, what reaches carriers, and what they say; and tells at once when a promise is broken.

use super::hospital::{ATTEMPTS, CAP, RESPONSE_TIMEOUT_S};
use super::journal::SimulatedJournal;
use super::promise::{Promise, Violation};
use super::trace::{Event, Trace};
use super::world::START;
use crate::ledger::{Answer, Frame, LedgerError, Record, Seen, Sink};
use crate::marker;
use carillon_actors::columns::{CapKey, ColumnLimits, Columns, FactPlace};
use carillon_domain::catalog::{CapPeriod, Snapshot};
use carillon_domain::fact::{Accepted, CarrierId, Fact, FinalState, Receipt, ReceiptOutcome, SegmentKey};
use carillon_domain::frame;
use carillon_domain::ids::{AccountId, ConnectionId, MessageId};
use carillon_domain::time::Monotonic;
use carillon_storage::journal::{FrameSeq, Journal};
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

type Map<K, V> = HashMap<K, V, FixedState>;

/// For so long after a change of the catalog the limits before it may still be followed.
const FOLLOWED_WITHIN: Duration = Duration::from_millis(1_100);

pub type SharedWitness = Arc<Mutex<Witness>>;

/// A message as its caller made it.
#[derive(Clone, Debug)]
pub struct Made {
    pub account: AccountId,
    /// How often one segment of it may be with carriers.
    pub copies_max: usize,
    /// Once its acceptance is durable.
    pub id: Option<MessageId>,
}

/// One write of a segment as its carrier saw it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub connection: ConnectionId,
    pub carrier_id: u64,
    pub answer: Answer,
    /// Statuses of the receipts that were given for it.
    pub delivered: bool,
    pub undelivered: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    window: u32,
    rate: u32,
    window_before: u32,
    rate_before: u32,
    changed_at: Monotonic,
}

#[derive(Debug, Default)]
struct Traffic {
    /// Of the last second.
    arrivals: VecDeque<Monotonic>,
    /// Requests without an answer, by session.
    open: BTreeMap<u32, VecDeque<(u64, Monotonic)>>,
}

pub struct Witness {
    pub now: Monotonic,
    pub trace: Trace,
    pub made: Vec<Made>,
    pub segments_arrived: u64,
    arrived_of: BTreeMap<AccountId, u64>,
    by_id: Map<MessageId, u64>,
    arrivals: Map<(u64, u8), Vec<Arrival>>,
    by_carrier_id: Map<(ConnectionId, u64), (u64, u8)>,
    intents: Map<SegmentKey, usize>,
    receipts: HashSet<(ConnectionId, u64), FixedState>,
    /// The carrier's number of a segment, of the newest write that was answered.
    submitted: Map<SegmentKey, u64>,
    /// What the newest receipt that counts says of a segment.
    receipts_counted: Map<SegmentKey, (u64, ReceiptOutcome)>,
    ends: Map<MessageId, FinalState>,
    /// Messages that count for their person, as long as nothing of them was on its way.
    unwritten: Map<MessageId, CapKey>,
    counted: BTreeMap<CapKey, u16>,
    limits: BTreeMap<ConnectionId, Limits>,
    traffic: BTreeMap<ConnectionId, Traffic>,
    grants: BTreeMap<AccountId, BTreeSet<ConnectionId>>,
    /// The fold over every durable frame.
    replayed: Columns,
    replayed_upto: FrameSeq,
    violation: Option<Violation>,
}

impl Witness {
    pub fn new(snapshot: &Snapshot) -> Self {
        let grants = snapshot.accounts.iter();
        let mut replayed = Columns::new(ColumnLimits::default());
        replayed.mute_tally();
        let mut witness = Witness {
            now: Monotonic::default(),
            trace: Trace::default(),
            made: Vec::new(),
            segments_arrived: 0,
            arrived_of: BTreeMap::new(),
            by_id: Map::default(),
            arrivals: Map::default(),
            by_carrier_id: Map::default(),
            intents: Map::default(),
            receipts: HashSet::default(),
            submitted: Map::default(),
            receipts_counted: Map::default(),
            ends: Map::default(),
            unwritten: Map::default(),
            counted: BTreeMap::new(),
            limits: BTreeMap::new(),
            traffic: BTreeMap::new(),
            grants: grants
                .map(|(id, account)| (*id, account.connections.iter().copied().collect()))
                .collect(),
            replayed,
            replayed_upto: FrameSeq::ZERO,
            violation: None,
        };
        witness.follow_limits(snapshot);
        witness
    }

    /// The number of a message that somebody is about to send.
    pub fn make(&mut self, account: AccountId, resend: bool) -> u64 {
        self.made.push(Made {
            account,
            copies_max: if resend { 2 } else { 1 },
            id: None,
        });
        self.made.len() as u64 - 1
    }

    pub fn note(&mut self, event: Event) {
        let now = self.now;
        self.trace.note(now, event);
    }

    pub fn broken(&mut self, promise: Promise, what: impl Into<String>) {
        self.violation.get_or_insert(Violation {
            promise,
            what: what.into(),
        });
    }

    /// The first promise that was broken.
    pub fn verdict(&self) -> Result<(), Violation> {
        self.violation.clone().map_or(Ok(()), Err)
    }

    pub fn follow_limits(&mut self, snapshot: &Snapshot) {
        for (id, config) in &snapshot.connections {
            let before = self.limits.get(id).copied().unwrap_or_default();
            let (window, rate) = (u32::from(config.window), config.rate_per_second);
            if (before.window, before.rate) != (window, rate) {
                let limits = Limits {
                    window,
                    rate,
                    window_before: before.window,
                    rate_before: before.rate,
                    changed_at: self.now,
                };
                self.limits.insert(*id, limits);
            }
        }
    }

    /// Takes in every frame that is durable by now.
    pub fn follow(&mut self, journal: &SimulatedJournal) {
        let durable = journal.durable();
        if self.replayed_upto == durable {
            return;
        }
        self.replayed.read_bodies_from(Arc::new(journal.clone()));
        while self.replayed_upto < durable {
            let seq = self.replayed_upto.next();
            let payload = journal.payload(seq).expect("what is durable can be read");
            let mut facts = frame::decode(&payload).expect("the frame can be read");
            loop {
                let place = FactPlace::new(seq, facts.next_place());
                let Some(fact) = facts.next() else { break };
                let fact = fact.expect("the fact can be read");
                self.fact(&fact);
                self.replayed.apply(place, &fact);
            }
            self.replayed_upto = seq;
        }
        self.note(Event::Durable { frame: durable.0 });
    }

    /// Compares the state that was lived with the fold over its facts; both at the same frame.
    pub fn compare(&mut self, lived: &Columns) {
        for (key, count) in &self.counted {
            let used = lived.cap_used(*key, CapPeriod::Day, START);
            if used != *count {
                let what = format!("{count} messages count for a person, the lane has {used}");
                return self.broken(Promise::Caps, what);
            }
        }
        let state = |columns: &Columns| columns.state().expect("the state can be written");
        if state(lived) == state(&self.replayed) {
            return;
        }
        let frame = self.replayed_upto.0;
        let row = lived.rows().find_map(|(_, row)| {
            let other = self.replayed.attempt(row.id, row.attempt);
            let other = other.and_then(|at| self.replayed.row(at));
            (other != Some(row)).then(|| format!("{row:?}, replayed {other:?}"))
        });
        let what = row.unwrap_or_else(|| "what is kept beside open messages".to_owned());
        self.broken(
            Promise::Replay,
            format!("at frame {frame} lived and replayed differ: {what}"),
        );
    }

    pub fn is_durable(&self, number: u64, id: MessageId) -> bool {
        self.made[number as usize].id == Some(id)
    }

    pub fn number_of(&self, id: MessageId) -> Option<u64> {
        self.by_id.get(&id).copied()
    }

    pub fn end_of(&self, id: MessageId) -> Option<FinalState> {
        self.ends.get(&id).copied()
    }

    /// Segments of an account that reached carriers.
    pub fn arrived_of(&self, account: AccountId) -> u64 {
        self.arrived_of.get(&account).copied().unwrap_or(0)
    }

    /// Every write of one segment that reached a carrier; segments are counted from 1.
    pub fn arrivals(&self, marker: u64, part: u8) -> &[Arrival] {
        self.arrivals.get(&(marker, part)).map_or(&[], Vec::as_slice)
    }

    fn fact(&mut self, fact: &Fact) {
        match fact {
            Fact::Accepted(accepted) => {
                let text = accepted.plan[0].content.text().unwrap_or_default();
                if text.is_empty() && accepted.campaign.is_some() {
                    // A line that could not be sent any more: it ends at once.
                    return;
                }
                let Some(number) = marker::find(text.as_bytes()).map(|marker| marker / ATTEMPTS) else {
                    return self.broken(Promise::Truth, "a message that nobody made was accepted");
                };
                let made = &mut self.made[number as usize];
                if let Some(before) = made.id.replace(accepted.message) {
                    let what = format!(
                        "message {number} was accepted twice: {before}, {}",
                        accepted.message
                    );
                    return self.broken(Promise::Idem1, what);
                }
                self.by_id.insert(accepted.message, number);
                self.count_for_person(accepted);
            }
            Fact::Intent(intent) => {
                *self.intents.entry(intent.segment).or_default() += 1;
                self.unwritten.remove(&intent.segment.message);
            }
            Fact::Submitted {
                segment, carrier_id, ..
            } => {
                if let Some(id) = number_in(carrier_id) {
                    self.submitted.insert(*segment, id);
                }
            }
            Fact::Receipt(receipt) => {
                if let Some(id) = number_in(&receipt.carrier_id) {
                    self.receipts.insert((receipt.connection, id));
                    self.count_receipt(receipt, id);
                }
            }
            Fact::Final(finished) => {
                let (message, state) = (finished.message, finished.state);
                if let Some(key) = self.unwritten.remove(&message) {
                    *self.counted.entry(key).or_default() -= 1;
                }
                let number = self.number_of(message).unwrap_or(u64::MAX);
                self.note(Event::Ended {
                    message: number,
                    state: word(state),
                });
                if let Some(before) = self.ends.insert(message, state) {
                    let what = format!("message {number} ended as {before:?} and again as {state:?}");
                    self.broken(Promise::Msg1, what);
                }
            }
            Fact::Amended(finished) => {
                let before = self.ends.insert(finished.message, finished.state);
                if !before.is_some_and(FinalState::is_amendable) {
                    let what = format!(
                        "{} was {before:?} and became {:?}",
                        finished.message, finished.state
                    );
                    self.broken(Promise::Rcp1, what);
                }
            }
            _ => {}
        }
    }

    /// A receipt counts once for its segment. One that is matched by number and time, because no response gave its number, may have
    /// been another segment's.
    fn count_receipt(&mut self, receipt: &Receipt, id: u64) {
        let of = |segment: &SegmentKey| self.submitted.get(segment) == Some(&id);
        let Some(segment) = receipt.segment.filter(of).filter(|_| !receipt.duplicate) else {
            return;
        };
        let counts = (id, receipt.outcome);
        if self.receipts_counted.insert(segment, counts) == Some(counts) {
            self.broken(
                Promise::Rcp1,
                format!("the receipt {id} counts twice for {segment:?}"),
            );
        }
    }

    fn count_for_person(&mut self, accepted: &Accepted) {
        let to = accepted.to.filter(|_| !accepted.counted.is_empty());
        let Some(to) = to else { return };
        let key = CapKey::of(accepted.tenant, accepted.business_type, Some(to), &accepted.plan);
        let Some(key) = key else { return };
        self.unwritten.insert(accepted.message, key);
        let count = self.counted.entry(key).or_default();
        *count += 1;
        if *count > CAP {
            let what = format!("a person got {count} messages of a type, of {CAP}");
            self.broken(Promise::Caps, what);
        }
    }

    fn seen(&mut self, seen: &Seen<'_>) {
        match seen {
            Seen::Arrived(record) => self.arrived(record),
            Seen::Answered(record) => self.answered(record),
            Seen::Given(record, status) => self.given(record, status),
            Seen::Acknowledged(record) => self.acknowledged(record),
        }
    }

    fn arrived(&mut self, record: &Record) {
        let connection = ConnectionId(record.account);
        let part = record.part.map_or(1, |part| part.number);
        let Some(marker) = record.marker else {
            return self.broken(Promise::Truth, format!("{connection} got what nobody made"));
        };
        self.segments_arrived += 1;
        self.note(Event::Arrived {
            connection,
            marker,
            part,
        });
        self.count(connection, record);
        let (number, attempt) = (marker / ATTEMPTS, (marker % ATTEMPTS) as u8);
        let made = self.made[number as usize].clone();
        *self.arrived_of.entry(made.account).or_default() += 1;
        let Some(message) = made.id else {
            let what = format!("message {number} reached {connection} before its acceptance was durable");
            return self.broken(Promise::Ack1, what);
        };
        if !self
            .grants
            .get(&made.account)
            .is_some_and(|granted| granted.contains(&connection))
        {
            let what = format!(
                "message {number} of account {} reached {connection}",
                made.account
            );
            self.broken(Promise::Granted, what);
        }
        let key = SegmentKey {
            message,
            attempt,
            segment: part - 1,
        };
        let intents = self.intents.get(&key).copied().unwrap_or(0);
        let arrivals = self.arrivals.entry((marker, part)).or_default();
        let is_refused = |arrival: &&Arrival| matches!(arrival.answer, Answer::Refused(_));
        let copies = arrivals.len() - arrivals.iter().filter(is_refused).count() + 1;
        arrivals.push(Arrival {
            connection,
            carrier_id: record.carrier_id,
            answer: Answer::None,
            delivered: false,
            undelivered: false,
        });
        let writes = arrivals.len();
        self.by_carrier_id
            .insert((connection, record.carrier_id), (marker, part));
        if writes > intents {
            let what = format!("{key:?} reached {connection}: write {writes}, durable INTENTs {intents}");
            self.broken(Promise::Ack1, what);
        }
        if copies > made.copies_max {
            let what = format!(
                "{key:?} is with carriers {copies} times: {:?}",
                self.arrivals(marker, part)
            );
            self.broken(Promise::Dup1, what);
        }
    }

    fn count(&mut self, connection: ConnectionId, record: &Record) {
        let now = self.now;
        let limits = self.limits.get(&connection).copied().unwrap_or_default();
        let changed = now - limits.changed_at < FOLLOWED_WITHIN;
        let either = |limit: u32, before: u32| if changed { limit.max(before) } else { limit };
        let rate = either(limits.rate, limits.rate_before) as usize;
        let window = either(limits.window, limits.window_before) as usize;
        let traffic = self.traffic.entry(connection).or_default();
        traffic.arrivals.push_back(now);
        while traffic
            .arrivals
            .front()
            .is_some_and(|at| now - *at >= Duration::from_secs(1))
        {
            traffic.arrivals.pop_front();
        }
        let in_second = traffic.arrivals.len();
        let open = traffic.open.entry(record.session).or_default();
        // Sessions count whole milliseconds.
        let given_up_ms = u128::from(RESPONSE_TIMEOUT_S) * 1_000;
        open.retain(|(_, at)| now.0.as_millis() - at.0.as_millis() < given_up_ms);
        open.push_back((record.carrier_id, now));
        let in_flight = open.len();
        let since: Vec<Duration> = open.iter().map(|(_, at)| at.0).collect();
        if in_second > rate {
            self.broken(
                Promise::Rate1,
                format!("{connection} got {in_second} in a second, of {rate}"),
            );
        }
        if in_flight > window {
            let what = format!(
                "{connection} has {in_flight} open on session {}, of {window}, since {since:?}",
                record.session
            );
            self.broken(Promise::Win1, what);
        }
    }

    fn answered(&mut self, record: &Record) {
        let connection = ConnectionId(record.account);
        let carrier_id = record.carrier_id;
        let traffic = self.traffic.entry(connection).or_default();
        if let Some(open) = traffic.open.get_mut(&record.session) {
            open.retain(|(id, _)| *id != carrier_id);
        }
        let refused = matches!(record.answer, Answer::Refused(_));
        if let Some(arrival) = self.arrival(connection, carrier_id) {
            arrival.answer = record.answer;
        }
        self.note(Event::Replied {
            connection,
            carrier_id,
            refused,
        });
    }

    fn given(&mut self, record: &Record, status: &str) {
        let (connection, carrier_id) = (ConnectionId(record.account), record.carrier_id);
        if let Some(arrival) = self.arrival(connection, carrier_id) {
            let delivered = status == "DELIVRD";
            arrival.delivered |= delivered;
            arrival.undelivered |= !delivered;
        }
        self.note(Event::Receipt {
            connection,
            carrier_id,
        });
    }

    fn acknowledged(&mut self, record: &Record) {
        let (connection, carrier_id) = (ConnectionId(record.account), record.carrier_id);
        self.note(Event::Acknowledged {
            connection,
            carrier_id,
        });
        if !self.receipts.contains(&(connection, carrier_id)) {
            let what =
                format!("the receipt {carrier_id} of {connection} was acknowledged before it was durable");
            self.broken(Promise::Ack1, what);
        }
    }

    fn arrival(&mut self, connection: ConnectionId, carrier_id: u64) -> Option<&mut Arrival> {
        let key = self.by_carrier_id.get(&(connection, carrier_id))?;
        let mut arrivals = self.arrivals.get_mut(key)?.iter_mut();
        arrivals.find(|arrival| (arrival.connection, arrival.carrier_id) == (connection, carrier_id))
    }
}

fn number_in(id: &CarrierId) -> Option<u64> {
    match id {
        CarrierId::Number(number) => Some(*number),
        CarrierId::Text(text) => text.parse().ok(),
    }
}

fn word(state: FinalState) -> &'static str {
    carillon_domain::journey::MessageState::Final(state).word()
}

/// A carrier's ledger of which only what happens is looked at.
pub struct Watcher {
    witness: SharedWitness,
}

impl Watcher {
    pub fn new(witness: SharedWitness) -> Self {
        Watcher { witness }
    }
}

impl Sink for Watcher {
    fn frame(&mut self, _: Frame) -> Result<(), LedgerError> {
        Ok(())
    }

    fn seen(&mut self, seen: Seen<'_>) {
        self.witness.lock().seen(&seen);
    }
}
