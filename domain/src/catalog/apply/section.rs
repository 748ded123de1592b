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
}

impl Section {
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
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
