use super::entry::Entry;
use super::{
    AccountEntry, ApplyFile, BusinessTypeEntry, ConnectionEntry, NumberListEntry, OrganisationEntry,
    RouteGroupEntry, RouteRuleEntry, Section, StrategyEntry, TemplateEntry, WordListEntry,
};
use serde::{Deserializer, Serialize};
use std::fmt::Write;

/// One entry of a file, as it would stand there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EntryRef<'f> {
    Organisation(&'f OrganisationEntry),
    BusinessType(&'f BusinessTypeEntry),
    Connection(&'f ConnectionEntry),
    RouteGroup(&'f RouteGroupEntry),
    Account(&'f AccountEntry),
    RouteRule(&'f RouteRuleEntry),
    Template(&'f TemplateEntry),
    Strategy(&'f StrategyEntry),
    WordList(&'f WordListEntry),
    NumberList(&'f NumberListEntry),
}

/// What [`ApplyFile::upsert`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upserted {
    Added,
    Replaced,
}

/// Why a file was not edited. It is then as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("there is no {section} `{}`", .name.escape_debug())]
    Unknown { section: Section, name: String },
    #[error("the {section} `{}` stands there more than once", .name.escape_debug())]
    Ambiguous { section: Section, name: String },
    #[error("the entry is named `{}`, not `{}`", .found.escape_debug(), .wanted.escape_debug())]
    OtherName { wanted: String, found: String },
    #[error("the entry cannot be read as {section}: {detail}")]
    Shape { section: Section, detail: String },
    #[error("the {section} `{}` is still used by {}", .name.escape_debug(), in_words(.users))]
    InUse {
        section: Section,
        name: String,
        users: Vec<(Section, String)>,
    },
}

impl ApplyFile {
    /// Adds an entry or replaces the one of that name. `name` is the entry's own; of a template or strategy
    /// `organisation/name`. A new route rule is tried last; see [`ApplyFile::move_rule`].
    pub fn upsert<'de, D: Deserializer<'de>>(
        &mut self,
        section: Section,
        name: &str,
        entry: D,
    ) -> Result<Upserted, EditError> {
        match section {
            Section::Organisation => put(&mut self.organisation, name, entry),
            Section::BusinessType => put(&mut self.business_type, name, entry),
            Section::Connection => put(&mut self.connection, name, entry),
            Section::RouteGroup => put(&mut self.route_group, name, entry),
            Section::Account => put(&mut self.account, name, entry),
            Section::RouteRule => put(&mut self.route_rule, name, entry),
            Section::Template => put(&mut self.template, name, entry),
            Section::Strategy => put(&mut self.strategy, name, entry),
            Section::WordList => put(&mut self.word_list, name, entry),
            Section::NumberList => put(&mut self.number_list, name, entry),
        }
    }

    /// Takes an entry out. Fails while others refer to it.
    pub fn remove(&mut self, section: Section, name: &str) -> Result<(), EditError> {
        let users = self.users(section, name);
        if !users.is_empty() {
            return Err(EditError::InUse {
                section,
                name: name.to_owned(),
                users,
            });
        }
        match section {
            Section::Organisation => take(&mut self.organisation, name).map(drop),
            Section::BusinessType => take(&mut self.business_type, name).map(drop),
            Section::Connection => take(&mut self.connection, name).map(drop),
            Section::RouteGroup => take(&mut self.route_group, name).map(drop),
            Section::Account => take(&mut self.account, name).map(drop),
            Section::RouteRule => take(&mut self.route_rule, name).map(drop),
            Section::Template => take(&mut self.template, name).map(drop),
            Section::Strategy => take(&mut self.strategy, name).map(drop),
            Section::WordList => take(&mut self.word_list, name).map(drop),
            Section::NumberList => take(&mut self.number_list, name).map(drop),
        }
    }

    /// Puts a route rule to a place in the order, counted from 0; one beyond the end is the end.
    pub fn move_rule(&mut self, name: &str, place: usize) -> Result<(), EditError> {
        let rule = take(&mut self.route_rule, name)?;
        self.route_rule.insert(place.min(self.route_rule.len()), rule);
        Ok(())
    }

    /// The entry of that name.
    pub fn entry(&self, section: Section, name: &str) -> Result<EntryRef<'_>, EditError> {
        match section {
            Section::Organisation => find(&self.organisation, name).map(EntryRef::Organisation),
            Section::BusinessType => find(&self.business_type, name).map(EntryRef::BusinessType),
            Section::Connection => find(&self.connection, name).map(EntryRef::Connection),
            Section::RouteGroup => find(&self.route_group, name).map(EntryRef::RouteGroup),
            Section::Account => find(&self.account, name).map(EntryRef::Account),
            Section::RouteRule => find(&self.route_rule, name).map(EntryRef::RouteRule),
            Section::Template => find(&self.template, name).map(EntryRef::Template),
            Section::Strategy => find(&self.strategy, name).map(EntryRef::Strategy),
            Section::WordList => find(&self.word_list, name).map(EntryRef::WordList),
            Section::NumberList => find(&self.number_list, name).map(EntryRef::NumberList),
        }
    }

    /// The entries that refer to this one.
    fn users(&self, section: Section, name: &str) -> Vec<(Section, String)> {
        let mut users = Vec::new();
        match section {
            Section::Organisation => {
                collect(&self.account, |entry| entry.organisation == name, &mut users);
                collect(&self.template, |entry| entry.organisation == name, &mut users);
                collect(&self.strategy, |entry| entry.organisation == name, &mut users);
                collect(
                    &self.word_list,
                    |entry| holds(&entry.organisations, name),
                    &mut users,
                );
                collect(
                    &self.number_list,
                    |entry| holds(&entry.organisations, name),
                    &mut users,
                );
            }
            Section::BusinessType => {
                collect(&self.account, |entry| entry.business_type == name, &mut users);
                collect(
                    &self.route_rule,
                    |entry| holds(&entry.business_types, name),
                    &mut users,
                );
                collect(&self.template, |entry| entry.business_type == name, &mut users);
            }
            Section::Connection => {
                let has_member =
                    |entry: &RouteGroupEntry| entry.members.iter().any(|member| member.connection == name);
                collect(&self.route_group, has_member, &mut users);
                collect(&self.account, |entry| holds(&entry.connections, name), &mut users);
            }
            Section::RouteGroup => collect(&self.route_rule, |entry| entry.group == name, &mut users),
            Section::Account => {
                collect(&self.route_rule, |entry| holds(&entry.accounts, name), &mut users);
                collect(&self.word_list, |entry| holds(&entry.accounts, name), &mut users);
                collect(
                    &self.number_list,
                    |entry| holds(&entry.accounts, name),
                    &mut users,
                );
            }
            Section::Template => {
                let uses = |entry: &StrategyEntry| {
                    let templates = entry.steps.iter().filter_map(|step| step.template.as_ref());
                    let mut names = templates.map(|template| format!("{}/{template}", entry.organisation));
                    names.any(|template| template == name)
                };
                collect(&self.strategy, uses, &mut users);
            }
            Section::RouteRule | Section::Strategy | Section::WordList | Section::NumberList => {}
        }
        users
    }
}

fn holds(names: &[compact_str::CompactString], name: &str) -> bool {
    names.iter().any(|known| known == name)
}

fn collect<E: Entry>(entries: &[E], uses: impl Fn(&E) -> bool, users: &mut Vec<(Section, String)>) {
    let using = entries.iter().filter(|entry| uses(entry));
    users.extend(using.map(|entry| (E::SECTION, entry.shown_name())));
}

fn put<'de, E: Entry, D: Deserializer<'de>>(
    entries: &mut Vec<E>,
    name: &str,
    entry: D,
) -> Result<Upserted, EditError> {
    let entry = E::deserialize(entry).map_err(|error| EditError::Shape {
        section: E::SECTION,
        detail: error.to_string(),
    })?;
    let found = entry.shown_name();
    if found != name {
        return Err(EditError::OtherName {
            wanted: name.to_owned(),
            found,
        });
    }
    match place(entries, name)? {
        Some(place) => {
            entries[place] = entry;
            Ok(Upserted::Replaced)
        }
        None => {
            entries.push(entry);
            Ok(Upserted::Added)
        }
    }
}

fn take<E: Entry>(entries: &mut Vec<E>, name: &str) -> Result<E, EditError> {
    let place = place(entries, name)?.ok_or_else(|| unknown::<E>(name))?;
    Ok(entries.remove(place))
}

fn find<'f, E: Entry>(entries: &'f [E], name: &str) -> Result<&'f E, EditError> {
    let place = place(entries, name)?.ok_or_else(|| unknown::<E>(name))?;
    Ok(&entries[place])
}

/// Fails when the name fits two: with a slash in their own names, two of different organisations may look alike.
fn place<E: Entry>(entries: &[E], name: &str) -> Result<Option<usize>, EditError> {
    let fits = |(_, entry): &(usize, &E)| entry.shown_name() == name;
    let mut places = entries.iter().enumerate().filter(fits).map(|(place, _)| place);
    let place = places.next();
    match places.next() {
        None => Ok(place),
        Some(_) => Err(EditError::Ambiguous {
            section: E::SECTION,
            name: name.to_owned(),
        }),
    }
}

fn unknown<E: Entry>(name: &str) -> EditError {
    EditError::Unknown {
        section: E::SECTION,
        name: name.to_owned(),
    }
}

/// The first of them, and how many more.
fn in_words(users: &[(Section, String)]) -> String {
    const SHOWN_MAX: usize = 5;
    let shown = users.iter().take(SHOWN_MAX);
    let shown = shown.map(|(section, name)| format!("{section} `{}`", name.escape_debug()));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if let Some(more) = users.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        let _ = write!(text, " and {more} more");
    }
    text
}
