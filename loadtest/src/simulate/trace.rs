use carillon_domain::ids::ConnectionId;
use carillon_domain::time::Monotonic;
use foldhash::fast::FixedState;
use std::collections::VecDeque;
use std::fmt::Write;
use std::hash::{BuildHasher, Hash};

/// Events that a failure is told with.
const KEPT: usize = 80;

/// Something that happened in a simulated life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    Single {
        message: u64,
    },
    Repeat {
        key: usize,
    },
    Batch {
        first: u64,
        lines: u32,
    },
    Answered {
        messages: u32,
    },
    Refused,
    Campaign {
        first: u64,
        lines: u32,
    },
    Steer {
        campaign: u32,
        to: &'static str,
    },
    Read {
        message: u64,
    },
    Catalog {
        version: u32,
        change: &'static str,
    },
    Carrier {
        connection: ConnectionId,
        habit: &'static str,
    },
    Cut {
        connection: ConnectionId,
    },
    Torn {
        connection: ConnectionId,
        heard: usize,
        taken: usize,
    },
    Connected {
        connection: ConnectionId,
        slot: u8,
        epoch: u32,
    },
    Closed {
        connection: ConnectionId,
        slot: u8,
    },
    Arrived {
        connection: ConnectionId,
        marker: u64,
        part: u8,
    },
    Replied {
        connection: ConnectionId,
        carrier_id: u64,
        refused: bool,
    },
    Receipt {
        connection: ConnectionId,
        carrier_id: u64,
    },
    Acknowledged {
        connection: ConnectionId,
        carrier_id: u64,
    },
    Ended {
        message: u64,
        state: &'static str,
    },
    Durable {
        frame: u64,
    },
    Checkpoint {
        frame: u64,
    },
    Disk {
        free: bool,
    },
    Clock {
        by_ms: i64,
    },
    Panic {
        connection: ConnectionId,
    },
    Crash {
        durable: u64,
        kept: u64,
        appended: u64,
    },
    Healed,
}

/// What happened last, and a digest of everything: two lives with the same digest were the same.
#[derive(Debug, Default)]
pub struct Trace {
    last: VecDeque<(Monotonic, Event)>,
    digest: u64,
}

impl Trace {
    pub fn note(&mut self, at: Monotonic, event: Event) {
        self.digest = FixedState::with_seed(self.digest).hash_one(Noted(at, event));
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back((at, event));
    }

    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The last events, one a line, the newest last.
    pub fn text(&self) -> String {
        self.last.iter().fold(String::new(), |mut text, (at, event)| {
            let _never_fails = writeln!(text, "  {:>9.3} s  {event:?}", at.0.as_secs_f64());
            text
        })
    }
}

#[derive(Hash)]
struct Noted(Monotonic, Event);
