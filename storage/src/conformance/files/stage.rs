use crate::files::{Files, FilesError};
use std::sync::Arc;

/// A file store's backend together with the machine under it.
pub trait Stage: Sync {
    /// Opens the store as a starting process does.
    fn open(&self) -> Result<Arc<dyn Files>, FilesError>;

    /// Files in the store's folders, finished or not, as the machine holds them.
    fn names(&self) -> usize;

    /// The power goes: stores opened before get nothing but errors, what was not synced is lost or kept at random.
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
