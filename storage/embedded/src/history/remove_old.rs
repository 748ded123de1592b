use super::file::HistoryFile;
use super::file_writer::Extent;
use super::options::Keep;
use super::store::Shared;
use carillon_domain::ids::MessageId;
use carillon_domain::time::UnixMs;
use carillon_storage::history::{HistoryError, Resolution};
use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

impl Shared {
    /// Removes whole files whose newest message is older than messages are kept, their corrections, and old figures; and what
    /// [`Shared::remove_excess`] does.
    ///
    /// A search that reads such a file keeps it until it is done.
    pub fn remove_old(&self, now: UnixMs) -> Result<(), HistoryError> {
        let keep = self.options.keep;
        let old = before(now, keep.journeys);
        self.remove_files("because of their age", &self.removed_rows, |files| {
            files
                .iter()
                .filter(|file| newest(&file.extent) < old)
                .cloned()
                .collect()
        })?;
        self.remove_excess()?;
        for (resolution, kept) in [(Resolution::Minute, keep.minutes), (Resolution::Hour, keep.hours)] {
            let removed = self.manifest.expire(resolution, before(now, kept))?;
            if removed > 0 {
                tracing::debug!(?resolution, removed, "old figures were removed");
            }
        }
        Ok(())
    }

    /// Removes the files with the oldest messages while all of them together take more room than they may.
    pub fn remove_excess(&self) -> Result<(), HistoryError> {
        let Some(bytes_max) = self.options.keep.bytes_max else {
            return Ok(());
        };
        let total = || {
            self.shelf
                .files()
                .iter()
                .map(|file| file.extent.bytes)
                .sum::<u64>()
        };
        if total() > bytes_max {
            let keep = self.options.keep;
            self.remove_files("for want of room", &self.removed_for_room_rows, |files| {
                let extents: Vec<_> = files.iter().map(|file| file.extent).collect();
                excess(&extents, bytes_max, keep)
                    .map(|place| files[place].clone())
                    .collect()
            })?;
        }
        let total = total();
        let is_over = total > bytes_max;
        if self.is_over_room.swap(is_over, Ordering::Relaxed) != is_over {
            if is_over {
                tracing::warn!(
                    bytes = total,
                    bytes_max,
                    "the history takes more room than history.keep_bytes_max, because all of it is younger than the feeds reach"
                );
            } else {
                tracing::info!(
                    bytes = total,
                    bytes_max,
                    "the history takes no more room than it may"
                );
            }
        }
        Ok(())
    }

    fn remove_files(
        &self,
        reason: &'static str,
        removed_rows: &AtomicU64,
        choose: impl FnOnce(&[Arc<HistoryFile>]) -> Vec<Arc<HistoryFile>>,
    ) -> Result<(), HistoryError> {
        let _one_at_a_time = self.rearranging.lock();
        let files = self.shelf.files();
        let going = choose(&files);
        let (Some(first), Some(last)) = (
            going.iter().map(|file| file.extent.id_min).min(),
            going.iter().map(|file| file.extent.id_max).max(),
        ) else {
            return Ok(());
        };
        let stays = |file: &&Arc<HistoryFile>| going.iter().all(|gone| gone.number != file.number);
        let lowest_kept = files.iter().filter(stays).map(|file| file.extent.id_min).min();
        let numbers = going.iter().map(|file| file.number);
        self.manifest.remove(
            numbers,
            lowest_kept.unwrap_or(u64::MAX).min(last.saturating_add(1)),
        )?;
        self.shelf.take_away(&going);
        let rows: u64 = going.iter().map(|file| file.extent.rows).sum();
        let bytes: u64 = going.iter().map(|file| file.extent.bytes).sum();
        removed_rows.fetch_add(rows, Ordering::Relaxed);
        tracing::info!(
            files = going.len(),
            rows,
            bytes,
            from_ms = MessageId(first).unix_ms(),
            until_ms = MessageId(last).unix_ms(),
            "messages were removed from the history {reason}"
        );
        Ok(())
    }
}

/// The places of the files that go, oldest first, so that the others have room. Files that reach into the last
/// [`Keep::floor`] stay, however large they are. That is counted back from the newest message and not by the clock: a clock that
/// was set must not remove anything.
fn excess(files: &[Extent], bytes_max: u64, keep: Keep) -> impl Iterator<Item = usize> {
    let total: u64 = files.iter().map(|extent| extent.bytes).sum();
    let floor = files
        .iter()
        .map(newest)
        .max()
        .map_or(UnixMs(0), |newest| before(newest, keep.floor));
    let mut places: Vec<usize> = (0..files.len())
        .filter(|place| newest(&files[*place]) < floor)
        .collect();
    places.sort_by_key(|place| Reverse(files[*place].id_max));
    let mut left = total;
    std::iter::from_fn(move || {
        if left <= bytes_max {
            return None;
        }
        let place = places.pop()?;
        left -= files[place].bytes;
        Some(place)
    })
}

/// When the newest message of a file was accepted.
fn newest(extent: &Extent) -> UnixMs {
    UnixMs(MessageId(extent.id_max).unix_ms())
}

fn before(now: UnixMs, kept: Duration) -> UnixMs {
    UnixMs(
        now.0
            .saturating_sub(u64::try_from(kept.as_millis()).unwrap_or(u64::MAX)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR_MS: u64 = 3_600_000;

    proptest! {
        /// What goes is older than what stays, was needed, and is older than the floor.
        #[test]
        fn as_little_goes_as_makes_room(
            files in proptest::collection::vec((0u64..200, 0u64..20, 1u64..100), 0..30),
            bytes_max in 0u64..2_000,
            floor_hours in 0u64..100,
        ) {
            let extents: Vec<_> = files
                .iter()
                .map(|(from, hours, bytes)| Extent {
                    rows: 1,
                    id_min: (from * HOUR_MS) << 22,
                    id_max: ((from + hours) * HOUR_MS) << 22,
                    bytes: *bytes,
                })
                .collect();
            let keep = Keep { floor: Duration::from_millis(floor_hours * HOUR_MS), ..Keep::default() };
            let going: Vec<usize> = excess(&extents, bytes_max, keep).collect();
            let stays: Vec<usize> = (0..extents.len()).filter(|place| !going.contains(place)).collect();
            let bytes = |places: &[usize]| places.iter().map(|place| extents[*place].bytes).sum::<u64>();
            let newest_of_all = extents.iter().map(newest).max().unwrap_or_default();
            let is_free = |place: &usize| newest(&extents[*place]).0 + floor_hours * HOUR_MS < newest_of_all.0;
            prop_assert!(going.iter().all(is_free));
            prop_assert!(bytes(&stays) <= bytes_max || !stays.iter().any(is_free));
            if let Some((last, others)) = going.split_last() {
                let left = bytes(&stays) + extents[*last].bytes;
                prop_assert!(left > bytes_max, "the last one was needed, too");
                let newest_gone = others.iter().chain([last]).map(|gone| extents[*gone].id_max).max();
                let oldest_free = stays.iter().filter(|place| is_free(place)).map(|stay| extents[*stay].id_max).min();
                prop_assert!(oldest_free.is_none() || newest_gone <= oldest_free);
            }
        }
    }
}
