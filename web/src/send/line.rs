use crate::http::Failure;
use carillon_api::{Code, MessageRequest};
use carillon_domain::fact::RefusedLine;
use carillon_domain::refusal::Refusal;
use serde::de::IgnoredAny;

/// Bytes of a caller's own words (a field's name) that an answer repeats.
const ECHO_BYTES_MAX: usize = 80;

/// What one line, or one request, has wrong as JSON. Repeats field names, never values (PII-1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFault {
    pub code: Code,
    /// Empty when no single field is at fault.
    pub field: String,
    pub detail: String,
    /// Where the JSON breaks: line and column, from 1.
    pub place: Option<(u32, u32)>,
}

impl LineFault {
    pub fn into_refused(self, line: u32) -> RefusedLine {
        let detail = match self.place {
            None => self.detail,
            Some((_, column)) => format!("{}, column {column}", self.detail),
        };
        RefusedLine {
            line,
            code: self.code.word().into(),
            field: self.field.into(),
            detail: detail.into(),
        }
    }
}

/// One JSON object as a message.
pub fn parse(json: &[u8]) -> Result<MessageRequest<'_>, LineFault> {
    if !begins_object(json) {
        // serde would take an array as the fields in their order; nobody means that.
        return match serde_json::from_slice::<IgnoredAny>(json) {
            Ok(_) => Err(not_an_object()),
            Err(error) => Err(fault(&error)),
        };
    }
    let request = serde_json::from_slice(json).map_err(|error| fault(&error))?;
    with_recipient(request)
}

pub fn begins_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

pub fn not_an_object() -> LineFault {
    LineFault {
        code: Code::InvalidField,
        field: String::new(),
        detail: "a message is a JSON object".to_owned(),
        place: None,
    }
}

/// What serde cannot say: without a recipient it is no message.
pub fn with_recipient(request: MessageRequest<'_>) -> Result<MessageRequest<'_>, LineFault> {
    if request.to.is_some() || request.mail.is_some() {
        return Ok(request);
    }
    Err(LineFault {
        code: Code::InvalidField,
        field: "to".to_owned(),
        detail: "missing field `to` or `mail`".to_owned(),
        place: None,
    })
}

pub fn fault(error: &serde_json::Error) -> LineFault {
    let message = error.to_string();
    let message = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(words, _)| words);
    if !error.is_data() {
        return LineFault {
            code: Code::InvalidJson,
            field: String::new(),
            detail: message.to_owned(),
            place: Some((error.line().max(1) as u32, error.column().max(1) as u32)),
        };
    }
    let (field, detail) = if repeats_a_value(message) {
        let expected = message
            .rsplit_once(", expected ")
            .map_or("what it should be", |(_, expected)| expected);
        let column = error.column();
        (
            String::new(),
            format!("a field at column {column} is not {expected}"),
        )
    } else {
        let field = if names_a_field(message) {
            message.split('`').nth(1).unwrap_or_default()
        } else {
            ""
        };
        (
            head(field, ECHO_BYTES_MAX).to_owned(),
            head(message, 4 * ECHO_BYTES_MAX).to_owned(),
        )
    };
    LineFault {
        code: Code::InvalidField,
        field,
        detail,
        place: None,
    }
}

/// Of serde's messages these have the value in them.
fn repeats_a_value(message: &str) -> bool {
    ["invalid ", "unknown variant"]
        .iter()
        .any(|beginning| message.starts_with(beginning))
}

/// Of serde's messages and ours these have a field's name in back quotes.
fn names_a_field(message: &str) -> bool {
    ["missing field", "unknown field", "duplicate field", "variable"]
        .iter()
        .any(|beginning| message.starts_with(beginning))
}

