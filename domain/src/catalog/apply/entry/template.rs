use compact_str::CompactString;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateEntry {
    /// Unique in the organisation.
    pub name: CompactString,
    pub organisation: CompactString,
    pub text: String,
    pub business_type: CompactString,
    /// Of a mail; one line, default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Of a mail, beside `text`; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}
