//! A lane that changes its owner all the time, lived through in virtual time: nodes that stand still, records and acknowledgements that are
//! late, doubled or lost, claims out of the blue. What counts is decided by the real [`LaneLog`] over real records.
//!
//! Clocks of walls play no part: ages are by the clock since the machine's start, which never steps.

use crate::log::{LaneLog, Taken};
use crate::record::{Claim, Record};
use carillon_storage::conformance::Random;
use carillon_storage::journal::FrameSeq;
use std::collections::{BTreeMap, BTreeSet};

const NODES: usize = 3;
const PARTS: u8 = 12;
/// Milliseconds after its INTENT in which a part may be written, and for which a new owner writes nothing.
const INTENT_LIFE: u64 = 2_000;
const LIFE_MS: u64 = 60_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Intent,
    Submitted,
    Returned,
    Uncertain,
}

/// A fact of one part; frames hold one each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    what: What,
    part: u8,
    try_number: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Waiting,
    Intent,
    Submitted,
    Uncertain,
}

#[derive(Clone, Copy, Debug, Default)]
struct Part {
    state: State,
    tries: u8,
}

struct Owner {
    log: LaneLog,
    epoch: u64,
    parts: BTreeMap<u8, Part>,
    /// The last frame that was given to the producer.
    sent: FrameSeq,
    claimed_at: u64,
}

#[derive(Default)]
struct Node {
    /// Of its process; what belongs to an earlier one is nobody's.
    life: u32,
    owner: Option<Owner>,
    /// Until then it stands still.
    stands_until: u64,
    /// The network keeps its records, and the acknowledgements, in order.
    last_arrival: u64,
    last_answer: u64,
}

enum Event {
    /// The group says that the lane is this node's.
    Assigned(usize),
    Arrives {
        node: usize,
        life: u32,
        bytes: Vec<u8>,
        sent: Sent,
    },
    Acknowledged {
        node: usize,
        life: u32,
        offset: u64,
        sent: Sent,
    },
    /// What became of a record is not known, so the process ends.
    TimedOut {
        node: usize,
        life: u32,
    },
    Works {
        node: usize,
        life: u32,
    },
    /// It had looked at the clock and then stood still.
    WritesLate {
        node: usize,
        life: u32,
        fact: Fact,
    },
}

#[derive(Clone, Copy)]
enum Sent {
    Claim,
    Frame { seq: FrameSeq, fact: Fact, at: u64 },
}

struct Write {
    fact: Fact,
    epoch: u64,
    at: u64,
    is_late: bool,
}

