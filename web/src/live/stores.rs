use super::hosts::health;
use crate::probe::HostReading;
use carillon_actors::LaneHandle;
use carillon_actors::status::Readiness;
use carillon_api::live::{Health, StoreRow};
use carillon_storage::journal::JournalStatus;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often folders are added up.
const SIZE_EVERY: Duration = Duration::from_secs(30);
/// How far back growth looks, and how much of it must be known.
const GROWTH_REACH: Duration = Duration::from_secs(24 * 3600);
const GROWTH_KNOWN: Duration = Duration::from_secs(3600);
const GROWTH_SAMPLE: Duration = Duration::from_secs(600);
/// Messages not yet stored in the history from which on it is behind.
const BEHIND_ROWS: u64 = 500_000;

/// What is known of the stores between two readings.
pub struct Stores {
    data: PathBuf,
    sized: Option<(Instant, Sizes)>,
    growth: Growth,
    syncs: Option<(u64, Duration)>,
}

#[derive(Clone, Copy, Default)]
struct Sizes {
    history: u64,
    catalog: u64,
}

impl Stores {
    pub fn new(data: PathBuf) -> Self {
        Stores {
            data,
            sized: None,
            growth: Growth::default(),
            syncs: None,
        }
    }

    /// Reads the disk.
    pub fn read(&mut self, lane: &LaneHandle, host: &HostReading) -> Vec<StoreRow> {
        let now = Instant::now();
        let journal = lane.journal_status();
        let sizes = self.sizes(now);
        let used = journal.disk_bytes + sizes.history + sizes.catalog;
        self.growth.note(used, now);
        let free_bytes = lane.disk_free_bytes();
        let days_left = free_bytes.and_then(|free| self.growth.days_until(free));
        let room = health(host.disk.into_iter());
        let failed = matches!(lane.readiness(), Readiness::Failed { .. });
        let history_behind = lane.history_backlog() as u64;
        let row = |store: &str, health, bytes, behind| StoreRow {
            store: store.to_owned(),
            health,
            bytes,
            free_bytes,
            behind,
            sync_ms: None,
            days_left,
        };
        let journal_health = if failed { Health::Failed } else { room };
        let history_health = if history_behind >= BEHIND_ROWS {
            room.max(Health::Degraded)
        } else {
            room
        };
        vec![
            StoreRow {
                sync_ms: self.sync_ms(&journal),
                ..row(
                    "journal",
                    journal_health,
                    journal.disk_bytes,
                    journal.backlog_bytes,
                )
            },
            row("history", history_health, sizes.history, history_behind),
            row("catalog", room, sizes.catalog, 0),
        ]
    }

    /// The mean since the reading before; `None` when nothing was synced.
    fn sync_ms(&mut self, journal: &JournalStatus) -> Option<f64> {
        let now = (journal.syncs_total, journal.sync_time_total);
        let (syncs, time) = self.syncs.replace(now)?;
        let syncs = now.0.checked_sub(syncs).filter(|syncs| *syncs > 0)?;
        let ms = now.1.saturating_sub(time).as_secs_f64() * 1e3 / syncs as f64;
        Some((ms * 100.0).round() / 100.0)
    }

    fn sizes(&mut self, now: Instant) -> Sizes {
        if let Some((at, sizes)) = self.sized
            && now.duration_since(at) < SIZE_EVERY
        {
            return sizes;
        }
        let sizes = Sizes {
            history: folder_bytes(&self.data.join("history")),
            catalog: files_bytes(&self.data),
        };
        self.sized = Some((now, sizes));
        sizes
    }
}

/// How the stores grow.
#[derive(Default)]
struct Growth {
    samples: VecDeque<(Instant, u64)>,
}

impl Growth {
    fn note(&mut self, bytes: u64, now: Instant) {
        let is_due = |(at, _): &(Instant, u64)| now.duration_since(*at) >= GROWTH_SAMPLE;
        if self.samples.back().is_none_or(is_due) {
            self.samples.push_back((now, bytes));
        }
        while self
            .samples
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > GROWTH_REACH)
        {
            self.samples.pop_front();
        }
    }

    /// `None` while too little is known, and when nothing grows.
    fn days_until(&self, free: u64) -> Option<u32> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let time = last.0.duration_since(first.0);
        let grown = last.1.checked_sub(first.1).filter(|grown| *grown > 0)?;
        if time < GROWTH_KNOWN {
            return None;
        }
        let days = free as f64 / grown as f64 * time.as_secs_f64() / 86_400.0;
        Some(days.min(f64::from(u32::MAX)) as u32)
    }
}

/// All files below a folder; what cannot be read counts nothing.
fn folder_bytes(folder: &Path) -> u64 {
    let folders = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let below: u64 = folders
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| folder_bytes(&entry.path()))
        .sum();
    files_bytes(folder) + below
}

/// The files in a folder, without those in folders below.
fn files_bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_left_are_told_when_growth_is_known() {
        let mut growth = Growth::default();
        let start = Instant::now();
        for hour in 0..48u64 {
            growth.note(hour * 1_000, start + Duration::from_secs(hour * 3600));
            if hour == 0 {
                assert_eq!(growth.days_until(1), None);
            }
        }
        assert_eq!(growth.days_until(240_000), Some(10));
        assert!(growth.samples.len() <= 25);
        let mut steady = Growth::default();
        (0..5).for_each(|hour| steady.note(7, start + Duration::from_secs(hour * 3600)));
        assert_eq!(steady.days_until(1), None);
    }

    #[test]
    fn a_folder_is_as_large_as_its_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), [0; 10]).unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        std::fs::write(folder.path().join("b").join("c"), [0; 5]).unwrap();
        assert_eq!(folder_bytes(folder.path()), 15);
        assert_eq!(files_bytes(folder.path()), 10);
        assert_eq!(folder_bytes(&folder.path().join("nowhere")), 0);
    }
}
