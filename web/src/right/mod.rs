//! Who a request comes from and what it may do. A handler takes the right it needs as its first argument.

mod account;
mod caller_key;
mod claimed;
mod cross_site;
mod live;
mod nonces;
mod operator;
mod password;
mod signed;
mod signed_body;
mod wall;

pub use account::{CampaignRight, FeedRight, QueryRight, SendRight};
pub use claimed::Claimed;
pub use cross_site::refuse as refuse_cross_site;
pub use live::{LiveRight, LiveScope};
pub use nonces::Nonces;
pub use operator::{CHALLENGE, CSRF_HEADER, OperatorRight};
pub use password::{generate_password, hash_password, password_fits};
pub use signed::{Credentials, SignatureError};
pub use wall::{WallRight, organisation};

use carillon_domain::ids::AccountId;
use compact_str::CompactString;
use std::fmt;

/// The first operator's name; more operators come with organisations' own administrators.
pub const OPERATOR: &str = "admin";

/// Who made a request, as the log names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    Account(AccountId),
    /// By name.
    Operator(CompactString),
    /// By the id of its token.
    Wall(CompactString),
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Caller::Account(id) => write!(f, "account {id}"),
            Caller::Operator(name) => write!(f, "operator {name}"),
            Caller::Wall(id) => write!(f, "wall {id}"),
        }
    }
}
