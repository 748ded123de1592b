use super::{
    AccountEntry, BusinessTypeEntry, ConnectionEntry, NumberListEntry, OrganisationEntry, RouteGroupEntry,
    RouteRuleEntry, StrategyEntry, TemplateEntry, WordListEntry,
};
use crate::catalog::apply::Section;
use crate::catalog::apply::names::EntryName;
use serde::de::DeserializeOwned;

/// What all entries have in common.
pub(in crate::catalog::apply) trait Entry: DeserializeOwned {
    const SECTION: Section;

    /// The name by which messages and requests know the entry; with its organisation where that is part of it.
    fn shown_name(&self) -> String;
}

macro_rules! named_alone {
    ($($entry:ty => $section:ident),* $(,)?) => {
        $(impl Entry for $entry {
            const SECTION: Section = Section::$section;

            fn shown_name(&self) -> String {
                self.name.as_str().shown()
            }
        })*
    };
}

macro_rules! named_in_organisation {
    ($($entry:ty => $section:ident),* $(,)?) => {
        $(impl Entry for $entry {
            const SECTION: Section = Section::$section;

            fn shown_name(&self) -> String {
                (self.organisation.as_str(), self.name.as_str()).shown()
            }
        })*
    };
}

named_alone! {
    OrganisationEntry => Organisation,
    BusinessTypeEntry => BusinessType,
    ConnectionEntry => Connection,
    RouteGroupEntry => RouteGroup,
    AccountEntry => Account,
    RouteRuleEntry => RouteRule,
    WordListEntry => WordList,
    NumberListEntry => NumberList,
}

named_in_organisation! {
    TemplateEntry => Template,
    StrategyEntry => Strategy,
}
