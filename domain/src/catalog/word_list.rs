use crate::ids::{AccountId, TenantId, WordListId};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Words that no text of the accounts in its scope may hold (敏感词库, SAFE-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordList {
    pub id: WordListId,
    pub name: CompactString,
    /// Empty for all.
    pub organisations: Vec<TenantId>,
    /// Empty for all.
    pub accounts: Vec<AccountId>,
    /// 1…64 characters each, at least one of them a letter or digit; sorted, each once, at most [`WORDS_MAX`].
    pub words: Vec<String>,
}

/// The most words of one list.
pub const WORDS_MAX: usize = 200_000;
/// The longest word, in characters.
pub const WORD_CHARACTERS_MAX: usize = 64;
