//! What the carriers' ledgers say was taken and reported, beside what our rollups count of it (RCP-1, UNC-1).

use crate::ledger::{Answer, Frame, Record};
use carillon_api::StatisticsRow;
use carillon_domain::fact::ReceiptOutcome;
use carillon_domain::receipt_status;
use compact_str::CompactString;
use std::collections::{BTreeMap, HashMap};

/// Counts of one connection's segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    submitted: u64,
    refused: u64,
    delivered: u64,
    failed: u64,
}

type Measure = fn(&Counts) -> u64;

/// The ledgers' side, counted while they are written. A receipt counts for its segment once, and only if we acknowledged it.
#[derive(Debug, Default)]
pub struct ReceiptBook {
    carriers: HashMap<u16, CompactString>,
    counts: HashMap<u16, Counts>,
    /// When the receipts on the parts of a long message came, and whether they told a failure.
    long: HashMap<(u16, CompactString, u16), Vec<(u64, bool)>>,
}

impl ReceiptBook {
    pub fn frame(&mut self, frame: &Frame) {
        match frame {
            Frame::Account(header) => {
                self.carriers.insert(header.account, header.carrier.clone());
            }
            Frame::Segment(record) => self.segment(record),
            Frame::Summary(_) => {}
        }
    }

    fn segment(&mut self, record: &Record) {
        let counts = self.counts.entry(record.account).or_default();
        match record.answer {
            Answer::Accepted => counts.submitted += 1,
            Answer::Refused(_) => counts.refused += 1,
            Answer::None => {}
        }
        let mut receipts = record.receipts.iter();
        let Some(receipt) = receipts.find(|receipt| receipt.acknowledged_us.is_some()) else {
            return;
        };
        let is_failure = match receipt_status::outcome(&receipt.status) {
            ReceiptOutcome::Delivered => false,
            ReceiptOutcome::Failed | ReceiptOutcome::Expired => true,
            ReceiptOutcome::Pending => return,
        };
        if is_failure {
            counts.failed += 1;
        } else {
            counts.delivered += 1;
        }
        if let Some(part) = record.part {
            let key = (record.account, record.destination.clone(), part.reference);
            self.long
                .entry(key)
                .or_default()
                .push((receipt.at_us, is_failure));
        }
    }

    /// Receipts on parts of messages that another part's failure had ended before: they are no part of a journey.
    fn late(&self) -> u64 {
        let late = self.long.values().map(|receipts| {
            let mut receipts = receipts.clone();
            receipts.sort_unstable();
            let ended = receipts.iter().position(|(_, is_failure)| *is_failure);
            ended.map_or(0, |ended| receipts.len() - ended - 1)
        });
        late.sum::<usize>() as u64
    }

    /// Where our counts by connection contradict the ledgers. Ours are never more: nothing is counted twice. They are less by
    /// what was uncertain at one time, by late receipts, and by `uncounted` segments at most.
    pub fn differences(&self, rows: &[StatisticsRow], uncounted: u64) -> Vec<String> {
        let uncertain = count(rows, None, "segments_uncertain");
        let spare = uncertain + uncounted;
        let measures: [(&str, u64, Measure); 4] = [
            ("segments_submitted", spare, |counts| counts.submitted),
            ("segments_refused", spare, |counts| counts.refused),
            ("segments_delivered", spare + self.late(), |counts| {
                counts.delivered
            }),
            ("segments_failed", spare + self.late(), |counts| counts.failed),
        ];
        let mut found = Vec::new();
        for (measure, spare, of) in measures {
            let theirs: BTreeMap<_, _> = self
                .carriers
                .iter()
                .map(|(account, name)| (name.as_str(), self.counts.get(account).map_or(0, of)))
                .collect();
            let mut missing = 0;
            for (name, theirs) in &theirs {
                let ours = count(rows, Some(name), measure);
                if ours > *theirs {
                    found.push(format!(
                        "{measure} of {name}: {ours}, in the ledger only {theirs}"
                    ));
                }
                missing += theirs.saturating_sub(ours);
            }
            if missing > spare {
                found.push(format!(
                    "{measure}: {missing} of the ledgers are missing, {spare} may be"
                ));
            }
        }
        found
    }
}

