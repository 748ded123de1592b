use super::store::Shared;
use carillon_domain::ids::MessageId;
use carillon_domain::time::UnixMs;
use carillon_storage::history::{HistoryError, Resolution};
use std::sync::atomic::Ordering;
use std::time::Duration;

impl Shared {
    /// Removes whole files whose newest message is older than messages are kept, their corrections, and old figures.
    ///
    /// A search that reads such a file keeps it until it is done.
    pub fn remove_old(&self, now: UnixMs) -> Result<(), HistoryError> {
        let keep = self.options.keep;
        self.remove_files(before(now, keep.journeys))?;
        for (resolution, kept) in [(Resolution::Minute, keep.minutes), (Resolution::Hour, keep.hours)] {
            let removed = self.manifest.expire(resolution, before(now, kept))?;
            if removed > 0 {
                tracing::debug!(?resolution, removed, "old figures were removed");
            }
        }
        Ok(())
    }

    fn remove_files(&self, before: UnixMs) -> Result<(), HistoryError> {
        let _one_at_a_time = self.rearranging.lock();
        let files = self.shelf.files();
        let accepted = |id: u64| UnixMs(MessageId(id).unix_ms());
        let (old, kept): (Vec<_>, Vec<_>) = files
            .iter()
            .cloned()
            .partition(|file| accepted(file.extent.id_max) < before);
        let (Some(first), Some(last)) = (
            old.iter().map(|file| file.extent.id_min).min(),
            old.iter().map(|file| file.extent.id_max).max(),
        ) else {
            return Ok(());
        };
        let lowest_kept = kept.iter().map(|file| file.extent.id_min).min();
        let numbers = old.iter().map(|file| file.number);
        self.manifest.remove(
            numbers,
            lowest_kept.unwrap_or(u64::MAX).min(last.saturating_add(1)),
        )?;
        self.shelf.take_away(&old);
        let rows: u64 = old.iter().map(|file| file.extent.rows).sum();
        let bytes: u64 = old.iter().map(|file| file.extent.bytes).sum();
        self.removed_rows.fetch_add(rows, Ordering::Relaxed);
        tracing::info!(
            files = old.len(),
            rows,
            bytes,
            from_ms = accepted(first).0,
            until_ms = accepted(last).0,
            "old messages were removed from the history"
        );
        Ok(())
    }
}

fn before(now: UnixMs, kept: Duration) -> UnixMs {
    UnixMs(
        now.0
            .saturating_sub(u64::try_from(kept.as_millis()).unwrap_or(u64::MAX)),
    )
}
