use super::Map;
use carillon_domain::fact::{CarrierId, FinalState};
use carillon_domain::ids::{AccountId, ConnectionId, MessageId};
use carillon_domain::phone::PhoneNumber;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::hash::BuildHasher;

/// A message that ended as Sent, Expired or Unknown: a late receipt may still correct it (RCP-1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amendable {
    pub message: MessageId,
    pub account: AccountId,
    pub to: PhoneNumber,
    pub reference: Option<CompactString>,
    pub state: FinalState,
    /// How many of its segments still owe a receipt.
    pub segments_open: u8,
    /// A receipt already said that one of its segments failed.
    pub failed: bool,
}

/// Ended messages that a late receipt may amend, by the carrier ids of their segments; oldest out first.
#[derive(Debug, Default)]
pub struct Amendables {
    by_carrier: Map<(ConnectionId, CarrierId), MessageId>,
    messages: Map<MessageId, Amendable>,
    order: VecDeque<(MessageId, Vec<(ConnectionId, CarrierId)>)>,
}

impl Amendables {
    pub fn insert(&mut self, entry: Amendable, ids: Vec<(ConnectionId, CarrierId)>, max: usize) {
        for id in &ids {
            self.by_carrier.insert(id.clone(), entry.message);
        }
        let message = entry.message;
        self.messages.insert(message, entry);
        self.order.push_back((message, ids));
        while self.order.len() > max {
            let Some((message, ids)) = self.order.pop_front() else {
                break;
            };
            self.messages.remove(&message);
            for id in ids {
                self.by_carrier.remove(&id);
            }
        }
    }

    pub fn get(&self, connection: ConnectionId, id: &CarrierId) -> Option<&Amendable> {
        if self.by_carrier.is_empty() {
            return None;
        }
        self.messages.get(self.by_carrier.get(&(connection, id.clone()))?)
    }

    /// A receipt for this segment was taken; a second one is a duplicate.
    pub fn settle(&mut self, connection: ConnectionId, id: &CarrierId) {
        let Some(message) = self.by_carrier.remove(&(connection, id.clone())) else {
            return;
        };
        if let Some(entry) = self.messages.get_mut(&message) {
            entry.segments_open = entry.segments_open.saturating_sub(1);
        }
    }

    pub fn amend(&mut self, message: MessageId, state: FinalState) {
        if let Some(entry) = self.messages.get_mut(&message) {
            entry.state = state;
        }
    }

    /// Everything, in the order of ending.
    pub fn iter(&self) -> impl Iterator<Item = (&Amendable, &[(ConnectionId, CarrierId)])> {
        self.order
            .iter()
            .filter_map(|(message, ids)| Some((self.messages.get(message)?, ids.as_slice())))
    }
}

/// Carrier ids of ended messages as hashes in two generations, so that memory is bounded and the newest half is always there.
#[derive(Debug, Default)]
pub struct RecentIds {
    hasher: foldhash::fast::FixedState,
    young: hashbrown::HashSet<u64, foldhash::fast::RandomState>,
    old: hashbrown::HashSet<u64, foldhash::fast::RandomState>,
}

impl RecentIds {
    pub fn insert(&mut self, connection: ConnectionId, id: &CarrierId, max: usize) {
        self.young.insert(self.hasher.hash_one((connection, id)));
        if self.young.len() > max / 2 {
            self.old = std::mem::take(&mut self.young);
        }
    }

    pub fn contains(&self, connection: ConnectionId, id: &CarrierId) -> bool {
        let hash = self.hasher.hash_one((connection, id));
        self.young.contains(&hash) || self.old.contains(&hash)
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
        assert!(recent.young.len() + recent.old.len() <= 102);
        assert!((960..1_000).all(|number| recent.contains(connection, &CarrierId::Number(number))));
        assert!(!recent.contains(connection, &CarrierId::Number(1)));
        assert!(!recent.contains(ConnectionId(2), &CarrierId::Number(999)));
    }
}
