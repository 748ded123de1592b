//! What operators see. Secrets have no field here, so that none can slip out.

use carillon_domain::plan::ConditionEntry;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionsView {
    pub connections: Vec<ConnectionView>,
}

/// Whether the service relies on its wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClockView {
    /// The clock was set by more than 5 s: waits of plans are held until it is steady again, or confirmed.
    pub held: bool,
    /// By how much it was set in all, in milliseconds.
    pub jumped_by_ms: i64,
    /// Seconds until waits go on by themselves, if it is not set again.
    pub steady_in_s: u32,
}

/// A connection as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionView {
    pub name: String,
    pub protocol: String,
    /// `off`, `draining`, `connecting`, `up`, `degraded`, `breaker_open`, `throttled`, `down` or `failed`.
    pub state: String,
    pub sessions_bound: u8,
    pub sessions_wanted: u8,
    /// Written and not yet answered.
    pub in_flight: u32,
    /// Segments written in the last second.
    pub written_last_second: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// What is configured, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CatalogView {
    pub version: u32,
    pub organisations: Vec<OrganisationView>,
    pub accounts: Vec<AccountView>,
    pub connections: Vec<ConnectionConfigView>,
    pub route_groups: Vec<RouteGroupView>,
    /// In the order in which they are tried.
    pub route_rules: Vec<RouteRuleView>,
    pub business_types: Vec<BusinessTypeView>,
    pub templates: Vec<TemplateView>,
    pub strategies: Vec<StrategyView>,
    pub word_lists: Vec<WordListView>,
    pub number_lists: Vec<NumberListView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganisationView {
    pub name: String,
    pub weight: u16,
    /// e.g. `22:00-07:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountView {
    pub name: String,
    pub organisation: String,
    pub enabled: bool,
    /// Of `send`, `query`, `feeds`, `campaigns`.
    pub modules: Vec<String>,
    /// Names of the connections granted.
    pub connections: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_per_day: Option<u64>,
    pub weight: u16,
    pub extension: String,
    pub signature: String,
    pub business_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookView>,
    /// Whether it may sign its requests.
    pub signs: bool,
}

/// Where events are pushed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookView {
    pub url: String,
    /// Of `receipts`, `replies`.
    pub events: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionConfigView {
    pub name: String,
    pub enabled: bool,
    pub protocol: String,
    pub host: String,
    pub port: u16,
    pub login: String,
    pub sessions: u8,
    pub window: u16,
    pub rate_per_second: u32,
    pub source_number: String,
    pub service_id: String,
    /// Of a mail relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MailView {
    /// `none`, `starttls` or `tls`.
    pub security: String,
    pub from: String,
    pub from_name: String,
    /// Empty: bounces go to `from`.
    pub return_path_domain: String,
    pub bounce_window_s: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteGroupView {
    pub name: String,
    /// `primary_backup`, `weighted`, `least_busy` or `adaptive`.
    pub strategy: String,
    pub members: Vec<MemberView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberView {
    pub connection: String,
    pub weight: u16,
}

/// An empty list fits everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteRuleView {
    pub name: String,
    pub accounts: Vec<String>,
    pub business_types: Vec<String>,
    pub carriers: Vec<String>,
    pub provinces: Vec<String>,
    pub group: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BusinessTypeView {
    pub name: String,
    /// `high`, `medium` or `low`.
    pub priority: String,
    /// `hold` or `resend_once`.
    pub uncertain: String,
    pub validity_s: u32,
    pub receipt_wait_s: u32,
    pub template_required: bool,
    pub receipts: bool,
    pub tail: String,
    /// e.g. `08:00-20:00`; none: at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending_window: Option<String>,
    pub ignore_quiet_hours: bool,
    pub caps: Vec<CapView>,
}

/// At most so many messages of the business type for a person in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CapView {
    pub messages: u16,
    /// `hour` or `day`.
    pub period: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TemplateView {
    pub name: String,
    pub organisation: String,
    pub text: String,
    pub business_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// A plan of attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrategyView {
    pub name: String,
    pub organisation: String,
    pub steps: Vec<StrategyStepView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrategyStepView {
    /// `sms` or `mail`.
    pub channel: String,
    /// None: the content of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// `"together"`, `"not_submitted"`, `"failed"`, `{"failed": ["CODE"]}`, `{"not_delivered_within_s": 300}` or
    /// `{"not_read_within_s": 300}`; none in the first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub when: Option<ConditionEntry>,
}

/// Sensitive words. The words themselves are not in the view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WordListView {
    pub name: String,
    /// Empty for all.
    pub organisations: Vec<String>,
    /// Empty for all.
    pub accounts: Vec<String>,
    /// How many.
    pub words: usize,
}

/// A black or white list. Numbers and addresses are not in the view (PII-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberListView {
    pub name: String,
    /// `black` or `white`.
    pub kind: String,
    /// Empty for all.
    pub organisations: Vec<String>,
    /// Empty for all.
    pub accounts: Vec<String>,
    /// How many.
    pub numbers: usize,
    /// How many.
    pub mails: usize,
}
