use carillon_api::live::AlarmView;
use carillon_domain::alarm::{AlarmKey, AlarmRule};
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::TenantId;
use compact_str::CompactString;
use std::collections::BTreeSet;

/// Which alarms a screen shows: all, or those of the whole installation and of what an organisation uses.
pub enum Sight {
    Everything,
    Organisation {
        /// Those that its accounts may use (SEND-10).
        connections: BTreeSet<CompactString>,
        accounts: BTreeSet<CompactString>,
    },
}

impl Sight {
    pub fn of(scope: Option<TenantId>, catalog: &Compiled) -> Self {
        let Some(tenant) = scope else {
            return Sight::Everything;
        };
        let snapshot = catalog.snapshot();
        let own = || {
            snapshot
                .accounts
                .values()
                .filter(move |account| account.tenant == tenant)
        };
        let granted = own().flat_map(|account| &account.connections);
        Sight::Organisation {
            connections: granted
                .filter_map(|id| snapshot.connections.get(id))
                .map(|connection| connection.name.clone())
                .collect(),
            accounts: own().map(|account| account.name.clone()).collect(),
        }
    }

    pub fn has(&self, key: &AlarmKey) -> bool {
        let Sight::Organisation {
            connections,
            accounts,
        } = self
        else {
            return true;
        };
        match key.rule {
            AlarmRule::ConnectionDown
            | AlarmRule::ConnectionDegraded
            | AlarmRule::ConnectionThrottled
            | AlarmRule::ErrorRate => connections.contains(&key.object),
            AlarmRule::WebhookOff => accounts.contains(&key.object),
            AlarmRule::Backlog
            | AlarmRule::Latency
            | AlarmRule::Disk
            | AlarmRule::Uncertain
            | AlarmRule::HistoryBehind
            | AlarmRule::ClockJump => true,
        }
    }

    /// Takes out what is none of an organisation's business: connections of others, and what operators note.
    pub fn narrow(&self, mut view: AlarmView) -> AlarmView {
        if let Sight::Organisation { connections, .. } = self {
            view.taken_over_by
                .retain(|name| connections.contains(name.as_str()));
            view.acknowledged_by = None;
            view.shelved_by = None;
            view.shelve_reason.clear();
        }
        view
    }
}
