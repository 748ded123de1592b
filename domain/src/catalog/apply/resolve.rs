use super::entries;
use super::names::Names;
use super::{ApplyError, ApplyFile, Change, Environment, diff};
use crate::catalog::{NextIds, Secret, Snapshot};

/// What an apply file makes of the catalog.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The catalog as the file wants it, with the version of the one it replaces.
    pub snapshot: Snapshot,
    /// Empty when, and only when, the catalog is that already.
    pub changes: Vec<Change>,
    /// Keys made for new accounts: to be shown once, only after the snapshot is stored.
    pub new_keys: Vec<NewKey>,
}

/// The key of a new account. The catalog has only its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    pub account: String,
    pub key: Secret,
}

/// What `file` makes of `current`. Entries keep their ids by name; new ones get theirs from `next`.
///
/// Errors: everything that is wrong in the file, in the order of its sections.
pub fn resolve(
    file: &ApplyFile,
    current: &Snapshot,
    next: NextIds,
    environment: &dyn Environment,
) -> Result<Applied, Vec<ApplyError>> {
    let mut errors = Vec::new();
    let names = Names::new(file, current, next, &mut errors);
    let mut new_keys = Vec::new();
    let connections = entries::connections(file, current, &names, environment, &mut errors);
    let snapshot = Snapshot {
        version: current.version,
        organisations: entries::organisations(file, current, &names, &mut errors),
        business_types: entries::business_types(file, &names, &mut errors),
        route_groups: entries::route_groups(file, &names, &connections, &mut errors),
        route_rules: entries::route_rules(file, &names, &mut errors),
        accounts: entries::accounts(
            file,
            current,
            &names,
            &connections,
            environment,
            &mut new_keys,
            &mut errors,
        ),
        templates: entries::templates(file, &names, &mut errors),
        strategies: entries::strategies(file, &names, &mut errors),
        word_lists: entries::word_lists(file, current, &names, environment, &mut errors),
        number_lists: entries::number_lists(file, current, &names, environment, &mut errors),
        connections,
    };
    entries::check_lanes(&snapshot, &mut errors);
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.section);
        return Err(errors);
    }
    Ok(Applied {
        changes: diff::changes(current, &snapshot),
        snapshot,
        new_keys,
    })
}
