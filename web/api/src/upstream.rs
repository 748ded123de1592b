use carillon_domain::ids::MessageId;
use serde::{Deserialize, Serialize};

/// A message that was asked for by Kafka was taken. Says which message became of which request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedEvent {
    #[serde(with = "crate::id_text")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "msg_0e5v7q2k0r401"))]
    pub id: MessageId,
    /// `ce_source` of the request.
    pub request_source: String,
    /// `ce_id` of the request.
    pub request_id: String,
    /// Of a batch, the line; counts from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}
