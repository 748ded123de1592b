//! What an interoperability client sends and what must come back, without I/O.

use anyhow::{Context, bail};
use carillon_domain::segment::{Coding, Payload, SegmentLimits, segments};
use carillon_protocols::session::{
    ClientEvent, ClientSession, Concatenation, DataCoding, Protocol, Receipt, Reply, SessionState, Submit,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The service number messages are sent from.
pub const SOURCE: &str = "10690000";

struct Outgoing {
    to: String,
    coding: DataCoding,
    concatenation: Option<Concatenation>,
    payload: Payload,
}

/// All segments of all messages, and what has come of them.
pub struct Exchange {
    messages: usize,
    outgoing: Vec<Outgoing>,
    /// How many of `outgoing` have been submitted.
    submitted: usize,
    accepted: usize,
    /// Ids of receipts and of responses that have not met yet: a receipt may come first.
    unmatched: HashSet<String>,
    receipts: usize,
    replies: Vec<(String, String)>,
    /// Segments of long replies, by sender and reference.
    partial: HashMap<(String, u16), BTreeMap<u8, String>>,
}

impl Exchange {
    /// `messages`: lines of "number TAB text".
    pub fn new(messages: &str, protocol: Protocol) -> anyhow::Result<Self> {
        let limits = SegmentLimits {
            ascii_subset: protocol != Protocol::Smpp34,
            ..SegmentLimits::default()
        };
        let mut outgoing = Vec::new();
        let mut count = 0;
        for (line, reference) in messages.lines().zip(0_u16..) {
            let (to, text) = line
                .split_once('\t')
                .context("a line is not \"number TAB text\"")?;
            count += 1;
            for segment in segments(text, &limits)? {
                let concatenation = (segment.total > 1).then_some(Concatenation {
                    reference: reference % 256,
                    wide: false,
                    total: segment.total,
                    number: segment.number,
                });
                let coding = match segment.coding {
                    Coding::Gsm7 => DataCoding::Gsm7,
                    Coding::Ucs2 => DataCoding::Ucs2,
                };
                outgoing.push(Outgoing {
                    to: to.to_owned(),
                    coding,
                    concatenation,
                    payload: segment.payload(),
                });
            }
        }
        Ok(Exchange {
            messages: count,
            outgoing,
            submitted: 0,
            accepted: 0,
            unmatched: HashSet::new(),
            receipts: 0,
            replies: Vec::new(),
            partial: HashMap::new(),
        })
    }

    /// Submits what the window takes.
    pub fn submit(&mut self, session: &mut ClientSession, now: u64) -> anyhow::Result<()> {
        while session.state() == SessionState::Bound && session.window_free() > 0 {
            let Some(next) = self.outgoing.get(self.submitted) else {
                break;
            };
            let submit = Submit {
                source: SOURCE,
                destination: &next.to,
                coding: next.coding,
                concatenation: next.concatenation,
                payload: &next.payload,
                receipt: true,
                service_id: "SMS",
            };
            session.submit(&submit, self.submitted as u64, now)?;
            self.submitted += 1;
        }
        Ok(())
    }

    /// Errors on everything a well-behaved carrier does not do.
    pub fn apply(&mut self, event: ClientEvent, session: &mut ClientSession) -> anyhow::Result<()> {
        match event {
            ClientEvent::Submitted { id, .. } => {
                self.accepted += 1;
                self.meet(id.to_string());
            }
            ClientEvent::Receipt { tag, receipt } => {
                session.acknowledge(tag, true);
                self.receive_receipt(&receipt)?;
            }
            ClientEvent::Reply { tag, reply } => {
                session.acknowledge(tag, true);
                self.receive_reply(reply)?;
            }
            ClientEvent::Bound { .. } | ClientEvent::Closed { .. } => {}
            other => bail!("unexpected: {other:?}"),
        }
        Ok(())
    }

    /// Every segment accepted, every response matched by a receipt, and at least `replies` replies.
    pub fn is_complete(&self, replies: usize) -> bool {
        self.accepted == self.outgoing.len()
            && self.receipts == self.accepted
            && self.unmatched.is_empty()
            && self.replies.len() >= replies
    }

    pub fn replies(&self) -> &[(String, String)] {
        &self.replies
    }

    pub fn summary(&self) -> String {
        format!(
            "messages={} segments={} accepted={} receipts={} replies={}",
            self.messages,
            self.outgoing.len(),
            self.accepted,
            self.receipts,
            self.replies.len()
        )
    }

    fn receive_receipt(&mut self, receipt: &Receipt) -> anyhow::Result<()> {
        if receipt.status != "DELIVRD" {
            bail!("a receipt says {:?}", receipt.status);
        }
        self.receipts += 1;
        self.meet(receipt.id.to_string());
        Ok(())
    }

    fn meet(&mut self, id: String) {
        if !self.unmatched.remove(&id) {
            self.unmatched.insert(id);
        }
    }

    fn receive_reply(&mut self, reply: Reply) -> anyhow::Result<()> {
        let text = reply.text.context("a reply is not text")?;
        let Some(part) = reply.concatenation else {
            self.replies.push((reply.from, text));
            return Ok(());
        };
        let key = (reply.from, part.reference);
        let parts = self.partial.entry(key.clone()).or_default();
        parts.insert(part.number, text);
        if parts.len() == usize::from(part.total) {
            let whole = self
                .partial
                .remove(&key)
                .unwrap_or_default()
                .into_values()
                .collect();
            self.replies.push((key.0, whole));
        }
        Ok(())
    }
}
