use carillon_domain::ids::AccountId;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Who asked within this time counts as active.
const REACH: Duration = Duration::from_secs(15 * 60);

/// When accounts asked something last. Of accounts that are configured, so that it is bounded.
pub struct Activity {
    start: Instant,
    /// Seconds since the start.
    accounts: RwLock<HashMap<AccountId, AtomicU64>>,
}

impl Activity {
    pub fn new() -> Self {
        Activity {
            start: Instant::now(),
            accounts: RwLock::default(),
        }
    }

    pub fn note(&self, account: AccountId) {
        let now = self.start.elapsed().as_secs();
        if let Some(last) = self.accounts.read().get(&account) {
            last.store(now, Ordering::Relaxed);
            return;
        }
        let mut accounts = self.accounts.write();
        accounts.entry(account).or_default().store(now, Ordering::Relaxed);
    }

    pub fn is_active(&self, account: AccountId) -> bool {
        let now = self.start.elapsed().as_secs();
        let accounts = self.accounts.read();
        accounts
            .get(&account)
            .is_some_and(|last| now.saturating_sub(last.load(Ordering::Relaxed)) < REACH.as_secs())
    }
}

impl Default for Activity {
    fn default() -> Self {
        Self::new()
    }
}
