//! What operators see. Secrets have no field here, so that none can slip out.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionsView {
    pub connections: Vec<ConnectionView>,
}

/// A connection as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionView {
    pub name: String,
    pub protocol: String,
    /// `off`, `connecting`, `up`, `degraded`, `breaker_open`, `throttled`, `down` or `failed`.
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
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganisationView {
    pub name: String,
    pub weight: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountView {
    pub name: String,
    pub organisation: String,
    pub enabled: bool,
    /// Of `send`, `query`, `feeds`.
    pub modules: Vec<String>,
    /// Names of the connections granted.
    pub connections: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_per_day: Option<u64>,
    pub weight: u16,
    pub extension: String,
    pub signature: String,
    pub business_type: String,
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
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteGroupView {
    pub name: String,
    /// `primary_backup` or `weighted`.
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
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TemplateView {
    pub name: String,
    pub organisation: String,
    pub text: String,
    pub business_type: String,
}
