//! What the lane does when the journal's disk gets low.

use super::core::LaneCore;

impl LaneCore {
    /// Looks at the journal's disk. When it is low, intake stops first, then submitting; answers and receipts go on, the
    /// room that is left is theirs.
    pub fn look_at_disk(&mut self) {
        let before = (self.disk_has_room_for_intake(), self.disk_has_room_to_submit());
        self.disk_free_bytes = self.journal().disk_free_bytes().unwrap_or(u64::MAX);
        let after = (self.disk_has_room_for_intake(), self.disk_has_room_to_submit());
        if before == after {
            return;
        }
        match after {
            (true, _) => tracing::info!(
                free_bytes = self.disk_free_bytes,
                "the journal's disk has room again"
            ),
            (false, true) => tracing::error!(
                free_bytes = self.disk_free_bytes,
                "the journal's disk is low; intake stops"
            ),
            (false, false) => {
                tracing::error!(
                    free_bytes = self.disk_free_bytes,
                    "the journal's disk is nearly full; submitting stops"
                );
            }
        }
        let connections: Vec<_> = self.links.keys().copied().collect();
        connections
            .into_iter()
            .for_each(|connection| self.post(connection, |mail| mail.poked = true));
    }

    pub(super) fn disk_has_room_for_intake(&self) -> bool {
        self.disk_free_bytes >= self.options.disk_free_bytes_min
    }

    pub(super) fn disk_has_room_to_submit(&self) -> bool {
        self.disk_free_bytes >= self.options.disk_free_bytes_min / 2
    }
}
