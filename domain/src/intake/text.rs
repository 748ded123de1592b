use crate::refusal::{Refusal, RefusalCode};
use compact_str::CompactString;

/// The longest signature, in characters, without its brackets.
pub const SIGNATURE_CHARACTERS_MAX: usize = 20;

/// The whole text as the person reads it: 【signature】, body, tail. A body that begins with this very signature keeps the one.
/// `field` is the body's.
pub(super) fn compose(
    signature: &str,
    body: String,
    tail: &str,
    field: impl FnOnce() -> CompactString,
) -> Result<Box<str>, Refusal> {
    check_body(&body, field)?;
    check_signature(signature)?;
    // No bracketed copy is made: this is done for every message.
    let signature = if signature.is_empty() || begins_signed(&body, signature) {
        ["", "", ""]
    } else {
        ["【", signature, "】"]
    };
    if signature[0].is_empty() && tail.is_empty() {
        return Ok(body.into_boxed_str());
    }
    let [open, signature, close] = signature;
    Ok([open, signature, close, &body, tail].concat().into_boxed_str())
}

fn begins_signed(body: &str, signature: &str) -> bool {
    body.strip_prefix('【')
        .and_then(|rest| rest.strip_prefix(signature))
        .is_some_and(|rest| rest.starts_with('】'))
}

/// That there is something to read, and no control characters.
pub(super) fn check_body(body: &str, field: impl FnOnce() -> CompactString) -> Result<(), Refusal> {
    if body.trim().is_empty() {
        return Err(Refusal::new(RefusalCode::TextEmpty, field(), "the text is empty"));
    }
    check_characters(body, field)
}

pub(super) fn check_characters(text: &str, field: impl FnOnce() -> CompactString) -> Result<(), Refusal> {
    // In UTF-8 no byte of another character looks like a C0 control.
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t') || *byte == 0x7f;
    let Some(at) = text.as_bytes().iter().position(is_control) else {
        return Ok(());
    };
    let position = text[..at].chars().count() + 1;
    let detail = format!("the character at position {position} is a control character");
    Err(Refusal::new(RefusalCode::TextInvalid, field(), detail))
}

fn check_signature(signature: &str) -> Result<(), Refusal> {
    let invalid = |detail: String| Err(Refusal::new(RefusalCode::SignatureInvalid, "signature", detail));
    if signature.chars().nth(SIGNATURE_CHARACTERS_MAX).is_some() {
        return invalid(format!(
            "a signature has at most {SIGNATURE_CHARACTERS_MAX} characters"
        ));
    }
    if signature.contains(['【', '】']) {
        return invalid("give the signature without 【】; they are added".to_owned());
    }
    if signature.trim() != signature || signature.contains(char::is_control) {
        return invalid("a signature has no control characters, and no spaces around it".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_their_order() {
        let cases = [
            ("", "您好", "", "您好"),
            ("市一医院", "您好", "", "【市一医院】您好"),
            ("市一医院", "您好", "，退订回T", "【市一医院】您好，退订回T"),
            ("", "您好", "，退订回T", "您好，退订回T"),
            (
                "市一医院",
                "【市一医院】您好",
                "，退订回T",
                "【市一医院】您好，退订回T",
            ),
            ("市一医院", "【某校】您好", "", "【市一医院】【某校】您好"),
            (
                "市一医院",
                "【市一医院分院】您好",
                "",
                "【市一医院】【市一医院分院】您好",
            ),
        ];
        for (signature, body, tail, whole) in cases {
            assert_eq!(
                compose(signature, body.to_owned(), tail, || "text".into()).as_deref(),
                Ok(whole)
            );
        }
    }

    #[test]
    fn refused() {
        let long = "长".repeat(21);
        let cases = [
            ("", "", RefusalCode::TextEmpty),
            ("市一医院", " \n\t", RefusalCode::TextEmpty),
            ("", "a\0", RefusalCode::TextInvalid),
            ("", "a\u{1b}", RefusalCode::TextInvalid),
            ("", "a\u{7f}", RefusalCode::TextInvalid),
            ("【市一医院】", "您好", RefusalCode::SignatureInvalid),
            ("市一】【医院", "您好", RefusalCode::SignatureInvalid),
            (" 市一医院", "您好", RefusalCode::SignatureInvalid),
            ("市一\n医院", "您好", RefusalCode::SignatureInvalid),
            (&long, "您好", RefusalCode::SignatureInvalid),
        ];
        for (signature, body, code) in cases {
            let refusal = compose(signature, body.to_owned(), "", || "text".into()).unwrap_err();
            assert_eq!(refusal.code, code, "{signature:?} {body:?}");
        }
    }
}
