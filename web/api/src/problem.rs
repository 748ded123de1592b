use crate::code::Code;
use crate::send::RefusedLine;
use serde::{Deserialize, Serialize};

/// The media type of a [`Problem`] (RFC 9457 §3).
pub const PROBLEM_CONTENT_TYPE: &str = "application/problem+json";

/// The body of every answer with status 400 and above (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:carillon:error:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the code means, in English, or in Chinese when the request prefers it (`Accept-Language`).
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A word of the table of error codes. Programs decide by it; it is never reused for another meaning.
    pub code: String,
    /// The same request may succeed later.
    pub retryable: bool,
    /// What is wrong with this request.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub detail: String,
    /// The field or parameter at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Where the JSON body breaks; counts from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Where in `line` it breaks, in bytes; counts from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Every line of a batch of which nothing was accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub refused: Vec<RefusedLine>,
    /// The `X-Request-Id` of this answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub request_id: String,
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem {
            kind: format!("urn:carillon:error:{}", code.word()),
            title: code.title_en().to_owned(),
            status: code.status(),
            code: code.word().to_owned(),
            retryable: code.is_retryable(),
            detail: detail.into(),
            field: None,
            line: None,
            column: None,
            refused: Vec::new(),
            request_id: String::new(),
        }
    }

    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_leaves_out_what_it_does_not_know() {
        let problem = Problem::new(Code::InvalidPhone, "too short").with_field("to");
        let text = serde_json::to_string(&problem).unwrap();
        assert_eq!(
            text,
            r#"{"type":"urn:carillon:error:invalid_phone","title":"The number is not a phone number","status":422,"code":"invalid_phone","retryable":false,"detail":"too short","field":"to"}"#
        );
        assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
    }
}
