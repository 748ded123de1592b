use serde::Serialize;
use std::fmt;

/// A kind of entry in the apply file, by the name of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    Organisation,
    BusinessType,
    Connection,
    RouteGroup,
    Account,
    RouteRule,
    Template,
    Strategy,
    WordList,
    NumberList,
}

impl Section {
    /// In the order in which errors are reported.
    pub const ALL: [Section; 10] = [
        Section::Organisation,
        Section::BusinessType,
        Section::Connection,
        Section::RouteGroup,
        Section::Account,
        Section::RouteRule,
        Section::Template,
        Section::Strategy,
        Section::WordList,
        Section::NumberList,
    ];

    /// The section of a [`Section::word`].
    pub fn from_word(word: &str) -> Option<Section> {
        Section::ALL.into_iter().find(|section| section.word() == word)
    }

    /// The word used in the file and in messages.
    pub fn word(self) -> &'static str {
        match self {
            Section::Organisation => "organisation",
            Section::BusinessType => "business_type",
            Section::Connection => "connection",
            Section::RouteGroup => "route_group",
            Section::Account => "account",
            Section::RouteRule => "route_rule",
            Section::Template => "template",
            Section::Strategy => "strategy",
            Section::WordList => "word_list",
            Section::NumberList => "number_list",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
