use super::adaptive::Quality;
use super::effect::WriteOrder;
use crate::columns::SegmentRef;
use crate::tenant::Turns;
use carillon_domain::catalog::{Compiled, Connection};
use carillon_domain::ids::RouteGroupId;
use carillon_domain::time::Monotonic;
use carillon_protocols::session::DeliverTag;
use std::collections::VecDeque;
use std::sync::Arc;

/// What the lane knows of a connection and holds for it. Outlives a restart of the connection's actor.
#[derive(Debug)]
pub struct Link {
    pub config: Arc<Connection>,
    pub wanted: Wanted,
    /// In which it stood last, once it was removed: its replies still have owners.
    pub last_catalog: Option<Arc<Compiled>>,
    pub groups: Vec<RouteGroupId>,
    /// Bound, breaker closed: the connection can send, even when it has to wait for a slot.
    pub able: bool,
    /// Segments it could take now.
    pub credit: u32,
    pub load: Load,
    /// How it does lately; measured where a group of it wants to know.
    pub quality: Option<Quality>,
    pub turns: Turns,
    /// Segments that must go by this connection and are next: taken from a queue, or the rest of a message begun here.
    pub outbox: VecDeque<SegmentRef>,
    pub mail: LinkMail,
}

/// What the catalog and operators want of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Run,
    /// Takes nothing from the queues, finishes what was begun on it, stays bound.
    Hold,
    /// Finishes what was begun on it, at the latest then, and unbinds: it is disabled.
    Off {
        until: Monotonic,
    },
    /// The same, and waits for receipts owed: it is removed.
    Leave {
        until: Monotonic,
    },
}

impl Wanted {
    /// Whether it takes from the queues.
    pub fn pulls(self) -> bool {
        self == Wanted::Run
    }
}

/// How full the windows of a connection are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Segments written and not answered, and those on their way there.
    pub in_flight: u32,
    /// Slots of the windows of all usable sessions.
    pub slots: u32,
}

impl Load {
    /// The part that is used, were there `more` segments.
    pub fn with(self, more: u32) -> f64 {
        f64::from(self.in_flight + more) / f64::from(self.slots.max(1))
    }
}

/// What waits for the connection's actor. It is woken when this becomes non-empty.
#[derive(Debug, Default)]
pub struct LinkMail {
    /// Segments whose INTENT is durable.
    pub writes: VecDeque<WriteOrder>,
    pub acknowledgements: Vec<Acknowledgement>,
    /// Something may be waiting in the queues.
    pub poked: bool,
}

#[derive(Debug)]
pub struct Acknowledgement {
    pub session: u8,
    pub epoch: u32,
    pub tags: Vec<DeliverTag>,
}

impl LinkMail {
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.acknowledgements.is_empty() && !self.poked
    }
}

impl Link {
    pub fn new(config: Connection) -> Self {
        Link {
            wanted: if config.enabled {
                Wanted::Run
            } else {
                Wanted::Off {
                    until: Monotonic::default(),
                }
            },
            config: Arc::new(config),
            last_catalog: None,
            groups: Vec::new(),
            able: false,
            credit: 0,
            load: Load::default(),
            quality: None,
            turns: Turns::default(),
            outbox: VecDeque::new(),
            mail: LinkMail::default(),
        }
    }

    /// Whether it could take a segment at once.
    pub fn has_credit(&self) -> bool {
        self.able && self.credit > 0
    }
}
