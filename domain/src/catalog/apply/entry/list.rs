use crate::catalog::NumberListKind;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Exactly one of `words`, `file` and `stored` says what is in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordListEntry {
    pub name: CompactString,
    /// Empty (the default) for all.
    #[serde(default)]
    pub organisations: Vec<CompactString>,
    /// Empty (the default) for all.
    #[serde(default)]
    pub accounts: Vec<CompactString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Vec<String>>,
    /// A text file with a word on each line; a line that begins with `#` is a comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The words stay as they are stored.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stored: bool,
}

/// Exactly one of `numbers`, `file` and `stored` says what is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberListEntry {
    pub name: CompactString,
    /// `black` or `white`.
    pub kind: NumberListKind,
    /// Empty (the default) for all.
    #[serde(default)]
    pub organisations: Vec<CompactString>,
    /// Empty (the default) for all.
    #[serde(default)]
    pub accounts: Vec<CompactString>,
    /// Phone numbers and mail addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Vec<String>>,
    /// A text file with a number or address on each line; a line that begins with `#` is a comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Numbers and addresses stay as they are stored.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stored: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}
