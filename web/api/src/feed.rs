use carillon_domain::ids::MessageId;
use serde::{Deserialize, Serialize};

/// Ends of messages, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReceiptsPage {
    pub events: Vec<ReceiptEvent>,
    /// The `after` of the next page; keep it also when this page is empty.
    pub next: String,
    /// More can be read at once.
    pub more: bool,
}

/// A message ended, or its end was corrected by a late receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReceiptEvent {
    #[serde(with = "crate::id_text")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "msg_0e5v7q2k0r401"))]
    pub id: MessageId,
    /// `delivered`, `sent`, `failed`, `rejected`, `cancelled`, `expired` or `unknown`.
    pub status: String,
    /// The recipient's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The carrier's raw code, or our own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// It replaces an end told earlier.
    pub amended: bool,
    /// RFC 3339, UTC+8, milliseconds.
    pub at: String,
}

/// Messages from phones, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RepliesPage {
    pub events: Vec<ReplyEvent>,
    /// The `after` of the next page; keep it also when this page is empty.
    pub next: String,
    /// More can be read at once.
    pub more: bool,
}

/// A message came from a phone (上行).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplyEvent {
    #[serde(with = "crate::id_text")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "msg_0e5v7q2k0r401"))]
    pub id: MessageId,
    /// The phone that wrote, as the carrier gave it.
    pub from: String,
    /// The access number with the account's extension.
    pub to: String,
    pub text: String,
    /// The name of the connection it came by.
    pub connection: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<ReplyPartView>,
    /// RFC 3339, UTC+8, milliseconds.
    pub at: String,
}

/// This event is one part of a long reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplyPartView {
    /// Shared by the parts of one reply.
    pub reference: u16,
    pub total: u8,
    /// Counts from 1.
    pub number: u8,
}
