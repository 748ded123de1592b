//! One form for a carrier's names of segments, so that response and receipt find each other.
//!
//! SMPP message ids are text. Some carriers write the same id in hexadecimal in the response and in decimal in the receipt
//! or the other way round, with or without leading zeros, in either case (SMPP 3.4 §5.2.23 leaves it to them).

use crate::catalog::ReceiptIdForm;
use crate::fact::CarrierId;

/// The id in the answer to a submit, in the one form ids are compared in.
///
/// Where `form` names a number and the text is none, the text is kept: a carrier that breaks its own rule is still matched as
/// long as both texts are equal.
pub fn from_response(text: &str, form: ReceiptIdForm) -> CarrierId {
    match form {
        ReceiptIdForm::AsIs => CarrierId::Text(trim(text).into()),
        ReceiptIdForm::ResponseHex => canonical(text, 16),
        ReceiptIdForm::ReceiptHex => canonical(text, 10),
    }
}

/// The id in a receipt, in the same form as [`from_response`] gives it.
pub fn from_receipt(text: &str, form: ReceiptIdForm) -> CarrierId {
    match form {
        ReceiptIdForm::AsIs => CarrierId::Text(trim(text).into()),
        ReceiptIdForm::ResponseHex => canonical(text, 10),
        ReceiptIdForm::ReceiptHex => canonical(text, 16),
    }
}

fn canonical(text: &str, radix: u32) -> CarrierId {
    let text = trim(text);
    match number(text, radix) {
        Some(number) => CarrierId::Number(number),
        None => CarrierId::Text(text.to_ascii_lowercase().into()),
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(|character: char| character == '\0' || character.is_whitespace())
}

fn number(text: &str, radix: u32) -> Option<u64> {
    let digits = match radix {
        16 => text
            .strip_prefix("0x")
            .or_else(|| text.strip_prefix("0X"))
            .unwrap_or(text),
        _ => text,
    };
    // `from_str_radix` takes a sign; an id has none.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms() {
        let text = |text: &str| CarrierId::Text(text.into());
        let cases = [
            ("00aB", ReceiptIdForm::AsIs, text("00aB"), text("00aB")),
            (
                "00AB",
                ReceiptIdForm::ResponseHex,
                CarrierId::Number(0xab),
                text("00ab"),
            ),
            (
                "0010",
                ReceiptIdForm::ResponseHex,
                CarrierId::Number(16),
                CarrierId::Number(10),
            ),
            (
                "0010",
                ReceiptIdForm::ReceiptHex,
                CarrierId::Number(10),
                CarrierId::Number(16),
            ),
            (
                "0xff ",
                ReceiptIdForm::ReceiptHex,
                text("0xff"),
                CarrierId::Number(255),
            ),
            ("+5", ReceiptIdForm::ReceiptHex, text("+5"), text("+5")),
            ("", ReceiptIdForm::ResponseHex, text(""), text("")),
            ("a-b-c", ReceiptIdForm::ResponseHex, text("a-b-c"), text("a-b-c")),
            (
                "123456789012345678901234",
                ReceiptIdForm::ReceiptHex,
                text("123456789012345678901234"),
                text("123456789012345678901234"),
            ),
        ];
        for (id, form, in_response, in_receipt) in cases {
            assert_eq!(from_response(id, form), in_response, "{id} {form:?}");
            assert_eq!(from_receipt(id, form), in_receipt, "{id} {form:?}");
        }
    }

    proptest! {
        #[test]
        fn both_forms_of_a_number_are_one(id: u64, zeros in 0usize..4) {
            let zeros = "0".repeat(zeros);
            let (lower, upper, decimal) = (format!("{zeros}{id:x}"), format!("{id:X}"), format!("{zeros}{id}"));
            let form = ReceiptIdForm::ResponseHex;
            prop_assert_eq!(from_response(&lower, form), from_receipt(&decimal, form));
            prop_assert_eq!(from_response(&upper, form), from_receipt(&id.to_string(), form));
            let form = ReceiptIdForm::ReceiptHex;
            prop_assert_eq!(from_response(&decimal, form), from_receipt(&upper, form));
        }

        #[test]
        fn different_numbers_stay_different(one: u64, other: u64) {
            prop_assume!(one != other);
            let form = ReceiptIdForm::ResponseHex;
            prop_assert_ne!(from_response(&format!("{one:x}"), form), from_receipt(&other.to_string(), form));
        }

        #[test]
        fn any_text_is_answered(id in "\\PC{0,30}") {
            for form in [ReceiptIdForm::AsIs, ReceiptIdForm::ResponseHex, ReceiptIdForm::ReceiptHex] {
                let _ = (from_response(&id, form), from_receipt(&id, form));
            }
        }
    }
}
