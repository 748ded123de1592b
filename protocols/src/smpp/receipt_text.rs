//! The text of a delivery receipt (SMPP 3.4 Appendix B), which every SMSC writes a little differently.
//!
//! `id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:E text:…`

use bytes::{BufMut, BytesMut};

/// The fields that say something; what is missing is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiptText<'a> {
    pub id: &'a [u8],
    pub submit_date: &'a [u8],
    pub done_date: &'a [u8],
    pub stat: &'a [u8],
    pub err: &'a [u8],
}

const KEYWORDS: [&[u8]; 8] = [
    b"id:",
    b"sub:",
    b"dlvrd:",
    b"submit date:",
    b"done date:",
    b"stat:",
    b"err:",
    b"text:",
];

impl<'a> ReceiptText<'a> {
    /// Reads keywords in any order and case, with any spaces around the values, up to `text:`, after which the words are the
    /// sender's own.
    pub fn decode(text: &'a [u8]) -> Self {
        let mut receipt = Self::default();
        let mut rest = text.trim_ascii_start();
        while !rest.is_empty() {
            let Some(keyword) = keyword(rest) else {
                rest = skip_word(rest);
                continue;
            };
            rest = rest[keyword.len()..].trim_ascii_start();
            if keyword == b"text:" {
                break;
            }
            let value = value(rest);
            rest = rest[value.len()..].trim_ascii_start();
            match keyword {
                b"id:" => receipt.id = value,
                b"submit date:" => receipt.submit_date = value,
                b"done date:" => receipt.done_date = value,
                b"stat:" => receipt.stat = value,
                b"err:" => receipt.err = value,
                _ => {}
            }
        }
        receipt
    }

    /// Writes the text with the fields that a receipt for one segment has.
    pub fn encode(&self, out: &mut BytesMut) {
        let delivered: &[u8] = if self.stat == b"DELIVRD" { b"001" } else { b"000" };
        let fields: [(&[u8], &[u8]); 8] = [
            (b"id:", self.id),
            (b" sub:", b"001"),
            (b" dlvrd:", delivered),
            (b" submit date:", self.submit_date),
            (b" done date:", self.done_date),
            (b" stat:", self.stat),
            (b" err:", self.err),
            (b" text:", b""),
        ];
        for (keyword, value) in fields {
            out.put_slice(keyword);
            out.put_slice(value);
        }
    }
}

/// The stat for a message_state (SMPP 3.4 §5.2.28, SMPP 5.0 §4.7.15).
pub fn stat_of_state(message_state: u8) -> Option<&'static str> {
    STATES.get(usize::from(message_state)).copied()
}

/// The message_state for a stat.
pub fn state_of_stat(stat: &str) -> Option<u8> {
    STATES
        .iter()
        .position(|&known| known == stat)
        .map(|state| state as u8)
}

const STATES: [&str; 10] = [
    "SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD",
    "SKIPPED",
];

fn keyword(text: &[u8]) -> Option<&'static [u8]> {
    let first = text.first()?.to_ascii_lowercase();
    KEYWORDS.into_iter().find(|keyword| {
        // Nearly every word is settled by its first letter, and this runs for every word of every receipt.
        keyword[0] == first
            && text
                .get(..keyword.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(keyword))
    })
}

/// Up to the next space; nothing when the next keyword follows at once.
fn value(text: &[u8]) -> &[u8] {
    if keyword(text).is_some() {
        return &[];
    }
    let end = text
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(text.len());
    &text[..end]
}

fn skip_word(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(text.len());
    text[end..].trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields<'a>(
        id: &'a str,
        submit: &'a str,
        done: &'a str,
        stat: &'a str,
        err: &'a str,
    ) -> ReceiptText<'a> {
        ReceiptText {
            id: id.as_bytes(),
            submit_date: submit.as_bytes(),
            done_date: done.as_bytes(),
            stat: stat.as_bytes(),
            err: err.as_bytes(),
        }
    }

    #[test]
    fn variations() {
        let cases = [
            (
                "id:6000001 sub:001 dlvrd:001 submit date:2503011200 done date:2503011201 stat:DELIVRD err:000 text:hello",
                fields("6000001", "2503011200", "2503011201", "DELIVRD", "000"),
            ),
            (
                "ID:6A sub:001 Submit Date:250301120000 Done Date:250301120130 Stat:UNDELIV Err:21 Text:id:9 stat:X",
                fields("6A", "250301120000", "250301120130", "UNDELIV", "21"),
            ),
            (
                "  id: 7  stat:  EXPIRED  err:  text:",
                fields("7", "", "", "EXPIRED", ""),
            ),
            ("stat:ACCEPTD id:8", fields("8", "", "", "ACCEPTD", "")),
            (
                "id:9 unknown:1 word stat:REJECTD",
                fields("9", "", "", "REJECTD", ""),
            ),
            ("", ReceiptText::default()),
            ("hello world", ReceiptText::default()),
        ];
        for (text, expected) in cases {
            assert_eq!(ReceiptText::decode(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn states_both_ways() {
        assert_eq!(stat_of_state(2), Some("DELIVRD"));
        assert_eq!(stat_of_state(10), None);
        for state in 0..10 {
            assert_eq!(stat_of_state(state).and_then(state_of_stat), Some(state));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(id in "[0-9A-Za-z-]{1,64}", stat in "[A-Z]{7}", err in "[0-9]{3}", date in "[0-9]{10}") {
            let receipt = fields(&id, &date, &date, &stat, &err);
            let mut out = BytesMut::new();
            receipt.encode(&mut out);
            prop_assert_eq!(ReceiptText::decode(&out), receipt);
        }

        #[test]
        fn any_bytes_are_read(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let receipt = ReceiptText::decode(&text);
            prop_assert!(receipt.id.len() + receipt.stat.len() <= text.len());
        }
    }
}
