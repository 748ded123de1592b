use crate::ids::{BusinessTypeId, TemplateId, TenantId};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// A content template (模板). Its texts hold variables as `{name}` or `{name:type}`; see [`crate::template`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub id: TemplateId,
    pub tenant: TenantId,
    /// The name by which requests refer to it; unique in the organisation.
    pub name: CompactString,
    pub text: String,
    pub business_type: BusinessTypeId,
    /// The subject of a mail.
    #[serde(default)]
    pub subject: Option<String>,
    /// The HTML form of a mail, beside `text`.
    #[serde(default)]
    pub html: Option<String>,
}
