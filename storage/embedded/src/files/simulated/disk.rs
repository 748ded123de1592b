use super::fault::{Failure, Fault, Operation};
use super::inode::Inode;
use super::names::Names;
use carillon_storage::conformance::Random;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

/// The machine: its disk, its page cache and what is going to happen to them.
#[derive(Debug)]
pub(super) struct Disk {
    /// Grows with every end of the process; handles of an earlier one are dead.
    pub(super) life: u64,
    pub(super) names: Names,
    pub(super) inodes: HashMap<u64, Inode>,
    pub(super) locked: HashSet<PathBuf>,
    pub(super) faults: Vec<Fault>,
    /// Operations until the power goes, and the seed of what is lost then.
    pub(super) cut: Option<(u64, u64)>,
    pub(super) sync_works: bool,
    pub(super) free_bytes: u64,
    pub(super) counts: [u64; Operation::COUNT],
    random: Random,
    next_inode: u64,
}

/// What an operation is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Object<'a> {
    Path(&'a Path),
    Inode(u64),
}

impl Disk {
    pub(super) fn new(seed: u64) -> Self {
        Disk {
            life: 0,
            names: Names::default(),
            inodes: HashMap::new(),
            locked: HashSet::new(),
            faults: Vec::new(),
            cut: None,
            sync_works: true,
            free_bytes: u64::MAX,
            counts: [0; Operation::COUNT],
            random: Random::new(seed),
            next_inode: 1,
        }
    }

    /// Runs one operation of the process that lives in `life`, unless a fault or the power cut comes first.
    pub(super) fn perform<T>(
        &mut self,
        life: u64,
        operation: Operation,
        object: Object<'_>,
        run: impl FnOnce(&mut Disk, Option<Failure>) -> io::Result<T>,
    ) -> io::Result<T> {
        if life != self.life {
            return Err(Failure::Broken.error());
        }
        self.counts[operation as usize] += 1;
        let path = match object {
            Object::Path(path) => Some(path),
            Object::Inode(inode) => self.names.of(inode),
        };
        let name = path.and_then(|path| path.file_name()?.to_str());
        let failure = self
            .faults
            .iter_mut()
            .find_map(|fault| fault.meets(operation, name));
        if let Some((left, seed)) = self.cut.filter(|_| operation.changes_the_disk()) {
            if left <= 1 {
                // A sync that the cut interrupts has done any part of its work: that is losing at random without it.
                if !matches!(operation, Operation::DataSync | Operation::SyncDir) {
                    run(self, failure)?;
                }
                self.lose_power(seed);
                return Err(Failure::Broken.error());
            }
            self.cut = Some((left - 1, seed));
        }
        run(self, failure)
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<u64> {
        if self.names.get(path).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(inode, Inode::default());
        self.names.create(path, inode);
        Ok(inode)
    }

    pub(super) fn inode(&mut self, inode: u64) -> &mut Inode {
        self.inodes
            .get_mut(&inode)
            .expect("inodes live as long as the process that opened them")
    }

    pub(super) fn sync(&mut self, inode: u64, failure: Option<Failure>) -> io::Result<()> {
        let sync_works = self.sync_works;
        let Some(file) = self.inodes.get_mut(&inode) else {
            return Err(Failure::Broken.error());
        };
        match failure {
            Some(failure) => {
                file.sync_and_lie(&mut self.random);
                return Err(failure.error());
            }
            None if sync_works => file.sync(),
            None => {}
        }
        Ok(())
    }

    /// The process ends; the page cache stays.
    pub(super) fn end_process(&mut self) {
        self.life += 1;
        self.locked.clear();
        self.cut = None;
    }

    pub(super) fn lose_power(&mut self, seed: u64) {
        let mut random = Random::new(seed);
        // Disks differ in how much they had got round to; all and nothing are cases of their own.
        let kept_percent = [0, 100, 50, 90, 10][random.below(5) as usize];
        let named = self.names.lose_power(&mut random, kept_percent);
        self.inodes.retain(|inode, _| named.contains(inode));
        let mut order: Vec<_> = self.inodes.keys().copied().collect();
        order.sort_unstable();
        for inode in order {
            self.inode(inode).lose_power(&mut random, kept_percent);
        }
        self.end_process();
    }
}
