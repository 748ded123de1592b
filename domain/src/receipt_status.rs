//! What a carrier's status text means.
//!
//! The well-known words are those of SMPP 3.4 Appendix B and CMPP 2.0 §7.4.5.1 (Stat). Everything else differs per carrier,
//! where even the same code has different meanings, so a connection may bring its own table. What neither knows is *pending*:
//! the raw text is kept and nothing moves.

use crate::fact::ReceiptOutcome;
use compact_str::CompactString;
use hashbrown::HashMap;

/// The meanings of one connection's status texts.
#[derive(Clone, Debug, Default)]
pub struct StatusTable {
    /// In upper case. They go before the well-known ones.
    overrides: HashMap<CompactString, ReceiptOutcome>,
}

impl StatusTable {
    /// Texts are compared without regard to case and surrounding padding.
    pub fn new<T: AsRef<str>>(overrides: impl IntoIterator<Item = (T, ReceiptOutcome)>) -> Self {
        let entry =
            |(status, outcome): (T, ReceiptOutcome)| (trim(status.as_ref()).to_uppercase().into(), outcome);
        StatusTable {
            overrides: overrides.into_iter().map(entry).collect(),
        }
    }

    pub fn outcome(&self, status: &str) -> ReceiptOutcome {
        let status = trim(status);
        if !self.overrides.is_empty()
            && let Some(outcome) = self.overrides.get(status.to_uppercase().as_str())
        {
            return *outcome;
        }
        well_known(status)
    }
}

/// `UNKNOWN` is pending: the carrier says that it does not know, and a later receipt or the receipt wait decides.
fn well_known(status: &str) -> ReceiptOutcome {
    const WORDS: [(&str, ReceiptOutcome); 13] = [
        ("DELIVRD", ReceiptOutcome::Delivered),
        ("UNDELIV", ReceiptOutcome::Failed),
        ("EXPIRED", ReceiptOutcome::Expired),
        ("REJECTD", ReceiptOutcome::Failed),
        ("DELETED", ReceiptOutcome::Failed),
        ("ACCEPTD", ReceiptOutcome::Pending),
        ("ENROUTE", ReceiptOutcome::Pending),
        ("BUFFERED", ReceiptOutcome::Pending),
        ("SCHEDLD", ReceiptOutcome::Pending),
        ("UNKNOWN", ReceiptOutcome::Pending),
        ("SKIPPED", ReceiptOutcome::Failed),
        // The same in full, as some gateways write them.
        ("DELIVERED", ReceiptOutcome::Delivered),
        ("UNDELIVERABLE", ReceiptOutcome::Failed),
    ];
    if let Some((_, outcome)) = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(status)) {
        return *outcome;
    }
    if is_network_code(status) {
        ReceiptOutcome::Failed
    } else {
        ReceiptOutcome::Pending
    }
}

/// `MA:0001`, `ID:12`: a code of an element of the network that could not pass the message on (CMPP 3.0 §8.4.5.1,
/// Stat `XX:nnnn`). All zeros is no failure anywhere and stays unknown.
fn is_network_code(status: &str) -> bool {
    let Some((element, code)) = status.split_once(':') else {
        return false;
    };
    element.len() == 2
        && element.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && (1..=4).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && code.bytes().any(|byte| byte != b'0')
}

fn trim(status: &str) -> &str {
    status.trim_matches(|character: char| character == '\0' || character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReceiptOutcome::*;
    use proptest::prelude::*;

    #[test]
    fn meanings() {
        let cases = [
            ("DELIVRD", Delivered),
            ("delivrd\0\0", Delivered),
            (" DELIVRD ", Delivered),
            ("EXPIRED", Expired),
            ("UNDELIV", Failed),
            ("REJECTD", Failed),
            ("DELETED", Failed),
            ("MA:0001", Failed),
            ("AF:4\0\0\0", Failed),
            ("HD:29", Failed),
            ("ACCEPTD", Pending),
            ("ENROUTE", Pending),
            ("UNKNOWN", Pending),
            ("NOSEND", Pending),
            ("00137", Pending),
            ("2", Pending),
            ("CB:0000", Pending),
            ("MA:", Pending),
            ("MA:00011", Pending),
            (":0001", Pending),
            ("", Pending),
            ("已送达", Pending),
        ];
        for (status, outcome) in cases {
            assert_eq!(StatusTable::default().outcome(status), outcome, "{status:?}");
        }
    }

    #[test]
    fn a_connection_s_own_table_goes_first() {
        let table = StatusTable::new([("nosend", Failed), ("MA:0001", Expired), ("UNKNOWN", Failed)]);
        let cases = [
            ("NOSEND\0", Failed),
            ("ma:0001", Expired),
            ("UNKNOWN", Failed),
            ("DELIVRD", Delivered),
        ];
        for (status, outcome) in cases {
            assert_eq!(table.outcome(status), outcome, "{status:?}");
        }
    }

    proptest! {
        /// A text is delivered only where the word says so: never by accident.
        #[test]
        fn only_its_word_means_delivered(status in "\\PC{0,12}|[A-Z]{7}|[A-Z]{2}:[0-9]{1,4}") {
            let delivered = StatusTable::default().outcome(&status) == Delivered;
            let says_so = ["DELIVRD", "DELIVERED"].iter().any(|word| status.trim().eq_ignore_ascii_case(word));
            prop_assert_eq!(delivered, says_so);
        }
    }
}
