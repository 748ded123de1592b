//! Operators' sessions, and the links by which walls are opened.

use serde::{Deserialize, Serialize};

/// `POST /v1/login`
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    pub name: String,
    pub password: String,
}

/// Who is logged in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// The operator's name.
    pub operator: String,
    /// What the operator may do: `numbers` (see full numbers, and what messages say), `steer` (connections, campaigns, alarms,
    /// webhooks), `configure` (the configuration, links of walls).
    pub rights: Vec<String>,
    /// Goes as `X-CSRF-Token` with every request that changes something.
    pub csrf: String,
}

/// `POST /v1/password`
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordRequest {
    /// The password as it is now.
    pub current: String,
    /// At least 12 characters and at most 256 bytes.
    pub new: String,
}

/// The sessions of the operator who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionsView {
    /// The last one used first.
    pub sessions: Vec<SessionEntry>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionEntry {
    /// 16 hexadecimal digits. Opens nothing.
    pub id: String,
    /// The session that this request was made with.
    pub current: bool,
    /// The address from which the operator logged in.
    pub source: String,
    /// RFC 3339, UTC+8, milliseconds.
    pub created_at: String,
    /// Its last request.
    pub used_at: String,
    /// When it ends even if it is used; 12 h without a request end it before.
    pub expires_at: String,
}

/// `POST /v1/wall/session`
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WallSessionRequest {
    /// What stands in the link behind `#token=`.
    pub token: String,
}

/// Which wall this is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WallSessionView {
    /// The name its link was given.
    pub name: String,
    /// The organisation it shows; the whole installation when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// RFC 3339, UTC+8, milliseconds; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// `POST /v1/admin/wall-tokens`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WallTokenRequest {
    /// Where the wall hangs, say: 1 to 64 characters.
    pub name: String,
    /// The organisation it shows; the whole installation when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// 1 to 3650; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_days: Option<u32>,
}

/// A new link. Its token is shown this once.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WallTokenAnswer {
    /// 16 hexadecimal digits. Opens nothing.
    pub id: String,
    /// Stands in the link: `/wall/#token=…`.
    pub token: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WallTokensView {
    /// By name.
    pub wall_tokens: Vec<WallTokenView>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WallTokenView {
    pub id: String,
    pub name: String,
    /// The organisation it shows; the whole installation when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// The operator who made it.
    pub created_by: String,
    /// RFC 3339, UTC+8, milliseconds.
    pub created_at: String,
    /// Never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Its time is over, or its organisation is gone.
    pub expired: bool,
    /// Its last request; none yet when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<String>,
}
