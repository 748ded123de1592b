use crate::ids::{AccountId, NumberListId, TenantId};
use crate::phone::PhoneNumber;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Numbers and addresses that accounts in its scope never send to, or always may (黑白名单, SAFE-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberList {
    pub id: NumberListId,
    pub name: CompactString,
    pub kind: NumberListKind,
    /// Empty for all.
    pub organisations: Vec<TenantId>,
    /// Empty for all.
    pub accounts: Vec<AccountId>,
    /// Sorted, each once; with `mails` at most [`NUMBERS_MAX`].
    pub numbers: Vec<PhoneNumber>,
    /// In lower case, sorted, each once.
    pub mails: Vec<CompactString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberListKind {
    /// Nothing is sent to it.
    Black,
    /// Sent to in spite of a black list, and exempt from frequency caps.
    White,
}

/// The most numbers and addresses of one list.
pub const NUMBERS_MAX: usize = 1_000_000;
