use crate::text::Text;
use serde::{Deserialize, Serialize};

/// A stored file that goes with a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttachmentRequest<'a> {
    /// The `file` of the answer to its upload.
    #[serde(borrow)]
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 64, max_length = 64))]
    pub file: Text<'a>,
    /// As the reader of the mail sees it.
    #[serde(borrow)]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "report.pdf"))]
    pub name: Text<'a>,
    /// `application/octet-stream` when absent.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "application/pdf"))]
    pub media_type: Option<Text<'a>>,
}

/// The answer to an upload: the file is stored and durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileAnswer {
    /// SHA-256 of the content in hexadecimal digits: the name of the file. Whoever knows it may attach it.
    pub file: String,
    pub bytes: u64,
}
