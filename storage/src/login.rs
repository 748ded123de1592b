//! Who may look at and change the installation: operators' passwords and sessions, and the tokens of walls.

use crate::catalog::CatalogError;
use crate::changes::Changes;
use async_trait::async_trait;
use carillon_domain::ids::TenantId;
use carillon_domain::rights::Rights;
use carillon_domain::time::UnixMs;
use std::fmt;
use std::net::IpAddr;

/// SHA-256 of a secret of 256 random bits; the secret itself is stored nowhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash(pub [u8; 32]);

/// An operator who has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub secret: SecretHash,
    pub operator: String,
    pub created: UnixMs,
    /// Its last request, give or take a minute.
    pub used: UnixMs,
    /// From where the operator logged in.
    pub source: IpAddr,
}

/// What opens a wall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WallToken {
    pub secret: SecretHash,
    pub name: String,
    /// The wall shows this organisation only; the whole installation without one.
    pub organisation: Option<TenantId>,
    pub created: UnixMs,
    /// The operator who made it.
    pub created_by: String,
    pub expires: Option<UnixMs>,
    /// Its last request, give or take a minute.
    pub used: Option<UnixMs>,
}

/// Everything that is stored of both, and of operators' rights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredLogins {
    pub sessions: Vec<Session>,
    pub wall_tokens: Vec<WallToken>,
    /// Operators whose rights were set; all others have all of them.
    pub rights: Vec<(String, Rights)>,
}

/// Durable on return; each change is whole or not at all. Other processes may change it at any time.
#[async_trait]
pub trait Logins: Changes {
    async fn logins(&self) -> Result<StoredLogins, CatalogError>;

    /// The argon2id hash (PHC text) of an operator's password; `None` when there is no such operator.
    async fn password(&self, operator: &str) -> Result<Option<String>, CatalogError>;

    /// Stores an operator's password hash, adding the operator when new, and ends all of the operator's sessions.
    async fn set_password(&self, operator: &str, phc: &str) -> Result<(), CatalogError>;

    /// Replaces an operator's password hash if it is still `from` and the operator's session `kept` is still there; ends all
    /// of the operator's other sessions. Says whether it did.
    async fn change_password(
        &self,
        operator: &str,
        from: &str,
        to: &str,
        kept: SecretHash,
    ) -> Result<bool, CatalogError>;

    /// Adds an operator; false when there is one of this name.
    async fn add_operator(&self, operator: &str, phc: &str, rights: Rights) -> Result<bool, CatalogError>;

    /// Sets what an operator may do; false when there is no such operator.
    async fn set_rights(&self, operator: &str, rights: Rights) -> Result<bool, CatalogError>;

    /// Adds a session if its operator's password hash is still `phc`; says whether it did.
    async fn add_session(&self, session: &Session, phc: &str) -> Result<bool, CatalogError>;

    async fn add_wall_token(&self, token: &WallToken) -> Result<(), CatalogError>;

    /// Sessions and wall tokens that are no more; those that are not stored are no error.
    async fn remove_logins(&self, secrets: &[SecretHash]) -> Result<(), CatalogError>;

    /// When sessions and wall tokens were last used; those that are not stored are no error.
    async fn mark_used(&self, used: &[(SecretHash, UnixMs)]) -> Result<(), CatalogError>;
}

impl SecretHash {
    /// The first 64 bits, by which people and programs name what the secret opens.
    pub fn short(&self) -> String {
        self.0[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}
