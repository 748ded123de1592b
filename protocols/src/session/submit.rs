//! One segment on its way to a carrier.

use crate::coding::DataCoding;
use crate::concat::Concatenation;
use crate::error::{EncodeError, EncodeReason};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submit<'a> {
    /// The service number.
    pub source: &'a str,
    /// The phone's number in the form the carrier wants.
    pub destination: &'a str,
    pub coding: DataCoding,
    pub concatenation: Option<Concatenation>,
    /// Without the user data header, which `concatenation` becomes.
    pub payload: &'a [u8],
    /// Whether a receipt is asked for.
    pub receipt: bool,
    /// CMPP Service_Id, SMPP service_type.
    pub service_id: &'a str,
}

/// Why a request was not written. The output is unchanged and no window slot is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    #[error("the window is full")]
    WindowFull,
    #[error("the session is not bound for this")]
    NotBound,
    #[error("{field} {reason}")]
    Unencodable {
        field: &'static str,
        reason: EncodeReason,
    },
}

impl From<EncodeError> for SubmitError {
    fn from(error: EncodeError) -> Self {
        SubmitError::Unencodable {
            field: error.field,
            reason: error.reason,
        }
    }
}

/// A submit without an answer yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSubmit {
    pub token: u64,
    /// Where its PDU begins in the stream of everything ever put into the output.
    pub offset: u64,
}