struct World {
    random: Random,
    now: u64,
    events: BTreeMap<(u64, u64), Event>,
    numbers: u64,
    nodes: Vec<Node>,
    broker: Vec<Vec<u8>>,
    /// When each claim came to the broker, by its offset.
    claims: BTreeMap<u64, u64>,
    writes: Vec<Write>,
    resends: bool,
    writes_late: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let (resends, writes_late) = (random.below(2) == 0, random.below(2) == 0);
        World {
            random,
            now: 0,
            events: BTreeMap::new(),
            numbers: 0,
            nodes: (0..NODES).map(|_| Node::default()).collect(),
            broker: Vec::new(),
            claims: BTreeMap::new(),
            writes: Vec::new(),
            resends,
            writes_late,
        }
    }

    fn live(&mut self) {
        let mut at = 0;
        while at < LIFE_MS * 2 / 3 {
            let node = self.random.below(NODES as u64) as usize;
            self.at(at, Event::Assigned(node));
            at += 50 + self.random.below(6_000);
        }
        // Whoever has it last keeps it, and has the time to finish.
        while let Some(((now, _), event)) = self.events.pop_first() {
            self.now = now;
            if now > LIFE_MS {
                break;
            }
            self.happens(event);
        }
    }

    fn at(&mut self, at: u64, event: Event) {
        self.numbers += 1;
        self.events.insert((at, self.numbers), event);
    }

    fn happens(&mut self, event: Event) {
        // The broker does not stand still with a node.
        if let Event::Arrives {
            node,
            life,
            bytes,
            sent,
        } = event
        {
            return self.arrives(node, life, bytes, sent);
        }
        let node = match &event {
            Event::Assigned(node)
            | Event::Acknowledged { node, .. }
            | Event::TimedOut { node, .. }
            | Event::Works { node, .. }
            | Event::WritesLate { node, .. } => *node,
            Event::Arrives { .. } => unreachable!("just handled"),
        };
        let stands_until = self.nodes[node].stands_until;
        if stands_until > self.now {
            return self.at(stands_until, event);
        }
        if self.random.below(40) == 0 {
            self.nodes[node].stands_until = self.now + 1 + self.random.below(8_000);
        }
        let life_now = self.nodes[node].life;
        match event {
            Event::Assigned(node) => self.claims(node),
            Event::Acknowledged {
                node,
                life,
                offset,
                sent,
            } if life == life_now => {
                self.acknowledged(node, offset, sent);
            }
            Event::TimedOut { node, life } if life == life_now => self.ends(node),
            Event::Works { node, life } if life == life_now => self.works(node),
            Event::WritesLate { node, life, fact } if life == life_now => self.writes(node, fact, true),
            _ => {}
        }
    }

    fn ends(&mut self, node: usize) {
        self.nodes[node].owner = None;
        self.nodes[node].life += 1;
    }

    fn claims(&mut self, node: usize) {
        self.ends(node);
        let claim = Record::Claim(Claim {
            owner: node.to_string(),
            nonce: self.numbers,
            checkpoint: None,
        });
        self.produces(node, claim.encode(), Sent::Claim);
    }

    /// The producer keeps the order, and tries again when a connection is lost; sometimes it gives up.
    fn produces(&mut self, node: usize, bytes: Vec<u8>, sent: Sent) {
        let life = self.nodes[node].life;
        let delay = match self.random.below(30) {
            0 => self.random.below(5_000),
            _ => 1 + self.random.below(20),
        };
        let arrival = (self.now + delay).max(self.nodes[node].last_arrival);
        self.nodes[node].last_arrival = arrival;
        let fate = self.random.below(300);
        if fate == 0 {
            self.at(self.now + 3_000, Event::TimedOut { node, life });
        }
        // Given up on, it may come all the same.
        if fate > 0 || self.random.below(2) == 0 {
            self.at(
                arrival,
                Event::Arrives {
                    node,
                    life,
                    bytes,
                    sent,
                },
            );
        }
    }

    fn arrives(&mut self, node: usize, life: u32, bytes: Vec<u8>, sent: Sent) {
        let offset = self.broker.len() as u64;
        self.broker.push(bytes);
        if let Sent::Claim = sent {
            self.claims.insert(offset, self.now);
        }
        let delay = match self.random.below(30) {
            0 => self.random.below(6_000),
            _ => 1 + self.random.below(20),
        };
        let answer = (self.now + delay).max(self.nodes[node].last_answer);
        self.nodes[node].last_answer = answer;
        self.at(
            answer,
            Event::Acknowledged {
                node,
                life,
                offset,
                sent,
            },
        );
        if self.random.below(20) == 0 {
            self.at(
                answer + 5,
                Event::Acknowledged {
                    node,
                    life,
                    offset,
                    sent,
                },
            );
        }
    }

    fn acknowledged(&mut self, node: usize, offset: u64, sent: Sent) {
        match sent {
            Sent::Claim if self.nodes[node].owner.is_none() => self.takes_over(node, offset),
            Sent::Claim => {}
            Sent::Frame { seq, fact, at } => {
                let owner = self.nodes[node].owner.as_mut().expect("it has sent a frame");
                // Told twice.
                if seq <= owner.log.last() {
                    return;
                }
                let between = owner.log.between(offset).expect("acknowledgements come in order");
                for offset in between {
                    let record = Record::decode(&self.broker[offset as usize]).expect("all is ours");
                    if owner.log.take_between(offset, &record).is_some() {
                        return self.ends(node);
                    }
                }
                if !owner.log.own_frame(offset, seq) {
                    return self.ends(node);
                }
                if fact.what == What::Intent {
                    self.may_write(node, fact, at);
                }
            }
        }
    }

    fn may_write(&mut self, node: usize, fact: Fact, intended: u64) {
        if self.now - intended >= INTENT_LIFE {
            return self.records(
                node,
                Fact {
                    what: What::Returned,
                    ..fact
                },
            );
        }
        if self.writes_late && self.random.below(50) == 0 {
            let until = self.now + self.random.below(5_000);
            self.nodes[node].stands_until = until;
            let life = self.nodes[node].life;
            return self.at(until, Event::WritesLate { node, life, fact });
        }
        self.writes(node, fact, false);
    }

    fn writes(&mut self, node: usize, fact: Fact, is_late: bool) {
        let epoch = self.nodes[node]
            .owner
            .as_ref()
            .expect("it owns the lane, as it thinks")
            .epoch;
        self.writes.push(Write {
            fact,
            epoch,
            at: self.now,
            is_late,
        });
        self.records(
            node,
            Fact {
                what: What::Submitted,
                ..fact
            },
        );
    }

    fn takes_over(&mut self, node: usize, epoch: u64) {
        let mut log = LaneLog::default();
        let mut parts = BTreeMap::new();
        for (bytes, offset) in self.broker.iter().zip(0..=epoch) {
            let record = Record::decode(bytes).expect("all is ours");
            if let (Taken::Frame(_), Record::Frame { payload, .. }) = (log.take(offset, &record), &record) {
                apply(&mut parts, decode(payload));
            }
        }
        let open: Vec<_> = parts
            .iter()
            .filter(|(_, part)| part.state == State::Intent)
            .map(|(id, part)| (*id, *part))
            .collect();
        self.nodes[node].owner = Some(Owner {
            sent: log.last(),
            log,
            epoch,
            parts,
            claimed_at: self.now,
        });
        for (part, found) in open {
            let (what, try_number) = (What::Uncertain, found.tries);
            self.records(
                node,
                Fact {
                    what,
                    part,
                    try_number,
                },
            );
        }
        let life = self.nodes[node].life;
        self.at(self.now + 1, Event::Works { node, life });
    }

    fn records(&mut self, node: usize, fact: Fact) {
        let owner = self.nodes[node].owner.as_mut().expect("only owners record");
        apply(&mut owner.parts, fact);
        owner.sent = owner.sent.next();
        let (epoch, seq) = (owner.epoch, owner.sent);
        let record = Record::Frame {
            epoch,
            seq,
            checkpoint: None,
            payload: &encode(fact),
        };
        let at = self.now;
        self.produces(node, record.encode(), Sent::Frame { seq, fact, at });
    }

    fn works(&mut self, node: usize) {
        let owner = self.nodes[node].owner.as_ref().expect("only owners work");
        if self.now - owner.claimed_at >= INTENT_LIFE {
            let part = self.random.below(PARTS.into()) as u8;
            let found = owner.parts.get(&part).copied().unwrap_or_default();
            let may_go = match found.state {
                State::Waiting => true,
                State::Uncertain => self.resends && found.tries == 1,
                State::Intent | State::Submitted => false,
            };
            if may_go {
                let (what, try_number) = (What::Intent, found.tries + 1);
                self.records(
                    node,
                    Fact {
                        what,
                        part,
                        try_number,
                    },
                );
            }
        }
        let life = self.nodes[node].life;
        let next = self.now + 20 + self.random.below(200);
        self.at(next, Event::Works { node, life });
    }

    /// What holds at the end of every life; what it saw.
    fn judge(&self) -> Seen {
        let mut log = LaneLog::default();
        let mut facts = Vec::new();
        let mut stale = 0;
        for (bytes, offset) in self.broker.iter().zip(0..) {
            let record = Record::decode(bytes).expect("all is ours");
            match (log.take(offset, &record), &record) {
                (Taken::Frame(_), Record::Frame { payload, .. }) => facts.push(decode(payload)),
                (Taken::Stale, _) => stale += 1,
                _ => {}
            }
        }
        let stands = |what, write: &Write| facts.contains(&Fact { what, ..write.fact });
        let mut written = BTreeSet::new();
        for write in &self.writes {
            let Fact { part, try_number, .. } = write.fact;
            assert!(
                stands(What::Intent, write),
                "part {part} was written on an INTENT that does not count"
            );
            assert!(
                !stands(What::Returned, write),
                "part {part} was written and went back"
            );
            assert!(
                written.insert((part, try_number)),
                "part {part} was written twice by one INTENT (DUP-1)"
            );
            if try_number > 1 {
                let before = Fact {
                    what: What::Uncertain,
                    part,
                    try_number: try_number - 1,
                };
                let returned = Fact {
                    what: What::Returned,
                    ..before
                };
                assert!(
                    facts.contains(&before) || facts.contains(&returned),
                    "part {part} was written again without a cause"
                );
                assert!(
                    self.resends || facts.contains(&returned),
                    "part {part} was held and written again"
                );
            }
            // In this order, so that the carrier never has the second before the first.
            let is_earlier = |other: &&Write| other.fact.part == part && other.fact.try_number < try_number;
            let mut earlier = self.writes.iter().filter(is_earlier);
            assert!(
                earlier.all(|other| other.is_late || other.at < write.at),
                "part {part} was written again before the first time"
            );
            let next_claim = self.claims.range(write.epoch + 1..).next();
            if let Some((_, claimed)) = next_claim.filter(|_| !write.is_late) {
                assert!(
                    write.at < claimed + INTENT_LIFE,
                    "part {part} was written long after the lane was another's"
                );
            }
        }
        Seen {
            writes: self.writes.len(),
            stale,
            uncertain: facts.iter().filter(|fact| fact.what == What::Uncertain).count(),
            returned: facts.iter().filter(|fact| fact.what == What::Returned).count(),
            after_claim: self
                .writes
                .iter()
                .filter(|write| {
                    self.claims
                        .range(write.epoch + 1..)
                        .next()
                        .is_some_and(|(_, at)| write.at > *at)
                })
                .count(),
        }
    }
}

