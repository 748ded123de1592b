use super::check::Check;
use super::{ApplyError, ApplyFile, Problem, Section};
use crate::catalog::{NextIds, Snapshot};
use crate::ids::{
    AccountId, BusinessTypeId, ConnectionId, NumberListId, RouteGroupId, StrategyId, TemplateId, TenantId,
    WordListId,
};
use std::collections::BTreeMap;

/// The id of every entry of a file: the one it has already, or a fresh one.
pub(super) struct Names<'f> {
    pub organisations: ByName<&'f str, TenantId>,
    pub business_types: ByName<&'f str, BusinessTypeId>,
    pub connections: ByName<&'f str, ConnectionId>,
    pub route_groups: ByName<&'f str, RouteGroupId>,
    pub accounts: ByName<&'f str, AccountId>,
    /// Templates are named inside their organisation.
    pub templates: ByName<(&'f str, &'f str), TemplateId>,
    /// And so are strategies.
    pub strategies: ByName<(&'f str, &'f str), StrategyId>,
    pub word_lists: ByName<&'f str, WordListId>,
    pub number_lists: ByName<&'f str, NumberListId>,
}

impl<'f> Names<'f> {
    pub fn new(
        file: &'f ApplyFile,
        current: &'f Snapshot,
        next: NextIds,
        errors: &mut Vec<ApplyError>,
    ) -> Self {
        Names {
            organisations: ByName::new(
                Section::Organisation,
                file.organisation.iter().map(|entry| entry.name.as_str()),
                current
                    .organisations
                    .values()
                    .map(|known| (known.name.as_str(), known.id)),
                (next.organisation..u32::MAX).map(TenantId),
                errors,
            ),
            business_types: ByName::new(
                Section::BusinessType,
                file.business_type.iter().map(|entry| entry.name.as_str()),
                current
                    .business_types
                    .values()
                    .map(|known| (known.name.as_str(), known.id)),
                (next.business_type..u16::MAX).map(BusinessTypeId),
                errors,
            ),
            connections: ByName::new(
                Section::Connection,
                file.connection.iter().map(|entry| entry.name.as_str()),
                current
                    .connections
                    .values()
                    .map(|known| (known.name.as_str(), known.id)),
                (next.connection..u16::MAX).map(ConnectionId),
                errors,
            ),
            route_groups: ByName::new(
                Section::RouteGroup,
                file.route_group.iter().map(|entry| entry.name.as_str()),
                current
                    .route_groups
                    .values()
                    .map(|known| (known.name.as_str(), known.id)),
                (next.route_group..u16::MAX).map(RouteGroupId),
                errors,
            ),
            accounts: ByName::new(
                Section::Account,
                file.account.iter().map(|entry| entry.name.as_str()),
                current
                    .accounts
                    .values()
                    .map(|known| (known.name.as_str(), known.id)),
                (next.account..u32::MAX).map(AccountId),
                errors,
            ),
            templates: ByName::new(
                Section::Template,
                file.template
                    .iter()
                    .map(|entry| (entry.organisation.as_str(), entry.name.as_str())),
                current.templates.values().filter_map(|known| {
                    let organisation = current.organisations.get(&known.tenant)?;
                    Some(((organisation.name.as_str(), known.name.as_str()), known.id))
                }),
                (next.template..u32::MAX).map(TemplateId),
                errors,
            ),
            strategies: ByName::new(
                Section::Strategy,
                file.strategy
                    .iter()
                    .map(|entry| (entry.organisation.as_str(), entry.name.as_str())),
                current.strategies.values().filter_map(|known| {
                    let organisation = current.organisations.get(&known.tenant)?;
                    Some(((organisation.name.as_str(), known.name.as_str()), known.id))
                }),
                (next.strategy..u32::MAX).map(StrategyId),
                errors,
            ),
            word_lists: ByName::new(
                Section::WordList,
                file.word_list.iter().map(|entry| entry.name.as_str()),
                current
                    .word_lists
                    .values()
                    .map(|known| (known.name.as_str(), known.id)),
                (next.word_list..u32::MAX).map(WordListId),
                errors,
            ),
            number_lists: ByName::new(
                Section::NumberList,
                file.number_list.iter().map(|entry| entry.name.as_str()),
                current
                    .number_lists
                    .values()
                    .map(|known| (known.name.as_str(), known.id)),
                (next.number_list..u32::MAX).map(NumberListId),
                errors,
            ),
        }
    }
}

/// The ids of one section.
pub(super) struct ByName<Key, Id> {
    section: Section,
    ids: BTreeMap<Key, Id>,
}

impl<Key: EntryName, Id: Copy> ByName<Key, Id> {
    /// Reports names that the file gives twice, and names for which no id is left.
    fn new(
        section: Section,
        names: impl Iterator<Item = Key>,
        known: impl Iterator<Item = (Key, Id)>,
        mut fresh: impl Iterator<Item = Id>,
        errors: &mut Vec<ApplyError>,
    ) -> Self {
        let known: BTreeMap<Key, Id> = known.collect();
        let mut ids = BTreeMap::new();
        for name in names {
            let mut check = Check::new(section, name.shown(), errors);
            if ids.contains_key(&name) {
                check.report("name", Problem::Duplicate { value: name.shown() });
                continue;
            }
            match known.get(&name).copied().or_else(|| fresh.next()) {
                Some(id) => {
                    ids.insert(name, id);
                }
                None => check.report("name", Problem::Exhausted),
            }
        }
        ByName { section, ids }
    }

    /// The id of an entry of the file; `None` only when no id was left for it.
    pub fn own(&self, name: Key) -> Option<Id> {
        self.ids.get(&name).copied()
    }

    /// The id of the entry that a field refers to; reported when there is none.
    pub fn find(&self, name: Key, field: &'static str, check: &mut Check<'_>) -> Option<Id> {
        let id = self.own(name);
        if id.is_none() {
            check.report(
                field,
                Problem::Unknown {
                    section: self.section,
                    name: name.shown(),
                },
            );
        }
        id
    }
}

/// The name of an entry, by which it is found.
pub(super) trait EntryName: Ord + Copy {
    /// As messages show it.
    fn shown(self) -> String;
}

impl EntryName for &str {
    fn shown(self) -> String {
        self.to_owned()
    }
}

impl EntryName for (&str, &str) {
    fn shown(self) -> String {
        format!("{}/{}", self.0, self.1)
    }
}
