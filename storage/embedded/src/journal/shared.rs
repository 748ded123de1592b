use super::inbox::Inbox;
use super::places::Places;
use super::progress::Progress;
use super::volume_list::VolumeList;
use crate::files::Files;
use std::path::PathBuf;
use std::sync::Arc;

/// What the journal's callers, its writer and its readers share.
pub(super) struct Shared {
    pub(super) files: Arc<dyn Files>,
    pub(super) dir: PathBuf,
    pub(super) inbox: Inbox,
    pub(super) progress: Progress,
    pub(super) volumes: VolumeList,
    pub(super) places: Places,
}