#[derive(Debug, Default)]
struct Seen {
    writes: usize,
    /// Frames of owners that were replaced.
    stale: usize,
    uncertain: usize,
    returned: usize,
    /// Writes by an owner that another one had already replaced.
    after_claim: usize,
}

fn apply(parts: &mut BTreeMap<u8, Part>, fact: Fact) {
    let part = parts.entry(fact.part).or_default();
    part.tries = fact.try_number;
    part.state = match fact.what {
        What::Intent => State::Intent,
        What::Submitted => State::Submitted,
        What::Returned => State::Waiting,
        What::Uncertain => State::Uncertain,
    };
}

fn encode(fact: Fact) -> [u8; 3] {
    [fact.what as u8, fact.part, fact.try_number]
}

fn decode(bytes: &[u8]) -> Fact {
    let what = [What::Intent, What::Submitted, What::Returned, What::Uncertain];
    Fact {
        what: what[usize::from(bytes[0])],
        part: bytes[1],
        try_number: bytes[2],
    }
}

#[test]
fn no_part_is_written_twice_whoever_owns_the_lane() {
    let first = match std::env::var("CARILLON_SEED") {
        Ok(seed) => seed.parse().expect("CARILLON_SEED is a number"),
        Err(_) => getrandom::u64().expect("there is randomness") >> 16,
    };
    let lives = 10_000;
    println!(
        "lives {first} to {}; CARILLON_SEED repeats them",
        first + lives - 1
    );
    let mut all = Seen::default();
    for seed in first..first + lives {
        let mut world = World::new(seed);
        world.live();
        println!("life {seed}");
        let seen = world.judge();
        all.writes += seen.writes;
        all.stale += seen.stale;
        all.uncertain += seen.uncertain;
        all.returned += seen.returned;
        all.after_claim += seen.after_claim;
    }
    println!("{all:?}");
    // Otherwise nothing was tried.
    let each = [
        all.writes,
        all.stale,
        all.uncertain,
        all.returned,
        all.after_claim,
    ];
    assert!(each.iter().all(|count| *count >= 100), "{all:?}");
}
