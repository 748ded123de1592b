use super::disk::{Disk, Object};
use super::fault::{Failure, Fault, Operation};
use crate::files::layer::{File, FileLock, Files};
use parking_lot::Mutex;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files on the simulated disk, as one process sees them. After [`SimulatedFiles::kill`] or a power cut every operation of this
/// value and of its files fails; [`SimulatedFiles::restart`] gives the next process its own.
#[derive(Clone)]
pub struct SimulatedFiles {
    disk: Arc<Mutex<Disk>>,
    life: u64,
}

/// Moments and kinds of failure.
impl SimulatedFiles {
    /// An empty disk. The seed decides what a failed sync loses.
    pub fn new(seed: u64) -> Self {
        SimulatedFiles {
            disk: Arc::new(Mutex::new(Disk::new(seed))),
            life: 0,
        }
    }

    /// The process ends at once; what it wrote is in the page cache or on the disk.
    pub fn kill(&self) {
        self.disk.lock().end_process();
    }

    /// The power goes: unsynced sectors and names are lost or kept at random.
    pub fn power_cut(&self, seed: u64) {
        self.disk.lock().lose_power(seed);
    }

    /// The power goes at the `nth` operation from now that changes the disk, 1 being the next.
    pub fn power_cut_at(&self, nth: u64, seed: u64) {
        self.disk.lock().cut = Some((nth, seed));
    }

    /// The files for the next process. One that still lives is killed.
    pub fn restart(&self) -> SimulatedFiles {
        let mut disk = self.disk.lock();
        disk.end_process();
        SimulatedFiles {
            disk: self.disk.clone(),
            life: disk.life,
        }
    }

    /// Lets the `nth` operation of this kind from now fail, 1 being the next.
    pub fn fail(&self, operation: Operation, nth: u64, failure: Failure) {
        self.disk.lock().faults.push(Fault {
            operation,
            about: None,
            after: nth - 1,
            times: 1,
            failure,
        });
    }

    /// The same, counting only those on files whose names fit.
    pub fn fail_on(&self, operation: Operation, about: fn(&str) -> bool, nth: u64, failure: Failure) {
        self.disk.lock().faults.push(Fault {
            operation,
            about: Some(about),
            after: nth - 1,
            times: 1,
            failure,
        });
    }

    /// Whether a failure is still due.
    pub fn is_failure_due(&self) -> bool {
        self.disk.lock().faults.iter().any(|fault| fault.times > 0)
    }

    /// Lets every operation of this kind fail until [`SimulatedFiles::heal`].
    pub fn fail_always(&self, operation: Operation, failure: Failure) {
        self.disk.lock().faults.push(Fault {
            operation,
            about: None,
            after: 0,
            times: u64::MAX,
            failure,
        });
    }

    /// No failure is due any more.
    pub fn heal(&self) {
        self.disk.lock().faults.clear();
    }

    /// Without, `datasync` reports success and does nothing: what a test suite must notice.
    pub fn set_sync_works(&self, works: bool) {
        self.disk.lock().sync_works = works;
    }

    /// What [`Files::free_bytes`] answers. Writes do not change it and do not fail by it.
    pub fn set_free_bytes(&self, bytes: u64) {
        self.disk.lock().free_bytes = bytes;
    }

    /// How often an operation was asked for.
    pub fn count(&self, operation: Operation) -> u64 {
        self.disk.lock().counts[operation as usize]
    }

    /// The content of a file, past every failure.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let disk = self.disk.lock();
        Some(disk.inodes.get(&disk.names.get(path)?)?.cache.clone())
    }

    /// Changes a file behind everybody's back, as bit rot does; durable at once.
    pub fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.disk.lock();
        let inode = disk.names.get(path).expect("the file to tamper with exists");
        let file = disk.inode(inode);
        change(&mut file.cache);
        let content = std::mem::take(&mut file.cache);
        *file = super::inode::Inode::default();
        file.write(0, &content);
        file.sync();
    }

    fn perform<T>(
        &self,
        operation: Operation,
        object: Object<'_>,
        run: impl FnOnce(&mut Disk) -> io::Result<T>,
    ) -> io::Result<T> {
        self.disk
            .lock()
            .perform(self.life, operation, object, |disk, failure| match failure {
                Some(failure) => Err(failure.error()),
                None => run(disk),
            })
    }

    fn file(&self, inode: u64) -> Arc<dyn File> {
        Arc::new(SimulatedFile {
            files: self.clone(),
            inode,
        })
    }
}

impl Files for SimulatedFiles {
    /// Folders exist as soon as they are named.
    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.perform(Operation::List, Object::Path(dir), |disk| {
            let names = disk
                .names
                .in_folder(dir)
                .filter_map(|path| path.file_name()?.to_str());
            Ok(names.map(str::to_owned).collect())
        })
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let inode = self.perform(Operation::Create, Object::Path(path), |disk| disk.create(path))?;
        Ok(self.file(inode))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let inode = self.perform(Operation::Open, Object::Path(path), |disk| {
            disk.names.get(path).ok_or_else(not_found)
        })?;
        Ok(self.file(inode))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.perform(Operation::Rename, Object::Path(from), |disk| {
            disk.names.rename(from, to).then_some(()).ok_or_else(not_found)
        })
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.perform(Operation::Unlink, Object::Path(path), |disk| {
            disk.names.unlink(path).then_some(()).ok_or_else(not_found)
        })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.perform(Operation::SyncDir, Object::Path(dir), |disk| {
            disk.names.sync(dir);
            Ok(())
        })
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(self.disk.lock().free_bytes)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn FileLock>>> {
        self.perform(Operation::Lock, Object::Path(path), |disk| {
            if !disk.locked.insert(path.to_owned()) {
                return Ok(None);
            }
            let lock = SimulatedLock {
                files: self.clone(),
                path: path.to_owned(),
            };
            Ok(Some(Box::new(lock) as Box<dyn FileLock>))
        })
    }
}

struct SimulatedFile {
    files: SimulatedFiles,
    inode: u64,
}

impl File for SimulatedFile {
    fn size(&self) -> io::Result<u64> {
        self.files
            .perform(Operation::Read, Object::Inode(self.inode), |disk| {
                Ok(disk.inode(self.inode).cache.len() as u64)
            })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.files
            .perform(Operation::Read, Object::Inode(self.inode), |disk| {
                Ok(disk.inode(self.inode).read(offset as usize, buffer))
            })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.files.disk.lock().perform(
            self.files.life,
            Operation::Write,
            Object::Inode(self.inode),
            |disk, failure| {
                let file = disk.inode(self.inode);
                match failure {
                    None => file.write(offset as usize, bytes),
                    Some(Failure::ShortWrite) => file.write(offset as usize, &bytes[..bytes.len() / 2]),
                    Some(_) => {}
                }
                failure.map_or(Ok(()), |failure| Err(failure.error()))
            },
        )
    }

    fn datasync(&self) -> io::Result<()> {
        let mut disk = self.files.disk.lock();
        let object = Object::Inode(self.inode);
        disk.perform(self.files.life, Operation::DataSync, object, |disk, failure| {
            disk.sync(self.inode, failure)
        })
    }
}

struct SimulatedLock {
    files: SimulatedFiles,
    path: PathBuf,
}

impl FileLock for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        let mut disk = self.files.disk.lock();
        // A later process may hold the lock by now.
        if disk.life == self.files.life {
            disk.locked.remove(&self.path);
        }
    }
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}
