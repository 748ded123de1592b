use crate::catalog::Snapshot;
use crate::catalog::apply::check::Check;
use crate::catalog::apply::{ApplyError, Problem, Section};

/// An account's messages leave from its organisation's lane, and by nothing that only another lane uses.
pub(in crate::catalog::apply) fn check_lanes(snapshot: &Snapshot, errors: &mut Vec<ApplyError>) {
    for account in snapshot.accounts.values() {
        let Some(organisation) = snapshot.organisations.get(&account.tenant) else {
            continue;
        };
        let granted = account
            .connections
            .iter()
            .filter_map(|id| snapshot.connections.get(id));
        for connection in granted {
            let Some(lane) = connection.lane.filter(|lane| *lane != organisation.lane) else {
                continue;
            };
            let problem = Problem::OtherLane {
                connection: connection.name.to_string(),
                lane,
                organisation_lane: organisation.lane,
            };
            Check::new(Section::Account, account.name.as_str(), errors).report("connections", problem);
        }
    }
}
