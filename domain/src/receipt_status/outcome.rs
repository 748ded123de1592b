use crate::fact::ReceiptOutcome;

/// What a carrier's status text means, without regard to case and padding.
///
/// The words are those of SMPP 3.4 Appendix B and CMPP 2.0 §7.4.5.1 (Stat). Codes differ per carrier and even per aggregator,
/// so what is not known is *pending*: the raw text is kept and nothing moves. `UNKNOWN` is pending too: the carrier itself
/// does not know, and a later receipt or the receipt wait decides.
pub fn outcome(status: &str) -> ReceiptOutcome {
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
    let status = status.trim_matches(|character: char| character == '\0' || character.is_whitespace());
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
        for (status, expected) in cases {
            assert_eq!(outcome(status), expected, "{status:?}");
        }
    }

    proptest! {
        /// A text is delivered only where the word says so: never by accident.
        #[test]
        fn only_its_word_means_delivered(status in "\\PC{0,12}|[A-Z]{7}|[A-Z]{2}:[0-9]{1,4}") {
            let delivered = outcome(&status) == Delivered;
            let says_so = ["DELIVRD", "DELIVERED"].iter().any(|word| status.trim().eq_ignore_ascii_case(word));
            prop_assert_eq!(delivered, says_so);
        }
    }
}
