use carillon_storage::conformance::Random;
use std::collections::BTreeSet;

/// The unit that a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// One file: what the page cache shows, what the disk holds, and the sectors in which the cache is ahead.
#[derive(Debug, Default)]
pub(super) struct Inode {
    pub(super) cache: Vec<u8>,
    disk: Vec<u8>,
    dirty: BTreeSet<usize>,
}

impl Inode {
    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if end > self.cache.len() {
            self.cache.resize(end, 0);
        }
        self.cache[offset..end].copy_from_slice(bytes);
        self.dirty
            .extend(offset / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES));
    }

    pub(super) fn read(&self, offset: usize, buffer: &mut [u8]) -> usize {
        let rest = self.cache.get(offset..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        read
    }

    pub(super) fn sync(&mut self) {
        self.disk.resize(self.cache.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            self.settle(sector);
        }
    }

    /// A sync that fails midway: some sectors reach the disk, and the cache takes all for clean.
    pub(super) fn sync_and_lie(&mut self, random: &mut Random) {
        for sector in std::mem::take(&mut self.dirty) {
            if random.percent(50) {
                self.settle(sector);
            }
        }
    }

    /// The power goes: each unsynced sector had reached the disk in `kept_percent` of 100 cases.
    pub(super) fn lose_power(&mut self, random: &mut Random, kept_percent: u64) {
        for sector in std::mem::take(&mut self.dirty) {
            if random.percent(kept_percent) {
                self.settle(sector);
            }
        }
        self.cache.clone_from(&self.disk);
    }

    fn settle(&mut self, sector: usize) {
        let from = sector * SECTOR_BYTES;
        let to = (from + SECTOR_BYTES).min(self.cache.len());
        if to > self.disk.len() {
            self.disk.resize(to, 0);
        }
        self.disk[from..to].copy_from_slice(&self.cache[from..to]);
    }
}
