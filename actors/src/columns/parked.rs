use super::Map;
use carillon_domain::fact::{CarrierId, Receipt};
use carillon_domain::ids::ConnectionId;
use std::collections::VecDeque;

/// Receipts that came before the `Submitted` they belong to, oldest out first when there are too many.
#[derive(Debug, Default)]
pub struct ParkedReceipts {
    receipts: Map<(ConnectionId, CarrierId), Receipt>,
    /// In order of arrival; may name receipts that found their segment since.
    order: VecDeque<(ConnectionId, CarrierId)>,
}

impl ParkedReceipts {
    pub fn park(&mut self, receipt: Receipt, max: usize) {
        let key = (receipt.connection, receipt.carrier_id.clone());
        if self.receipts.insert(key.clone(), receipt).is_none() {
            self.order.push_back(key);
        }
        while self.receipts.len() > max || self.order.len() > max.saturating_mul(2) {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.receipts.remove(&oldest);
        }
    }

    pub fn take(&mut self, connection: ConnectionId, id: &CarrierId) -> Option<Receipt> {
        if self.receipts.is_empty() {
            return None;
        }
        self.receipts.remove(&(connection, id.clone()))
    }

    pub fn contains(&self, connection: ConnectionId, id: &CarrierId) -> bool {
        !self.receipts.is_empty() && self.receipts.contains_key(&(connection, id.clone()))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Receipt> {
        self.receipts.values()
    }
}
