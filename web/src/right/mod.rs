//! Who a request comes from and what it may do. A handler takes the right it needs as its first argument.

mod account;
mod attempts;
mod caller_key;
mod nonces;
mod operator;
mod password;
mod signed;
mod signed_body;
mod verified;

pub use account::{CampaignRight, FeedRight, QueryRight, SendRight};
pub use nonces::Nonces;
pub use operator::{OperatorRight, Operators};
pub use password::{generate_password, hash_password, password_fits};
pub use signed::SignatureError;

use carillon_domain::ids::AccountId;
use std::fmt;

/// The operator's name; more operators come with organisations' own administrators.
pub const OPERATOR: &str = "admin";

/// Who made a request, as the log names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Account(AccountId),
    Operator,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Caller::Account(id) => write!(f, "account {id}"),
            Caller::Operator => f.write_str(OPERATOR),
        }
    }
}
