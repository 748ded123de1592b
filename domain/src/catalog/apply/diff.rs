use super::describe::{Described, Names, Value};
use super::{Change, Section, What};
use crate::catalog::{RouteRule, Snapshot};
use std::collections::BTreeMap;

/// Everything in which `after` differs from `before`, section by section; empty when, and only when, they are equal but
/// for the version.
pub(super) fn changes(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let mut changes = Vec::new();
    let (old, new) = (Names(before), Names(after));
    compare(
        Section::Organisation,
        map(&before.organisations, |organisation| {
            old.organisation(organisation)
        }),
        map(&after.organisations, |organisation| {
            new.organisation(organisation)
        }),
        &mut changes,
    );
    compare(
        Section::BusinessType,
        map(&before.business_types, |business_type| {
            old.business_type(business_type)
        }),
        map(&after.business_types, |business_type| {
            new.business_type(business_type)
        }),
        &mut changes,
    );
    compare(
        Section::Connection,
        map(&before.connections, |connection| old.connection(connection)),
        map(&after.connections, |connection| new.connection(connection)),
        &mut changes,
    );
    compare(
        Section::RouteGroup,
        map(&before.route_groups, |group| old.route_group(group)),
        map(&after.route_groups, |group| new.route_group(group)),
        &mut changes,
    );
    compare(
        Section::Account,
        map(&before.accounts, |account| old.account(account)),
        map(&after.accounts, |account| new.account(account)),
        &mut changes,
    );
    compare(
        Section::RouteRule,
        before
            .route_rules
            .iter()
            .map(|rule| (&rule.name, old.route_rule(rule)))
            .collect(),
        after
            .route_rules
            .iter()
            .map(|rule| (&rule.name, new.route_rule(rule)))
            .collect(),
        &mut changes,
    );
    changes.extend(reordered(&before.route_rules, &after.route_rules));
    compare(
        Section::Template,
        map(&before.templates, |template| old.template(template)),
        map(&after.templates, |template| new.template(template)),
        &mut changes,
    );
    compare(
        Section::Strategy,
        map(&before.strategies, |strategy| old.strategy(strategy)),
        map(&after.strategies, |strategy| new.strategy(strategy)),
        &mut changes,
    );
    compare(
        Section::WordList,
        map(&before.word_lists, |list| old.word_list(list)),
        map(&after.word_lists, |list| new.word_list(list)),
        &mut changes,
    );
    compare(
        Section::NumberList,
        map(&before.number_lists, |list| old.number_list(list)),
        map(&after.number_lists, |list| new.number_list(list)),
        &mut changes,
    );
    changes
}

fn map<Id: Ord + Copy, Object>(
    objects: &BTreeMap<Id, Object>,
    describe: impl Fn(&Object) -> Described,
) -> BTreeMap<Id, Described> {
    objects
        .iter()
        .map(|(id, object)| (*id, describe(object)))
        .collect()
}

fn compare<Key: Ord>(
    section: Section,
    mut before: BTreeMap<Key, Described>,
    after: BTreeMap<Key, Described>,
    changes: &mut Vec<Change>,
) {
    for (key, new) in after {
        let name = new.name;
        let Some(old) = before.remove(&key) else {
            changes.push(Change {
                section,
                name,
                what: What::Added,
            });
            continue;
        };
        let fields = old
            .fields
            .into_iter()
            .zip(new.fields)
            .filter(|((_, old), (_, new))| old != new);
        changes.extend(fields.map(|((field, old), (_, new))| Change {
            section,
            name: name.clone(),
            what: difference(field, old, new),
        }));
    }
    changes.extend(before.into_values().map(|old| Change {
        section,
        name: old.name,
        what: What::Removed,
    }));
}

fn difference(field: &'static str, old: Value, new: Value) -> What {
    if let (Value::Many(old), Value::Many(new)) = (&old, &new) {
        let (removed, added) = (missing(old, new), missing(new, old));
        return What::Changed {
            field,
            from: old.len().to_string(),
            to: format!("{} (+{added} −{removed})", new.len()),
        };
    }
    match (old.text(), new.text()) {
        (Some(from), Some(to)) => What::Changed { field, from, to },
        _ => What::SecretChanged { field },
    }
}

/// How many of the first are not in the second; both sorted.
fn missing(first: &[u64], second: &[u64]) -> usize {
    let absent = |hash: &&u64| second.binary_search(hash).is_err();
    first.iter().filter(absent).count()
}

/// The order of the rules that stay, when it is another one.
fn reordered(before: &[RouteRule], after: &[RouteRule]) -> Option<Change> {
    let stay = |rules: &[RouteRule], others: &[RouteRule]| -> Vec<String> {
        let names = rules.iter().map(|rule| rule.name.to_string());
        names
            .filter(|name| others.iter().any(|other| other.name == name.as_str()))
            .collect()
    };
    let (from, to) = (stay(before, after), stay(after, before));
    let moved = from.iter().zip(&to).find(|(from, to)| from != to)?.1.clone();
    let what = What::Changed {
        field: "order",
        from: from.join(", "),
        to: to.join(", "),
    };
    Some(Change {
        section: Section::RouteRule,
        name: moved,
        what,
    })
}
