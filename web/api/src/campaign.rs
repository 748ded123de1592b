use crate::attachment::AttachmentRequest;
use crate::send::RefusedLine;
use crate::step::StepRequest;
use crate::text::Text;
use carillon_domain::campaign::Duplicates;
use carillon_domain::catalog::Priority;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// A campaign (发送任务): what is said to everybody in a recipients file. Texts hold `{variables}`, which the columns of the file fill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CampaignRequest<'a> {
    /// For people; 1 to 100 characters.
    #[serde(borrow)]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "复诊提醒"))]
    pub name: Text<'a>,
    /// The text, without the signature; `{{` and `}}` stand for braces.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "{name}您好，请于{date}复诊"))]
    pub text: Option<Text<'a>>,
    /// The name of a template of the account's organisation, instead of `text` and `html`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub template: Option<Text<'a>>,
    /// The subject of a mail, unless its template has one.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub subject: Option<Text<'a>>,
    /// A mail in HTML.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub html: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<AttachmentRequest<'static>>, required = false))]
    pub attachments: Vec<AttachmentRequest<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub signature: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub business_type: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "low"))]
    pub priority: Option<Priority>,
    /// Seconds after which an unsent message expires, from the moment when its line is expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity_s: Option<u32>,
    /// Hours outside of which nothing is sent (UTC+8).
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "08:00-20:00"))]
    pub window: Option<Text<'a>>,
    /// The name of a strategy of the account's organisation.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub strategy: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<StepRequest<'static>>>))]
    pub plan: Option<Vec<StepRequest<'a>>>,
    pub columns: ColumnsRequest,
    /// At most so many messages a second; as fast as the connections take them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_per_second: Option<u32>,
    /// When it starts by itself, once its recipients are checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleRequest>,
    /// `refuse` (default): of several lines with one recipient only the first is taken; `allow`: all of them.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = String, required = false, example = "refuse"))]
    pub duplicates: Duplicates,
}

/// Columns of the recipients file, by their names in its first line. At least one of `to` and `mail` is there. A cell that is
/// empty counts as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ColumnsRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "手机号"))]
    pub to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// The template of the line, instead of the campaign's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_type: Option<String>,
    /// Variables and the columns of their values. One that is not here has the column of its own name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub variables: BTreeMap<String, String>,
}

/// A start at a set time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ScheduleRequest {
    /// RFC 3339 with an offset.
    #[cfg_attr(feature = "openapi", schema(example = "2026-03-01T08:30:00+08:00"))]
    pub at: String,
    /// A start that was missed, because the service was down, is made up for until then; one hour after `at` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RateRequest {
    /// Messages a second, 1 to 100,000; `null` is as fast as the connections take them.
    #[serde(deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub per_second: Option<u32>,
}

/// `null` is a value, absence is not.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    Option::deserialize(deserializer)
}

/// Which messages of a campaign that is over are sent again, as a campaign of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ResendRequest {
    /// How they ended; only `failed` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub states: Option<Vec<ResendState>>,
    /// Of the new campaign; the old one's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_per_second: Option<u32>,
}

/// Ends without delivery that may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ResendState {
    Failed,
    Rejected,
    Expired,
    Unknown,
}

/// The answer to a new campaign, and to what changes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CampaignAnswer {
    #[cfg_attr(feature = "openapi", schema(example = "cmp_0000001"))]
    pub id: String,
    /// See [`CampaignView::state`].
    pub state: String,
}

/// A campaign as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CampaignView {
    #[cfg_attr(feature = "openapi", schema(example = "cmp_0000001"))]
    pub id: String,
    pub name: String,
    pub account: String,
    /// `draft` (waits for its recipients), `checking`, `ready`, `scheduled`, `running`, `paused`, `stopped`, `finished`,
    /// `expired` (its start was missed), `failed`.
    pub state: String,
    /// Why the recipients file cannot be used, or why the campaign cannot go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    pub created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it was finished or stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_at: Option<String>,
    pub rate_per_second: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleRequest>,
    /// The campaign whose messages it sends again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resend_of: Option<String>,
    /// While the recipients are checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckView>,
    /// Once the recipients are checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LinesView>,
    pub counts: CountsView,
    /// Messages that have ended, of all good lines.
    pub percent: f64,
    /// Messages that end per second, over the last minute.
    pub ended_per_second: Option<f64>,
    /// When the last one will have ended, by that speed and by the pace; `null` when paused, and while nobody can say.
    pub expected_end: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckView {
    /// Of the file.
    pub bytes: u64,
    pub bytes_checked: u64,
}

/// What the check of a recipients file found. Blank lines and the first line do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinesView {
    pub total: u32,
    pub good: u32,
    /// Refused for what they hold.
    pub refused: u32,
    /// Refused because an earlier line has the same recipient; not in `refused`.
    pub doubles: u32,
}

/// What became of the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CountsView {
    /// Good lines that are messages now.
    pub expanded: u32,
    /// Neither ended nor ever about to be written.
    pub waiting: u32,
    /// Written to a carrier or mail server, or about to be, whatever came of it.
    pub written: u32,
    pub delivered: u32,
    pub sent: u32,
    pub failed: u32,
    pub rejected: u32,
    pub cancelled: u32,
    pub expired: u32,
    pub unknown: u32,
}

/// Campaigns, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CampaignsPage {
    pub campaigns: Vec<CampaignView>,
    /// The `before` of the next page; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Refused lines of a recipients file, in their order. Line numbers count from 1, the first line of the file included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedLinesPage {
    /// `field` is the name of the column.
    pub lines: Vec<RefusedLine>,
    /// The `after_line` of the next page; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_as_callers_write_it() {
        let json = r#"{"name":"复诊提醒","text":"{姓名}您好","columns":{"to":"手机号","variables":{"name":"姓名"}},"rate_per_second":500,"schedule":{"at":"2026-03-01T08:30:00+08:00"},"duplicates":"allow"}"#;
        let request: CampaignRequest<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(request.columns.to.as_deref(), Some("手机号"));
        assert_eq!(request.duplicates, Duplicates::Allow);
        assert_eq!(serde_json::to_string(&request).unwrap(), json);
        for wrong in [
            r#"{"name":"a"}"#,
            r#"{"name":"a","columns":{"too":"x"}}"#,
            r#"{"name":"a","columns":{},"duplicates":"maybe"}"#,
        ] {
            assert!(
                serde_json::from_str::<CampaignRequest<'_>>(wrong).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn no_pace_is_said_by_null_not_by_silence() {
        let rate = |json| serde_json::from_str::<RateRequest>(json).map(|rate| rate.per_second);
        assert_eq!(rate(r#"{"per_second":null}"#).unwrap(), None);
        assert_eq!(rate(r#"{"per_second":500}"#).unwrap(), Some(500));
        assert!(rate("{}").is_err() && rate(r#"{"per_second":-1}"#).is_err());
    }

    #[test]
    fn states_of_a_resend() {
        let resend: ResendRequest = serde_json::from_str(r#"{"states":["failed","unknown"]}"#).unwrap();
        assert_eq!(
            resend.states,
            Some(vec![ResendState::Failed, ResendState::Unknown])
        );
        assert_eq!(
            serde_json::from_str::<ResendRequest>("{}").unwrap(),
            ResendRequest::default()
        );
        assert!(serde_json::from_str::<ResendRequest>(r#"{"states":["delivered"]}"#).is_err());
    }
}
