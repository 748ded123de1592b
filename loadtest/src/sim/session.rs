use super::book::RecordKey;
use carillon_protocols::session::{Concatenation, DataCoding, ReplyOut, ServerSession};
use compact_str::CompactString;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Counts the TCP sessions of a carrier.
pub type SessionKey = u32;

/// What is under way to the client and not acknowledged.
#[derive(Clone, Debug)]
pub enum Delivery {
    Receipt {
        record: RecordKey,
        status: u16,
        number: usize,
        tries: u8,
    },
    Reply(ReplyPart),
}

/// A text that a phone sends to an access number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneReply {
    pub from: CompactString,
    pub to: CompactString,
    pub text: String,
}

/// One segment of a reply, in UCS-2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyPart {
    from: CompactString,
    to: CompactString,
    payload: Vec<u8>,
    concatenation: Option<Concatenation>,
}

/// UTF-16 units in a message of one segment, and in each of several (GSM 03.40 §9.2.3.24.1).
const SINGLE_UNITS: usize = 70;
const PART_UNITS: usize = 67;

impl PhoneReply {
    /// The segments as a phone would send them. Text beyond 255 segments is left out, as a phone would refuse it.
    pub fn parts(&self, reference: u8) -> Vec<ReplyPart> {
        let part = |units: &[u16], concatenation| ReplyPart {
            from: self.from.clone(),
            to: self.to.clone(),
            payload: units.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            concatenation,
        };
        let mut units: Vec<u16> = self.text.encode_utf16().collect();
        if units.len() <= SINGLE_UNITS {
            return vec![part(&units, None)];
        }
        let mut pieces = Vec::new();
        while !units.is_empty() && pieces.len() < usize::from(u8::MAX) {
            let mut end = PART_UNITS.min(units.len());
            // A surrogate pair stays together.
            if end < units.len() && (0xd800..0xdc00).contains(&units[end - 1]) {
                end -= 1;
            }
            let rest = units.split_off(end);
            pieces.push(std::mem::replace(&mut units, rest));
        }
        let total = pieces.len() as u8;
        let numbered = pieces.iter().zip(1..=total);
        numbered
            .map(|(units, number)| {
                part(
                    units,
                    Some(Concatenation {
                        reference: reference.into(),
                        wide: false,
                        total,
                        number,
                    }),
                )
            })
            .collect()
    }
}

impl ReplyPart {
    pub fn wire(&self) -> ReplyOut<'_> {
        ReplyOut {
            from: &self.from,
            to: &self.to,
            coding: DataCoding::Ucs2,
            payload: &self.payload,
            concatenation: self.concatenation,
            service_id: "",
        }
    }
}

/// One TCP session as the carrier sees it.
pub struct Session {
    pub wire: ServerSession,
    /// Index of the account, once bound.
    pub account: Option<usize>,
    /// Receipts and replies may be written to it.
    pub receives: bool,
    /// Requests without an answer.
    pub open: u32,
    pub segments: u64,
    pub deliveries: HashMap<u64, Delivery, RandomState>,
    /// The socket is to be dropped at once, with whatever was not written.
    pub cut: bool,
    /// The socket is to be closed when everything is written.
    pub closing: bool,
}

impl Session {
    pub fn new(wire: ServerSession) -> Self {
        Session {
            wire,
            account: None,
            receives: false,
            open: 0,
            segments: 0,
            deliveries: HashMap::default(),
            cut: false,
            closing: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_replies_are_cut_between_characters() {
        let reply = |text: String| PhoneReply {
            from: "1".into(),
            to: "2".into(),
            text,
        };
        assert_eq!(reply("好".repeat(70)).parts(1).len(), 1);
        assert_eq!(reply("好".repeat(71)).parts(1).len(), 2);
        // The 67th unit would be the first half of the emoji.
        let text = format!("{}😀{}", "好".repeat(66), "a".repeat(10));
        let parts = reply(text.clone()).parts(1);
        assert_eq!(parts[0].payload.len(), 132);
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.payload.clone()).collect();
        let units: Vec<u16> = bytes
            .chunks(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        assert_eq!(String::from_utf16(&units).expect("whole pairs"), text);
    }
}
