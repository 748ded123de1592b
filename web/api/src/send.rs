use crate::attachment::AttachmentRequest;
use crate::step::StepRequest;
use crate::text::{Text, Variables};
use carillon_domain::catalog::Priority;
use carillon_domain::ids::MessageId;
use serde::{Deserialize, Serialize};

/// One message to one person: a number, a mail address or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MessageRequest<'a> {
    /// The recipient's number: `13800000001`, `+8613800000001` or another country's number with its `+` code.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "13800000001"))]
    pub to: Option<Text<'a>>,
    /// The recipient's mail address.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "name@example.org"))]
    pub mail: Option<Text<'a>>,
    /// The text, without the signature.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub text: Option<Text<'a>>,
    /// The name of a template of the account's organisation, instead of `text` and `html`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub template: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Variables::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Variables<'static>, required = false))]
    pub variables: Variables<'a>,
    /// The subject of a mail, unless its template has one.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub subject: Option<Text<'a>>,
    /// A mail in HTML; its text is made from it when there is none.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub html: Option<Text<'a>>,
    /// Files that go with a mail; at most 10 with 15 MiB together.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<AttachmentRequest<'static>>, required = false))]
    pub attachments: Vec<AttachmentRequest<'a>>,
    /// Replaces the account's signature, without the brackets 【】.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub signature: Option<Text<'a>>,
    /// The name of a business type; the template's or the account's own when absent.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub business_type: Option<Text<'a>>,
    /// `high`, `medium` or `low`; the business type's when absent, and never above that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "medium"))]
    pub priority: Option<Priority>,
    /// The caller's own name for the message (a visit, a report); comes back in receipts and searches.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub reference: Option<Text<'a>>,
    /// Seconds after which an unsent message expires, from `send_at` on; the business type's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity_s: Option<u32>,
    /// Nothing is sent before this moment: RFC 3339 with an offset, at most 30 days ahead. One that has passed means at once.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "2026-03-01T08:30:00+08:00"))]
    pub send_at: Option<Text<'a>>,
    /// The person's own hours (UTC+8): nothing is sent outside of them.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "08:00-20:00"))]
    pub window: Option<Text<'a>>,
    /// The name of a strategy of the account's organisation, which says by which channels and when.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub strategy: Option<Text<'a>>,
    /// The same, said here. Without both it is a short message when there is a number, else a mail.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<StepRequest<'static>>>))]
    pub plan: Option<Vec<StepRequest<'a>>>,
}

impl Default for Text<'_> {
    fn default() -> Self {
        "".into()
    }
}

/// The answer to one accepted message. It is durable when this arrives (ACK-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendAnswer {
    #[serde(with = "crate::id_text")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "msg_0e5v7q2k0r401"))]
    pub id: MessageId,
    /// Always `accepted`.
    pub status: String,
}

/// The answer to a batch. Each line of the request stands in exactly one of the two lists; both are in line order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchAnswer {
    pub accepted: Vec<AcceptedLine>,
    pub refused: Vec<RefusedLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedLine {
    /// Counts from 1.
    pub line: u32,
    #[serde(with = "crate::id_text")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "msg_0e5v7q2k0r401"))]
    pub id: MessageId,
}

/// Why one line of a batch was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedLine {
    /// Counts from 1.
    pub line: u32,
    /// A word of the table of error codes.
    pub code: String,
    /// The field of the line that is at fault; empty when it is the line as a whole.
    pub field: String,
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_survives_a_round_trip_and_leaves_out_what_is_absent() {
        let request = MessageRequest {
            to: Some("13800000001".into()),
            text: Some("您好".into()),
            ..Default::default()
        };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(text, r#"{"to":"13800000001","text":"您好"}"#);
        assert_eq!(
            serde_json::from_str::<MessageRequest<'_>>(&text).unwrap(),
            request
        );
    }

    #[test]
    fn misspelt_missing_and_ill_typed_fields_are_refused_by_name() {
        for (body, word) in [
            (r#"{"to":"13800000001","varaibles":{}}"#, "varaibles"),
            (r#"{"to":"1","priority":"urgent"}"#, "high"),
            (r#"{"to":"1","attachments":[{"name":"a"}]}"#, "file"),
            (r#"{"to":13800000001}"#, "string"),
            (r#"{"to":"1","validity_s":-1}"#, "u32"),
            (r#"{"to":"1","to":"2"}"#, "to"),
        ] {
            let error = serde_json::from_str::<MessageRequest<'_>>(body)
                .unwrap_err()
                .to_string();
            assert!(error.contains(word), "{body}: {error}");
        }
    }

    #[test]
    fn ids_are_written_as_text() {
        let answer = SendAnswer {
            id: MessageId::new(1_700_000_000_000, 1, 2),
            status: "accepted".into(),
        };
        let text = serde_json::to_string(&answer).unwrap();
        assert!(text.contains(r#""id":"msg_"#), "{text}");
        assert_eq!(serde_json::from_str::<SendAnswer>(&text).unwrap(), answer);
    }
}
