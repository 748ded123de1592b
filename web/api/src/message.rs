use carillon_domain::ids::MessageId;
use carillon_domain::plan::ConditionEntry;
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
    /// The recipient's address; masked (`z***@example.org`) as the number is. Absent when no mail is in the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// What the person reads first: the whole text, with signature and tail, or the subject of a mail.
    pub text: String,
    pub account: String,
    pub business_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignLineView>,
    /// Why it ended as it did: the carrier's raw code, or our own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// RFC 3339, UTC+8, milliseconds.
    pub accepted_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_at: Option<String>,
    /// When the person was first known to have read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<String>,
    /// What the message waits for before something of it is written; absent when it may go at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingView>,
    /// The whole plan, in its order, with attempts that have not started.
    pub attempts: Vec<AttemptView>,
}

/// Why a message is not written yet, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitingView {
    /// `scheduled`, `sending_window` (of the business type), `quiet_hours` (of the organisation) or `person_window` (of the
    /// recipient).
    pub why: String,
    /// RFC 3339, UTC+8, milliseconds.
    pub until: String,
}

/// Where a campaign's message came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CampaignLineView {
    /// `cmp_` and 7 characters.
    pub id: String,
    /// Counts the campaign's good lines from 1.
    pub line: u32,
}

/// One channel kind of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptView {
    /// `sms`, `wechat`, `mail` …
    pub channel: String,
    /// On what condition it starts, in words for people; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The same for programs, as a plan writes it: `"failed"`, `{"not_delivered_within_s": 300}` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub condition: Option<ConditionEntry>,
    /// Why it started, or that it has not, in words for people.
    pub start: String,
    /// What of the attempt before made it start; absent when it started with the message, or has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<FallbackView>,
    /// Absent when it has not started. RFC 3339, UTC+8, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// The address of a mail, masked as the message's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The whole text; of a mail what a reader without HTML sees.
    pub text: String,
    /// Names of the files that go with a mail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<String>,
    /// Empty when it has not started.
    pub segments: Vec<SegmentView>,
}

/// Which condition was met, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FallbackView {
    /// `not_submitted`, `failed`, `not_delivered` or `not_read`.
    pub reason: String,
    /// The raw code of `not_submitted` and `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The wait that was over, of `not_delivered` and `not_read`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
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
    /// Why, for programs: of an intent `rule`, `failover`, `throttle` or `resend`; of a refusal `retried` or `failed`; of an
    /// unknown outcome `crash`, `cut` or `timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of an intent; counts from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub try_number: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Raw code of a refusal or receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Raw error beside the code of a receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
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

/// Messages that were found, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessagesPage {
    pub messages: Vec<MessageView>,
    /// The `before` of the next page; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
