//! A client's wish to bind.

use crate::cmpp::auth;
use crate::session::Protocol;
use std::fmt;
use subtle::ConstantTimeEq;

#[derive(Clone, PartialEq, Eq)]
pub struct BindRequest {
    /// CMPP Source_Addr, SMPP system_id.
    pub login: String,
    pub protocol: Protocol,
    /// The version octet that the client sent.
    pub version: u8,
    /// What the client may do; CMPP clients may do both.
    pub role: BindRole,
    /// SMPP system_type.
    pub system_type: String,
    pub(super) credential: Credential,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindRole {
    /// Submits only.
    Transmitter,
    /// Takes receipts and replies only.
    Receiver,
    Transceiver,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credential {
    Cmpp { authenticator: [u8; 16], timestamp: u32 },
    Smpp { password: Vec<u8> },
}

/// Why a bind is refused; each protocol has its own code for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindRefusal {
    UnknownLogin,
    WrongPassword,
    /// From this address, with this role, or with one session more.
    NotAllowed,
    Version,
    /// Not now.
    Unavailable,
}

impl BindRequest {
    /// Whether the client knows the secret. Takes the same time whatever is wrong with a credential of the right length.
    pub fn verify(&self, secret: &str) -> bool {
        match &self.credential {
            Credential::Cmpp {
                authenticator,
                timestamp,
            } => auth::verify_source(
                authenticator,
                self.login.as_bytes(),
                secret.as_bytes(),
                *timestamp,
            ),
            Credential::Smpp { password } => password.ct_eq(secret.as_bytes()).into(),
        }
    }
}

impl fmt::Debug for BindRequest {
    /// Without the credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BindRequest")
            .field("login", &self.login)
            .field("protocol", &self.protocol)
            .field("version", &self.version)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}
