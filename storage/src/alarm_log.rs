//! What became of every alarm: open ones survive a restart, the others are history.

use crate::catalog::CatalogError;
use async_trait::async_trait;
use carillon_domain::alarm::{Alarm, AlarmId};
use carillon_domain::time::UnixMs;

/// Alarms on one page at most.
pub const ALARMS_PAGE_MAX: usize = 500;

/// Durable on return.
#[async_trait]
pub trait AlarmLog: Send + Sync {
    /// Those that are not history yet, in the order of their numbers.
    async fn open_alarms(&self) -> Result<Vec<Alarm>, CatalogError>;

    /// The highest number ever stored, also of what was forgotten. Before the first it is what the numbers begin after: 0, or
    /// another where several logs lie in one place.
    async fn last_alarm(&self) -> Result<AlarmId, CatalogError>;

    /// Stores alarms as they are now; all or nothing.
    async fn put_alarms(&self, alarms: &[Alarm]) -> Result<(), CatalogError>;

    /// Newest first, only numbers below `before`; at most `limit` and never more than [`ALARMS_PAGE_MAX`].
    async fn alarms(&self, before: Option<AlarmId>, limit: usize) -> Result<Vec<Alarm>, CatalogError>;

    /// Removes what was cleared before this moment; tells how many. The highest number stays known.
    async fn forget_alarms(&self, cleared_before: UnixMs) -> Result<u64, CatalogError>;
}
