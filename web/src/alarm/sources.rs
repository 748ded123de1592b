use super::disks::Disks;
use crate::webhook::Webhooks;
use carillon_actors::LaneHandle;
use std::sync::Arc;

/// Where the figures come from.
pub struct AlarmSources {
    pub lane: LaneHandle,
    pub webhooks: Arc<Webhooks>,
    pub disks: Disks,
}
