use crate::http::Failure;
use carillon_api::{Code, MessageRequest};
use carillon_domain::fact::RefusedLine;
use carillon_domain::intake::{Draft, PlanDraft, Words};
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
    serde_json::from_slice(json).map_err(|error| fault(&error))
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

pub fn draft<'a>(request: &'a MessageRequest<'a>) -> Draft<'a> {
    let text = |text: &'a Option<carillon_api::Text<'a>>| text.as_ref().map(carillon_api::Text::as_str);
    Draft {
        to: Some(request.to.as_str()),
        mail: None,
        words: Words {
            text: text(&request.text),
            template: text(&request.template),
            ..Words::default()
        },
        variables: &request.variables,
        signature: text(&request.signature),
        business_type: text(&request.business_type),
        reference: text(&request.reference),
        validity_s: request.validity_s,
        priority: None,
        not_before: None,
        window: None,
        plan: PlanDraft::Simple,
    }
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
    // serde names the field in back quotes, except for a wrong type, where it repeats the value instead.
    let wrong_type = message.starts_with("invalid type") || message.starts_with("invalid value");
    let (field, detail) = if wrong_type {
        let expected = message
            .rsplit_once(", expected ")
            .map_or("another type", |(_, expected)| expected);
        (
            String::new(),
            format!("a field at column {} is not {expected}", error.column()),
        )
    } else {
        let field = message
            .split('`')
            .nth(1)
            .map_or("", |name| head(name, ECHO_BYTES_MAX));
        (field.to_owned(), head(message, 4 * ECHO_BYTES_MAX).to_owned())
    };
    LineFault {
        code: Code::InvalidField,
        field,
        detail,
        place: None,
    }
}

/// The beginning of a text, cut between characters.
fn head(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
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