/// A measure of one connection, or of all.
pub fn count(rows: &[StatisticsRow], connection: Option<&str>, measure: &str) -> u64 {
    let counts = rows
        .iter()
        .filter(|row| connection.is_none() || row.connection.as_deref() == connection)
        .filter_map(|row| row.counts.get(measure));
    u64::try_from(counts.sum::<i64>()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{AccountHeader, GivenReceipt, Part};

    fn record(answer: Answer, part: Option<Part>, receipts: &[(&str, u64, bool)]) -> Frame {
        let receipt = |(status, at_us, acknowledged): &(&str, u64, bool)| GivenReceipt {
            status: (*status).into(),
            at_us: *at_us,
            acknowledged_us: acknowledged.then_some(*at_us),
        };
        Frame::Segment(Record {
            account: 3,
            session: 0,
            at_us: 0,
            source: "1069".into(),
            destination: "13800000001".into(),
            marker: Some(1),
            content: 0,
            part,
            text: None,
            carrier_id: 1,
            answer,
            receipts: receipts.iter().map(receipt).collect(),
        })
    }

    fn book() -> ReceiptBook {
        let part = |number| {
            Some(Part {
                reference: 9,
                total: 2,
                number,
            })
        };
        let mut book = ReceiptBook::default();
        let header = AccountHeader {
            account: 3,
            carrier: "a".into(),
            login: "l".into(),
            contract: None,
        };
        book.frame(&Frame::Account(header));
        // Twice acknowledged counts once, never acknowledged counts not.
        book.frame(&record(
            Answer::Accepted,
            None,
            &[("DELIVRD", 1, true), ("DELIVRD", 2, true)],
        ));
        book.frame(&record(Answer::Accepted, None, &[("DELIVRD", 1, false)]));
        book.frame(&record(Answer::Refused(8), None, &[]));
        book.frame(&record(Answer::Accepted, part(1), &[("UNDELIV", 1, true)]));
        book.frame(&record(Answer::Accepted, part(2), &[("DELIVRD", 2, true)]));
        book
    }

    fn ours(counts: &[(&str, i64)]) -> Vec<StatisticsRow> {
        let row = serde_json::json!({
            "connection": "a",
            "counts": counts.iter().map(|(name, count)| (*name, *count)).collect::<BTreeMap<_, _>>(),
        });
        vec![serde_json::from_value(row).expect("a row")]
    }

    #[test]
    fn only_what_was_uncertain_or_late_may_be_missing() {
        let exact = [
            ("segments_submitted", 4),
            ("segments_refused", 1),
            ("segments_delivered", 2),
            ("segments_failed", 1),
        ];
        assert_eq!(book().differences(&ours(&exact), 0), Vec::<String>::new());
        // The second part's receipt came after the message had failed.
        let late = [exact[0], exact[1], ("segments_delivered", 1), exact[3]];
        assert_eq!(book().differences(&ours(&late), 0), Vec::<String>::new());
        let twice = [exact[0], exact[1], ("segments_delivered", 3), exact[3]];
        assert_eq!(book().differences(&ours(&twice), 5).len(), 1);
        let less = [("segments_submitted", 3), exact[1], exact[2], exact[3]];
        assert_eq!(book().differences(&ours(&less), 0).len(), 1);
        assert!(book().differences(&ours(&less), 1).is_empty());
        let uncertain = [
            ("segments_submitted", 3),
            exact[1],
            exact[2],
            exact[3],
            ("segments_uncertain", 1),
        ];
        assert!(book().differences(&ours(&uncertain), 0).is_empty());
    }
}