/// The beginning of a text, cut between characters.
fn head(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

impl From<Refusal> for LineFault {
    fn from(refusal: Refusal) -> Self {
        LineFault {
            code: Code::from_word(refusal.code.word()).expect("a test holds the table to all refusals"),
            field: refusal.field.into(),
            detail: refusal.detail.into(),
            place: None,
        }
    }
}

impl From<LineFault> for Failure {
    fn from(fault: LineFault) -> Self {
        let mut failure = Failure::new(fault.code, fault.detail);
        if !fault.field.is_empty() {
            failure = failure.with_field(fault.field);
        }
        if let Some((line, column)) = fault.place {
            failure.problem.line = Some(line);
            failure.problem.column = Some(column);
        }
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_the_place_or_the_field_and_repeat_no_value() {
        for (json, code, field, words) in [
            ("", Code::InvalidJson, "", "EOF"),
            ("{", Code::InvalidJson, "", "EOF"),
            (r#"{"to":"1"} x"#, Code::InvalidJson, "", "trailing"),
            (r#"{"to":"1","text":"a"#, Code::InvalidJson, "", "EOF"),
            (
                "{\"to\":\"1\",\n \"text\":}",
                Code::InvalidJson,
                "",
                "expected value",
            ),
            ("{}", Code::InvalidField, "to", "missing"),
            (
                r#"{"to":"1","txt":"a"}"#,
                Code::InvalidField,
                "txt",
                "unknown field",
            ),
            (r#"{"to":"1","to":"2"}"#, Code::InvalidField, "to", "duplicate"),
            (r#"{"to":13800000001}"#, Code::InvalidField, "", "not a string"),
            (
                r#"{"to":"1","validity_s":"13800000001"}"#,
                Code::InvalidField,
                "",
                "not u32",
            ),
            (
                r#"{"to":"1","variables":{"a":["13800000001"]}}"#,
                Code::InvalidField,
                "",
                "text or a whole number",
            ),
            (r#"["13800000001"]"#, Code::InvalidField, "", "object"),
            ("null", Code::InvalidField, "", "object"),
            (r#"{"text":"a"}"#, Code::InvalidField, "to", "missing"),
            (
                r#"{"to":"1","plan":[{"channel":"13800000001"}]}"#,
                Code::InvalidField,
                "",
                "not one of `sms`",
            ),
            (
                r#"{"to":"1","plan":[{"channel":"sms","when":{"failed":["x"],"not_read_within_s":9}}]}"#,
                Code::InvalidField,
                "",
                "a condition is either",
            ),
            (
                r#"{"to":"1","plan":[{"channel":"sms","when":"13800000001"}]}"#,
                Code::InvalidField,
                "",
                "not one of `together`",
            ),
            (
                r#"{"to":"1","attachments":[{"file":"1"}]}"#,
                Code::InvalidField,
                "name",
                "missing",
            ),
            (
                r#"{"to":"1","priority":"13800000001"}"#,
                Code::InvalidField,
                "",
                "not one of `high`",
            ),
        ] {
            let fault = parse(json.as_bytes()).unwrap_err();
            assert_eq!((fault.code, fault.field.as_str()), (code, field), "{json}");
            assert!(fault.detail.contains(words), "{json}: {}", fault.detail);
            assert!(!fault.detail.contains("13800000001"), "{json}: {}", fault.detail);
        }
    }

    #[test]
    fn hostile_bodies_end_quickly_and_with_short_answers() {
        let deep_array = "[".repeat(1_000_000);
        let deep_object = format!(r#"{{"to":{}"#, r#"{"a":"#.repeat(100_000));
        let long_name = format!(r#"{{"to":"1","{}":1}}"#, "长".repeat(100_000));
        let not_utf8 = b"{\"to\":\"\xff\xfe\"}";
        for json in [
            deep_array.as_bytes(),
            deep_object.as_bytes(),
            long_name.as_bytes(),
            not_utf8,
        ] {
            let fault = parse(json).unwrap_err();
            assert!(fault.detail.len() < 500, "{} bytes", fault.detail.len());
        }
    }
}
