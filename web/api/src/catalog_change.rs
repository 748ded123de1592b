//! Changing what is configured, entry by entry or as a whole.

use serde::{Deserialize, Serialize};

/// What a change of the configuration did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CatalogChanged {
    /// The version that is stored now.
    pub version: u32,
    /// Empty when everything is that way already.
    pub changes: Vec<ChangeView>,
    /// Keys made for new accounts. They are shown here and nowhere else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub new_keys: Vec<NewKeyView>,
    /// Nothing was changed: this is what would be.
    pub dry_run: bool,
}

/// One difference. Secrets are never among the values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeView {
    /// `organisation`, `business_type`, `connection`, `route_group`, `route_rule`, `account`, `template`, `strategy`,
    /// `word_list` or `number_list`.
    pub section: String,
    /// Of a template or strategy `organisation/name`.
    pub name: String,
    /// `added`, `removed`, `changed` or `secret_changed`.
    pub what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// The key of a new account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewKeyView {
    pub account: String,
    pub key: String,
}
