use crate::catalog::apply::check::{Check, NAME_CHARACTERS_MAX};
use crate::catalog::apply::names::Names;
use crate::catalog::apply::words::Word;
use crate::catalog::apply::{ApplyError, ApplyFile, Problem, RouteGroupEntry, RouteRuleEntry, Section};
use crate::catalog::{Connection, Member, RouteGroup, RouteRule};
use crate::ids::{ConnectionId, RouteGroupId};
use std::collections::{BTreeMap, BTreeSet};

pub(in crate::catalog::apply) fn route_groups(
    file: &ApplyFile,
    names: &Names<'_>,
    connections: &BTreeMap<ConnectionId, Connection>,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<RouteGroupId, RouteGroup> {
    let build = |entry: &RouteGroupEntry| {
        let mut check = Check::new(Section::RouteGroup, entry.name.as_str(), errors);
        check.name(&entry.name);
        if entry.members.is_empty() {
            check.report("members", Problem::Empty);
        }
        check.unique(
            "members",
            entry.members.iter().map(|member| member.connection.as_str()),
        );
        let mut members = Vec::with_capacity(entry.members.len());
        for member in &entry.members {
            check.weight("members.weight", member.weight);
            let connection = names.connections.find(&member.connection, "members", &mut check);
            members.extend(connection.map(|connection| Member {
                connection,
                weight: member.weight,
            }));
        }
        check_kinds(&members, connections, &mut check);
        let id = names.route_groups.own(&entry.name)?;
        Some((
            id,
            RouteGroup {
                id,
                name: entry.name.clone(),
                strategy: entry.strategy,
                members,
            },
        ))
    };
    file.route_group.iter().filter_map(build).collect()
}

/// A group carries one kind, so that its members can stand in for each other.
fn check_kinds(members: &[Member], connections: &BTreeMap<ConnectionId, Connection>, check: &mut Check<'_>) {
    let mut members = members
        .iter()
        .filter_map(|member| connections.get(&member.connection));
    let Some(first) = members.next() else {
        return;
    };
    if let Some(second) = members.find(|connection| connection.kind() != first.kind()) {
        check.report(
            "members",
            Problem::MixedKinds {
                first: first.name.to_string(),
                first_kind: first.kind().word(),
                second: second.name.to_string(),
                second_kind: second.kind().word(),
            },
        );
    }
}

pub(in crate::catalog::apply) fn route_rules(
    file: &ApplyFile,
    names: &Names<'_>,
    errors: &mut Vec<ApplyError>,
) -> Vec<RouteRule> {
    let mut seen = BTreeSet::new();
    let build = |entry: &RouteRuleEntry| {
        let mut check = Check::new(Section::RouteRule, entry.name.as_str(), errors);
        check.name(&entry.name);
        if !seen.insert(entry.name.clone()) {
            check.report(
                "name",
                Problem::Duplicate {
                    value: entry.name.to_string(),
                },
            );
        }
        check.unique("accounts", entry.accounts.iter().map(|name| name.as_str()));
        check.unique(
            "business_types",
            entry.business_types.iter().map(|name| name.as_str()),
        );
        check.unique("provinces", entry.provinces.iter().map(|name| name.as_str()));
        for province in &entry.provinces {
            check.filled("provinces", province, NAME_CHARACTERS_MAX);
        }
        let accounts = entry.accounts.iter();
        let accounts = accounts
            .filter_map(|name| names.accounts.find(name, "accounts", &mut check))
            .collect();
        let business_types = entry.business_types.iter();
        let business_types = business_types
            .filter_map(|name| names.business_types.find(name, "business_types", &mut check))
            .collect();
        let group = names.route_groups.find(&entry.group, "group", &mut check)?;
        Some(RouteRule {
            name: entry.name.clone(),
            accounts,
            business_types,
            carriers: entry.carriers.clone(),
            provinces: entry.provinces.clone(),
            group,
        })
    };
    file.route_rule.iter().filter_map(build).collect()
}
