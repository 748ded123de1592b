use super::Map;
use carillon_domain::fact::{CarrierId, FinalState, ReceiptOutcome};
use carillon_domain::ids::{AccountId, ConnectionId, MessageId};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::state::{SegmentEvent, SegmentState};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::hash::BuildHasher;

/// A message that ended before all its receipts came. One that ended as Sent, Expired or Unknown is still corrected by them
/// (RCP-1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amendable {
    pub message: MessageId,
    pub attempt: u8,
    pub account: AccountId,
    pub to: Option<PhoneNumber>,
    pub reference: Option<CompactString>,
    pub state: FinalState,
    /// As they ended, and as late receipts moved them since.
    pub segments: Vec<SegmentState>,
}

impl Amendable {
    /// Whether no receipt moves this segment any more.
    pub fn is_definite(&self, segment: u8) -> bool {
        self.segments
            .get(usize::from(segment))
            .is_some_and(|state| state.is_final())
    }
}

/// The carrier's name for one segment, and its zero-based index.
pub type NamedSegment = (ConnectionId, CarrierId, u8);

/// Ended messages that a late receipt may amend, by the carrier ids of their segments; oldest out first.
#[derive(Debug, Default)]
pub struct Amendables {
    by_carrier: Map<(ConnectionId, CarrierId), (MessageId, u8)>,
    messages: Map<MessageId, Amendable>,
    order: VecDeque<(MessageId, Vec<NamedSegment>)>,
}

impl Amendables {
    pub fn insert(&mut self, entry: Amendable, names: Vec<NamedSegment>, max: usize) {
        let message = entry.message;
        for (connection, id, segment) in &names {
            if !entry.is_definite(*segment) {
                self.by_carrier
                    .insert((*connection, id.clone()), (message, *segment));
            }
        }
        self.messages.insert(message, entry);
        self.order.push_back((message, names));
        while self.order.len() > max {
            let Some((message, names)) = self.order.pop_front() else {
                break;
            };
            self.messages.remove(&message);
            for (connection, id, _) in names {
                self.by_carrier.remove(&(connection, id));
            }
        }
    }

    /// The ended message a receipt speaks of, and which of its segments.
    pub fn get(&self, connection: ConnectionId, id: &CarrierId) -> Option<(&Amendable, u8)> {
        if self.by_carrier.is_empty() {
            return None;
        }
        let (message, segment) = self.by_carrier.get(&(connection, id.clone()))?;
        Some((self.messages.get(message)?, *segment))
    }

    /// Moves the segment a late receipt speaks of; `true` when nothing moves it any more.
    pub fn receipt(&mut self, name: &(ConnectionId, CarrierId), outcome: ReceiptOutcome) -> bool {
        let Some((message, segment)) = self.by_carrier.get(name).copied() else {
            return false;
        };
        let Some(entry) = self.messages.get_mut(&message) else {
            return false;
        };
        let state = &mut entry.segments[usize::from(segment)];
        if let Ok(next) = state.next(SegmentEvent::Receipt(outcome)) {
            *state = next;
        }
        let is_definite = state.is_final();
        if is_definite {
            self.by_carrier.remove(name);
        }
        is_definite
    }

    pub fn amend(&mut self, message: MessageId, state: FinalState) {
        if let Some(entry) = self.messages.get_mut(&message) {
            entry.state = state;
        }
    }

    /// Everything, in the order of ending.
    pub fn iter(&self) -> impl Iterator<Item = (&Amendable, &[NamedSegment])> {
        self.order
            .iter()
            .filter_map(|(message, names)| Some((self.messages.get(message)?, names.as_slice())))
    }
}

/// Carrier ids of ended messages as hashes in two generations, so that memory is bounded and the newest half is always there.
#[derive(Debug, Default)]
pub struct RecentIds {
    hasher: foldhash::fast::FixedState,
    young: Generation,
    old: Generation,
}

#[derive(Debug, Default)]
struct Generation {
    hashes: hashbrown::HashSet<u64, foldhash::fast::RandomState>,
    /// The same in order of arrival, so that a checkpoint need not sort them.
    order: Vec<u64>,
}

impl Generation {
    fn of(order: Vec<u64>) -> Self {
        Generation {
            hashes: order.iter().copied().collect(),
            order,
        }
    }

    fn insert(&mut self, hash: u64) {
        if self.hashes.insert(hash) {
            self.order.push(hash);
        }
    }
}

impl RecentIds {
    pub fn insert(&mut self, connection: ConnectionId, id: &CarrierId, max: usize) {
        self.young.insert(self.hasher.hash_one((connection, id)));
        if self.young.order.len() > max / 2 {
            self.old = std::mem::take(&mut self.young);
        }
    }

    pub fn contains(&self, connection: ConnectionId, id: &CarrierId) -> bool {
        let hash = self.hasher.hash_one((connection, id));
        self.young.hashes.contains(&hash) || self.old.hashes.contains(&hash)
    }

    /// The younger and the older half, each in order of arrival.
    pub fn halves(&self) -> (&[u64], &[u64]) {
        (&self.young.order, &self.old.order)
    }

    pub fn restore(young: Vec<u64>, old: Vec<u64>) -> Self {
        RecentIds {
            hasher: foldhash::fast::FixedState::default(),
            young: Generation::of(young),
            old: Generation::of(old),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_ids_stay_bounded_and_keep_the_newest_half() {
        let mut recent = RecentIds::default();
        let connection = ConnectionId(1);
        for number in 0..1_000 {
            recent.insert(connection, &CarrierId::Number(number), 100);
        }
        let (young, old) = recent.halves();
        assert!(young.len() + old.len() <= 102);
        let recent = RecentIds::restore(young.to_vec(), old.to_vec());
        assert!((960..1_000).all(|number| recent.contains(connection, &CarrierId::Number(number))));
        assert!(!recent.contains(connection, &CarrierId::Number(1)));
        assert!(!recent.contains(ConnectionId(2), &CarrierId::Number(999)));
    }
}
