use super::Map;
use carillon_domain::fact::{CarrierId, FinalState, ReceiptOutcome, SegmentKey};
use carillon_domain::ids::{CampaignId, ConnectionId, MessageId};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::state::{SegmentEvent, SegmentState};
use carillon_domain::tally::Dimensions;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::hash::BuildHasher;

/// A message that ended before all its receipts came. One that ended as Sent, Expired or Unknown is still corrected by them
/// (RCP-1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amendable {
    pub message: MessageId,
    /// By what it was counted as accepted and as ended.
    pub dimensions: Dimensions,
    pub to: Option<PhoneNumber>,
    pub reference: Option<CompactString>,
    pub state: FinalState,
    /// The segments of each attempt that had started, as they ended and as late receipts moved them since.
    pub attempts: SmallVec<[Vec<SegmentState>; 1]>,
    pub campaign: Option<CampaignId>,
}

impl Amendable {
    pub fn state_of(&self, key: SegmentKey) -> Option<SegmentState> {
        let attempt = self.attempts.get(usize::from(key.attempt))?;
        attempt.get(usize::from(key.segment)).copied()
    }

    /// Moves a segment as a receipt says, where it still moves it; gives its state then.
    pub fn receipt(&mut self, key: SegmentKey, outcome: ReceiptOutcome) -> Option<SegmentState> {
        let attempt = self.attempts.get_mut(usize::from(key.attempt))?;
        let state = attempt.get_mut(usize::from(key.segment))?;
        *state = state.next(SegmentEvent::Receipt(outcome)).unwrap_or(*state);
        Some(*state)
    }
}

/// The carrier's name for one segment.
pub type NamedSegment = (ConnectionId, CarrierId, SegmentKey);

/// Ended messages that a late receipt may amend, by the carrier ids of their segments; oldest out first.
#[derive(Debug, Default)]
pub struct Amendables {
    by_carrier: Map<(ConnectionId, CarrierId), SegmentKey>,
    messages: Map<MessageId, Amendable>,
    order: VecDeque<(MessageId, Vec<NamedSegment>)>,
}

impl Amendables {
    pub fn insert(&mut self, entry: Amendable, names: Vec<NamedSegment>, max: usize) {
        let message = entry.message;
        for (connection, id, key) in &names {
            // Unless no receipt moves it any more.
            if !entry.state_of(*key).is_none_or(SegmentState::is_final) {
                self.by_carrier.insert((*connection, id.clone()), *key);
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
    pub fn get(&self, connection: ConnectionId, id: &CarrierId) -> Option<(&Amendable, SegmentKey)> {
        if self.by_carrier.is_empty() {
            return None;
        }
        let key = self.by_carrier.get(&(connection, id.clone()))?;
        Some((self.messages.get(&key.message)?, *key))
    }

    /// Moves the segment a late receipt speaks of; `true` when nothing moves it any more.
    pub fn receipt(&mut self, name: &(ConnectionId, CarrierId), outcome: ReceiptOutcome) -> bool {
        let Some(key) = self.by_carrier.get(name).copied() else {
            return false;
        };
        let entry = self.messages.get_mut(&key.message);
        let state = entry.and_then(|entry| entry.receipt(key, outcome));
        let is_definite = state.is_some_and(SegmentState::is_final);
        if is_definite {
            self.by_carrier.remove(name);
        }
        is_definite
    }

    /// By what it was counted, and how it ended as far as is known; `None` when it is not known.
    pub fn ended_as(&self, message: MessageId) -> Option<(Dimensions, FinalState)> {
        let entry = self.messages.get(&message)?;
        Some((entry.dimensions, entry.state))
    }

    /// The campaign of the message and the state before; `None` when it is not known.
    pub fn amend(
        &mut self,
        message: MessageId,
        state: FinalState,
    ) -> Option<(Option<CampaignId>, FinalState)> {
        let entry = self.messages.get_mut(&message)?;
        Some((entry.campaign, std::mem::replace(&mut entry.state, state)))
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
