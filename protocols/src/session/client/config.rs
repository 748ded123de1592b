//! What a client session needs to know.

use crate::error::{EncodeError, EncodeReason};
use crate::session::{Millis, Protocol};
use std::fmt;

#[derive(Clone)]
pub struct ClientConfig {
    pub protocol: Protocol,
    /// CMPP Source_Addr (at most 6 octets), also written as Msg_src; SMPP system_id (at most 15).
    pub login: String,
    /// CMPP shared secret; SMPP password (at most 8 octets).
    pub password: String,
    /// Submits in flight (WIN-1), at least 1.
    pub window: u16,
    /// Until a submit counts as unanswered, and between link tests that go unanswered.
    pub response_timeout: Millis,
    /// Silence after which a link test is sent; 0 for none.
    pub link_test_interval: Millis,
    pub bind_timeout: Millis,
    /// Whether CMPP's AuthenticatorISMG must be right. Some gateways leave it empty.
    pub verify_peer: bool,
    /// SMPP system_type (at most 12 octets).
    pub system_type: String,
}

/// Why no session can be made of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("a window of 0 lets nothing through")]
    NoWindow,
    #[error("{field} {reason}")]
    Unencodable {
        field: &'static str,
        reason: EncodeReason,
    },
}

impl From<EncodeError> for ConfigError {
    fn from(error: EncodeError) -> Self {
        ConfigError::Unencodable {
            field: error.field,
            reason: error.reason,
        }
    }
}

impl fmt::Debug for ClientConfig {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("protocol", &self.protocol)
            .field("login", &self.login)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}
