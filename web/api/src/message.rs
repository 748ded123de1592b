use carillon_domain::ids::MessageId;
use serde::{Deserialize, Serialize};

/// Everything about one message, from acceptance to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageView {
    #[serde(with = "crate::id_text")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "msg_0e5v7q2k0r401"))]
    pub id: MessageId,
    /// `accepted`, `active`, or how it ended: `delivered`, `sent`, `failed`, `rejected`, `cancelled`, `expired`, `unknown`.
    pub status: String,
    /// The message has ended; only `sent`, `expired` and `unknown` may still be corrected by a late receipt.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// The recipient's number; masked (`138****0001`) unless the caller may see it (PII-1). Absent when only mail is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The whole text, with signature and tail.
    pub text: String,
    pub account: String,
    pub business_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Why it ended as it did: the carrier's raw code, or our own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// RFC 3339, UTC+8, milliseconds.
    pub accepted_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_at: Option<String>,
    pub attempts: Vec<AttemptView>,
}

/// One channel kind of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptView {
    /// `sms`, `wechat`, `mail` …
    pub channel: String,
    pub segments: Vec<SegmentView>,
}

/// One segment of a long SMS; other kinds have one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SegmentView {
    /// Counts from 1.
    pub number: u32,
    /// `waiting`, `intent`, `submitted`, `delivered`, `failed`, `expired`, `rejected`, `uncertain`.
    pub status: String,
    /// The name of the connection that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The carrier's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_id: Option<String>,
    /// Raw code of the last refusal or receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Everything that happened to it, in order.
    pub steps: Vec<StepView>,
}

/// Something that happened to a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepView {
    /// RFC 3339, UTC+8, milliseconds.
    pub at: String,
    pub what: StepWhat,
    /// What happened and why, in words for people.
    pub words: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Raw code of a refusal or receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepWhat {
    Intent,
    Returned,
    Submitted,
    Rejected,
    Uncertain,
    Receipt,
}

/// Messages to one number, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessagesPage {
    pub messages: Vec<MessageView>,
    /// The `before` of the next page; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
