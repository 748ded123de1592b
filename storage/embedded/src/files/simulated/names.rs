use carillon_storage::conformance::Random;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The names of files: as the system shows them, as the disk holds them, and the changes in between.
#[derive(Debug, Default)]
pub(super) struct Names {
    shown: BTreeMap<PathBuf, u64>,
    on_disk: BTreeMap<PathBuf, u64>,
    unsynced: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Created { path: PathBuf, inode: u64 },
    Renamed { from: PathBuf, to: PathBuf, inode: u64 },
    Unlinked { path: PathBuf },
}

impl Names {
    pub(super) fn get(&self, path: &Path) -> Option<u64> {
        self.shown.get(path).copied()
    }

    /// Under which name an inode is shown, if it is.
    pub(super) fn of(&self, inode: u64) -> Option<&Path> {
        let mut shown = self.shown.iter();
        shown.find_map(|(path, found)| (*found == inode).then_some(path.as_path()))
    }

    pub(super) fn in_folder<'a>(&'a self, dir: &'a Path) -> impl Iterator<Item = &'a Path> {
        self.shown
            .keys()
            .map(PathBuf::as_path)
            .filter(move |path| path.parent() == Some(dir))
    }

    pub(super) fn create(&mut self, path: &Path, inode: u64) {
        self.change(Change::Created {
            path: path.to_owned(),
            inode,
        });
    }

    /// False when there is no such name.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> bool {
        let Some(inode) = self.get(from) else { return false };
        self.change(Change::Renamed {
            from: from.to_owned(),
            to: to.to_owned(),
            inode,
        });
        true
    }

    /// False when there is no such name.
    pub(super) fn unlink(&mut self, path: &Path) -> bool {
        let known = self.shown.contains_key(path);
        if known {
            self.change(Change::Unlinked {
                path: path.to_owned(),
            });
        }
        known
    }

    pub(super) fn sync(&mut self, dir: &Path) {
        let (synced, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.unsynced)
            .into_iter()
            .partition(|change| change.folder() == Some(dir));
        self.unsynced = rest;
        for change in synced {
            change.apply(&mut self.on_disk);
        }
    }

    /// The power goes: each unsynced change had reached the disk in `kept_percent` of 100 cases, whatever became of the
    /// others. Which inodes still have a name is the answer.
    pub(super) fn lose_power(&mut self, random: &mut Random, kept_percent: u64) -> Vec<u64> {
        for change in std::mem::take(&mut self.unsynced) {
            if random.percent(kept_percent) {
                change.apply(&mut self.on_disk);
            }
        }
        self.shown.clone_from(&self.on_disk);
        self.shown.values().copied().collect()
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.shown);
        self.unsynced.push(change);
    }
}

impl Change {
    fn folder(&self) -> Option<&Path> {
        match self {
            Change::Created { path, .. } | Change::Unlinked { path } => path.parent(),
            Change::Renamed { to, .. } => to.parent(),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Change::Created { path, inode } => {
                names.insert(path.clone(), *inode);
            }
            Change::Renamed { from, to, inode } => {
                if names.get(from) == Some(inode) {
                    names.remove(from);
                }
                names.insert(to.clone(), *inode);
            }
            Change::Unlinked { path } => {
                names.remove(path);
            }
        }
    }
}
