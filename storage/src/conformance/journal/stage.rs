use crate::journal::{Journal, JournalError};
use std::sync::Arc;

/// A journal's backend together with what is under it.
pub trait Stage: Sync {
    /// Opens the journal as a starting process does.
    fn open(&self) -> Result<Arc<dyn Journal>, JournalError>;

    /// The process dies: journals opened before get nothing but errors, and what they had not told to be durable may be there or not.
    fn kill(&self);
}

/// A journal on a disk of its own.
///
/// Volumes should be small (about 64 KiB), so that a few hundred frames fill several.
pub trait DiskStage: Stage {
    /// The power goes: as [`Stage::kill`], and what was not synced is lost or kept at random.
    fn power_cut(&self, seed: u64);

    /// The power goes at the `nth` change of the disk from now.
    fn power_cut_at(&self, nth: u64, seed: u64);

    /// Every sync fails from now on.
    fn fail_syncs(&self);

    /// Every write fails from now on for lack of room.
    fn fill_disk(&self);

    /// Nothing fails any more.
    fn heal(&self);
}
