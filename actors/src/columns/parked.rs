use super::Map;
use carillon_domain::fact::{CarrierId, Receipt};
use carillon_domain::ids::ConnectionId;
use std::collections::BTreeMap;

/// Receipts that came before the `Submitted` they belong to, oldest out first when there are too many.
#[derive(Debug, Default)]
pub struct ParkedReceipts {
    places: Map<(ConnectionId, CarrierId), u64>,
    /// In order of arrival.
    receipts: BTreeMap<u64, Receipt>,
    next_place: u64,
}

impl ParkedReceipts {
    pub fn park(&mut self, receipt: Receipt, max: usize) {
        let key = (receipt.connection, receipt.carrier_id.clone());
        let place = self.next_place;
        self.next_place += 1;
        if let Some(before) = self.places.insert(key, place) {
            self.receipts.remove(&before);
        }
        self.receipts.insert(place, receipt);
        while self.receipts.len() > max
            && let Some((_, oldest)) = self.receipts.pop_first()
        {
            self.places.remove(&(oldest.connection, oldest.carrier_id));
        }
    }

    pub fn take(&mut self, connection: ConnectionId, id: &CarrierId) -> Option<Receipt> {
        let place = self.places.remove(&(connection, id.clone()))?;
        self.receipts.remove(&place)
    }

    pub fn get(&self, connection: ConnectionId, id: &CarrierId) -> Option<&Receipt> {
        if self.places.is_empty() {
            return None;
        }
        self.receipts.get(self.places.get(&(connection, id.clone()))?)
    }

    /// In order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = &Receipt> {
        self.receipts.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::fact::ReceiptOutcome;
    use carillon_domain::time::UnixMs;

    fn receipt(number: u64) -> Receipt {
        Receipt {
            connection: ConnectionId(1),
            carrier_id: CarrierId::Number(number),
            status: "DELIVRD".into(),
            error: "".into(),
            outcome: ReceiptOutcome::Delivered,
            to: "13800000001".into(),
            submit_time: "".into(),
            done_time: "".into(),
            segment: None,
            account: None,
            duplicate: false,
            at: UnixMs(0),
        }
    }

    #[test]
    fn the_oldest_goes_first_and_a_taken_one_is_gone() {
        let mut parked = ParkedReceipts::default();
        (0..5).for_each(|number| parked.park(receipt(number), 3));
        assert_eq!(parked.get(ConnectionId(1), &CarrierId::Number(1)), None);
        assert_eq!(
            parked.get(ConnectionId(1), &CarrierId::Number(2)),
            Some(&receipt(2))
        );
        assert!(parked.take(ConnectionId(1), &CarrierId::Number(3)).is_some());
        assert!(parked.take(ConnectionId(1), &CarrierId::Number(3)).is_none());
        parked.park(receipt(3), 3);
        let left: Vec<_> = parked.iter().map(|receipt| receipt.carrier_id.clone()).collect();
        assert_eq!(left, [2, 4, 3].map(CarrierId::Number));
    }
}
