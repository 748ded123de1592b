use carillon_domain::alarm::StoreFigures;
use parking_lot::Mutex;
use rustix::fs::{stat, statvfs};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const READ_EVERY: Duration = Duration::from_secs(5);

/// Room on the disks of the stores, read in the background: a disk may hang.
#[derive(Clone)]
pub struct Disks(Arc<Inner>);

struct Inner {
    /// By name; of several on one disk the first speaks for it.
    folders: Vec<(&'static str, PathBuf)>,
    journal_needs_bytes: u64,
    stores: Mutex<Vec<StoreFigures>>,
}

impl Disks {
    /// `data` is the folder of all stores; with less than `journal_needs_bytes` free, intake stops.
    pub fn new(data: &Path, journal_needs_bytes: u64) -> Self {
        let folders = ["journal", "history", "files"].map(|store| (store, data.join(store)));
        let catalog = ("catalog", data.to_owned());
        Disks(Arc::new(Inner {
            folders: folders.into_iter().chain([catalog]).collect(),
            journal_needs_bytes,
            stores: Mutex::default(),
        }))
    }

    /// As they were last read.
    pub fn stores(&self) -> Vec<StoreFigures> {
        self.0.stores.lock().clone()
    }

    /// Reads again and again; never ends.
    pub async fn watch(&self) {
        loop {
            let disks = self.clone();
            if let Err(error) = tokio::task::spawn_blocking(move || disks.read()).await {
                tracing::warn!(%error, "the disks cannot be read");
            }
            tokio::time::sleep(READ_EVERY).await;
        }
    }

    fn read(&self) {
        let mut seen = BTreeSet::new();
        let stores = self.0.folders.iter().filter_map(|(store, folder)| {
            let device = stat(folder).ok()?.st_dev;
            if !seen.insert(device) {
                return None;
            }
            let disk = statvfs(folder).ok()?;
            Some(StoreFigures {
                name: (*store).into(),
                free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
                total_bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
                needed_bytes: if *store == "journal" {
                    self.0.journal_needs_bytes
                } else {
                    0
                },
            })
        });
        let stores = stores.collect();
        *self.0.stores.lock() = stores;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_on_one_disk_are_told_once() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("journal")).unwrap();
        std::fs::create_dir(data.path().join("history")).unwrap();
        let disks = Disks::new(data.path(), 7);
        assert!(disks.stores().is_empty());
        disks.read();
        let stores = disks.stores();
        assert_eq!(stores.len(), 1);
        assert_eq!((stores[0].name.as_str(), stores[0].needed_bytes), ("journal", 7));
        assert!(stores[0].total_bytes >= stores[0].free_bytes);
        drop(data);
        disks.read();
        assert!(disks.stores().is_empty(), "what cannot be read is not known");
    }
}
