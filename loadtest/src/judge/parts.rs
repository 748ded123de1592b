use crate::ledger::Record;
use compact_str::CompactString;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Joins the segments of long messages: only one of them carries the marker.
#[derive(Default)]
pub struct Parts(HashMap<PartKey, Group, RandomState>);

#[derive(PartialEq, Eq, Hash)]
struct PartKey {
    account: u16,
    source: CompactString,
    destination: CompactString,
    reference: u16,
    total: u8,
}

#[derive(Default)]
struct Group {
    marker: Option<u64>,
    /// Records that came before the one with the marker.
    waiting: Vec<Record>,
}

impl Parts {
    /// The marker of a part and of those that waited for it. A part that has to wait itself is kept.
    ///
    /// A reference that comes again with another marker starts a new message.
    pub fn join(&mut self, record: Record) -> Option<(u64, Vec<Record>)> {
        let part = record.part?;
        let key = PartKey {
            account: record.account,
            source: record.source.clone(),
            destination: record.destination.clone(),
            reference: part.reference,
            total: part.total,
        };
        let group = self.0.entry(key).or_default();
        if record.marker.is_some() {
            group.marker = record.marker;
        }
        group.waiting.push(record);
        Some((group.marker?, std::mem::take(&mut group.waiting)))
    }

    /// Records whose marker never arrived: it was in a segment that was not written.
    pub fn take_orphans(&mut self) -> Vec<Record> {
        self.0
            .values_mut()
            .flat_map(|group| std::mem::take(&mut group.waiting))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Answer, Part};

    fn part(number: u8, marker: Option<u64>, destination: &str) -> Record {
        Record {
            account: 0,
            session: 0,
            at_us: 0,
            source: "1069".into(),
            destination: destination.into(),
            marker,
            content: 0,
            part: Some(Part {
                reference: 7,
                total: 3,
                number,
            }),
            text: None,
            carrier_id: 0,
            answer: Answer::Accepted,
            receipts: Vec::new(),
        }
    }

    #[test]
    fn parts_in_any_order_get_the_marker_of_their_message() {
        let mut parts = Parts::default();
        assert!(parts.join(part(2, None, "1")).is_none());
        assert!(parts.join(part(1, Some(9), "2")).is_some());
        let (marker, records) = parts.join(part(1, Some(5), "1")).expect("a marker");
        assert_eq!((marker, records.len()), (5, 2));
        assert_eq!(parts.join(part(3, None, "1")).map(|(marker, _)| marker), Some(5));
        assert!(parts.join(part(3, None, "3")).is_none());
        assert_eq!(parts.take_orphans().len(), 1);
    }
}
