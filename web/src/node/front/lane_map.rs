use carillon_domain::catalog::Snapshot;
use compact_str::CompactString;
use parking_lot::RwLock;
use std::collections::HashMap;

/// On which lane accounts and connections are, by what requests say of them.
#[derive(Default)]
pub struct LaneMap(RwLock<Known>);

#[derive(Default)]
struct Known {
    by_key: HashMap<[u8; 32], u16>,
    by_account: HashMap<CompactString, u16>,
    /// None for one that all lanes use.
    by_connection: HashMap<CompactString, Option<u16>>,
}

impl LaneMap {
    pub fn of(catalog: &Snapshot) -> Self {
        LaneMap(RwLock::new(Known::of(catalog)))
    }

    /// Knows what this configuration says, and nothing else any more.
    pub fn follow(&self, catalog: &Snapshot) {
        let known = Known::of(catalog);
        *self.0.write() = known;
    }

    pub fn of_key(&self, sha256: &[u8; 32]) -> Option<u16> {
        self.0.read().by_key.get(sha256).copied()
    }

    pub fn of_account(&self, name: &str) -> Option<u16> {
        self.0.read().by_account.get(name).copied()
    }

    /// None also for a connection that all lanes use.
    pub fn of_connection(&self, name: &str) -> Option<u16> {
        self.0.read().by_connection.get(name).copied().flatten()
    }
}

impl Known {
    fn of(catalog: &Snapshot) -> Self {
        let mut known = Known::default();
        for account in catalog.accounts.values() {
            let Some(lane) = catalog.lane_of(account) else {
                continue;
            };
            known.by_key.insert(account.api_key_sha256, lane);
            known.by_account.insert(account.name.clone(), lane);
        }
        let connections = catalog.connections.values();
        known.by_connection = connections
            .map(|connection| (connection.name.clone(), connection.lane))
            .collect();
        known
    }
}
