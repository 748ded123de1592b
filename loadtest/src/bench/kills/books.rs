//! Who sends in a run, and how what the carriers write down is shared out among their settlements.

use super::receipts::ReceiptBook;
use super::repeats::{Repeated, Repeats};
use crate::judge::{Settlement, Shared};
use crate::ledger::{Frame, LedgerError, Sink};
use crate::load::{Acknowledgement, AcknowledgementError, AcknowledgementSink, Outcome, PHONE_PREFIX};
use parking_lot::Mutex;
use serde::Serialize;
use std::sync::Arc;

/// Whoever sends, with an account of its own: so each has its own feed of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Batches of a business type that holds what is uncertain.
    Held,
    /// Batches of one that sends it once more.
    Resent,
    /// Campaigns, which hold it.
    Campaigns,
}

impl Party {
    pub const ALL: [Party; 3] = [Party::Held, Party::Resent, Party::Campaigns];

    pub fn account(self) -> &'static str {
        match self {
            Party::Held => "held",
            Party::Resent => "resent",
            Party::Campaigns => "campaigns",
        }
    }

    pub fn api_key(self) -> &'static str {
        match self {
            Party::Held => "loadtest-held-0123456789abcdef",
            Party::Resent => "loadtest-resent-0123456789abcdef",
            Party::Campaigns => "loadtest-campaigns-0123456789abcdef",
        }
    }

    pub fn business_type(self) -> &'static str {
        match self {
            Party::Held | Party::Campaigns => "notice",
            Party::Resent => "code",
        }
    }

    /// Its markers, which are also the last seven digits of its recipients' numbers.
    pub fn markers(self) -> std::ops::Range<u64> {
        match self {
            Party::Held => 0..6_000_000,
            Party::Resent => 6_000_000..9_000_000,
            Party::Campaigns => 9_000_000..10_000_000,
        }
    }

    /// What the apply file of a run has for it.
    pub fn entry(self, connections: &str) -> String {
        let (name, key, business_type) = (self.account(), self.api_key(), self.business_type());
        format!(
            "\n[[account]]\nname = \"{name}\"\norganisation = \"hospital\"\nbusiness_type = \"{business_type}\"\n\
             modules = {{ send = true, query = true, feeds = true, campaigns = true }}\n\
             connections = [{connections}]\nsignature = \"示例医院\"\napi_key = \"{key}\"\n"
        )
    }
}

/// Where carriers' records go: to the settlement of whoever sent the segment, and into the count of receipts. Callers'
/// acknowledgements go there too.
#[derive(Clone)]
pub struct Books {
    settlements: [Shared; Party::ALL.len()],
    pub receipts: Arc<Mutex<ReceiptBook>>,
    repeats: Arc<Mutex<Repeats>>,
}

impl Books {
    /// `start_us` is a time before the run, µs since the Unix epoch.
    pub fn new(start_us: u64) -> Self {
        let settlement = |party: Party| Shared::new(Settlement::new(party.markers().start, start_us));
        Books {
            settlements: Party::ALL.map(settlement),
            receipts: Arc::default(),
            repeats: Arc::default(),
        }
    }

    pub fn settlement(&self, party: Party) -> &Shared {
        &self.settlements[party as usize]
    }

    /// Messages that may be sent again of which a segment stands in the ledgers more than once without a refusal.
    pub fn repeated(&self) -> Vec<Repeated> {
        self.repeats.lock().repeated()
    }

    /// The sink of one party's load.
    pub fn told(&self, party: Party) -> Told {
        Told {
            books: self.clone(),
            party,
        }
    }
}

impl Sink for Books {
    fn frame(&mut self, frame: Frame) -> Result<(), LedgerError> {
        self.receipts.lock().frame(&frame);
        let party = match &frame {
            Frame::Segment(record) => {
                let marker = marker_of(&record.destination);
                let party = Party::ALL
                    .into_iter()
                    .find(|party| marker.is_some_and(|marker| party.markers().contains(&marker)));
                if let (Some(Party::Resent), Some(marker)) = (party, marker) {
                    self.repeats.lock().written(marker, record);
                }
                // What names nobody is the first one's, whose judge complains.
                party.unwrap_or(Party::Held)
            }
            // What is said about a whole account is judged once.
            Frame::Account(_) | Frame::Summary(_) => Party::Held,
        };
        self.settlements[party as usize].frame(frame)
    }
}

/// Takes what one party was told.
pub struct Told {
    books: Books,
    party: Party,
}

impl AcknowledgementSink for Told {
    fn acknowledge(&mut self, told: Acknowledgement) -> Result<(), AcknowledgementError> {
        if let (Party::Resent, Some(marker), Outcome::Accepted(id)) = (self.party, told.marker, &told.outcome)
        {
            self.books.repeats.lock().message(marker).id = id.0;
        }
        self.books.settlements[self.party as usize].acknowledge(told)
    }
}

/// The number that [`crate::load::phone_of`] made of a marker, with or without the country's code.
pub fn marker_of(phone: &str) -> Option<u64> {
    let national = phone.strip_prefix("86").unwrap_or(phone);
    national.strip_prefix(PHONE_PREFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Tolerance, Violation};
    use crate::ledger::{Answer, Record};
    use crate::load::phone_of;
    use carillon_domain::ids::MessageId;

    fn record(marker: u64, answer: Answer) -> Frame {
        Frame::Segment(Record {
            account: 0,
            session: 0,
            at_us: 1,
            source: "1069".into(),
            destination: format!("86{}", phone_of(marker)).into(),
            marker: Some(marker),
            content: 0,
            part: None,
            text: None,
            carrier_id: 1,
            answer,
            receipts: Vec::new(),
        })
    }

    #[test]
    fn everybody_gets_its_own_records() {
        let mut books = Books::new(0);
        let resent = Party::Resent.markers().start + 3;
        let told = Acknowledgement {
            line: 1,
            marker: Some(resent),
            phone: phone_of(resent),
            outcome: Outcome::Accepted(MessageId(77)),
        };
        books.told(Party::Resent).acknowledge(told).expect("taken");
        for (marker, answer) in [
            (5, Answer::Accepted),
            (resent, Answer::None),
            (resent, Answer::Refused(8)),
            (resent, Answer::Accepted),
            (Party::Campaigns.markers().start, Answer::Accepted),
        ] {
            books.frame(record(marker, answer)).expect("taken");
        }
        let repeated = books.repeated();
        assert_eq!(repeated.len(), 1);
        assert_eq!((repeated[0].id, repeated[0].again), (77, 1));
        let unasked = |party| {
            let judged = books.settlement(party).0.lock().judge(Tolerance::default());
            judged.count(Violation::Unasked)
        };
        assert_eq!(Party::ALL.map(unasked), [1, 0, 1]);
    }
}
