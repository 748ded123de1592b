use crate::columns::{SegmentRef, WriteRef};
use crate::tenant::Turns;
use carillon_domain::catalog::Connection;
use carillon_domain::ids::RouteGroupId;
use carillon_protocols::session::DeliverTag;
use std::collections::VecDeque;

/// What the lane knows of a connection and holds for it. Outlives a restart of the connection's actor.
#[derive(Debug)]
pub struct Link {
    pub config: Connection,
    pub groups: Vec<RouteGroupId>,
    /// Bound, breaker closed: the connection can send, even when it has to wait for a slot.
    pub able: bool,
    /// Segments it could take now.
    pub credit: u32,
    pub turns: Turns,
    /// Segments that must go by this connection and are next: taken from a queue, or the rest of a message begun here.
    pub outbox: VecDeque<SegmentRef>,
    pub mail: LinkMail,
}

/// What waits for the connection's actor. It is woken when this becomes non-empty.
#[derive(Debug, Default)]
pub struct LinkMail {
    /// Segments whose INTENT is durable.
    pub writes: VecDeque<WriteRef>,
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
    pub fn new(config: Connection, groups: Vec<RouteGroupId>) -> Self {
        Link {
            config,
            groups,
            able: false,
            credit: 0,
            turns: Turns::default(),
            outbox: VecDeque::new(),
            mail: LinkMail::default(),
        }
    }

    /// Whether it could take a segment at once.
    pub fn has_credit(&self) -> bool {
        self.able && self.credit > 0
    }

    /// What part of all its windows it could fill at once; 0 when it cannot send.
    pub fn free_part(&self) -> f64 {
        if !self.able {
            return 0.0;
        }
        let slots = u32::from(self.config.sessions.max(1)) * u32::from(self.config.window.max(1));
        f64::from(self.credit) / f64::from(slots)
    }
}
