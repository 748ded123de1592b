use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A checkpoint that was written while somebody looked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Checkpoint {
    pub bytes: u64,
    /// From the first byte of its file to its name. The lane has made the state ready before.
    pub writing: Duration,
}

/// Looks at a journal's folder for checkpoints in the making, on a thread of its own.
pub struct CheckpointWatch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Checkpoint>>,
}

const EVERY: Duration = Duration::from_millis(5);
const PREFIX: &str = "checkpoint-";

impl CheckpointWatch {
    pub fn start(journal: PathBuf) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("checkpoints".into())
            .spawn(move || {
                let mut seen = Seen::default();
                while !asked.load(Ordering::Relaxed) {
                    seen.look(&journal, Instant::now());
                    std::thread::sleep(EVERY);
                }
                seen.finished
            })?;
        Ok(CheckpointWatch { stop, thread })
    }

    pub fn end(self) -> Vec<Checkpoint> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

#[derive(Default)]
struct Seen {
    /// The path that the one in the making will have, and since when it is.
    making: Option<(PathBuf, Instant)>,
    finished: Vec<Checkpoint>,
}

impl Seen {
    fn look(&mut self, journal: &Path, now: Instant) {
        if let Some((path, since)) = &self.making
            && let Ok(metadata) = fs::metadata(path)
        {
            self.finished.push(Checkpoint {
                bytes: metadata.len(),
                writing: now - *since,
            });
            self.making = None;
        }
        if self.making.is_none() {
            self.making = unfinished(journal).map(|path| (path, now));
        }
    }
}

/// A file that has the suffix of one not whole yet; given is the name it will have.
fn unfinished(journal: &Path) -> Option<PathBuf> {
    let mut names = fs::read_dir(journal)
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let name = names.find(|name| name.starts_with(PREFIX) && name.contains('.'))?;
    Some(journal.join(name.split_once('.')?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_counts_from_its_first_byte_to_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let named = folder.path().join("checkpoint-00000000000000000007");
        let temporary = named.with_added_extension("tmp");
        let mut seen = Seen::default();
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        seen.look(folder.path(), after(0));
        fs::write(&temporary, [0; 50]).expect("written");
        seen.look(folder.path(), after(10));
        seen.look(folder.path(), after(20));
        fs::rename(&temporary, &named).expect("renamed");
        seen.look(folder.path(), after(50));
        seen.look(folder.path(), after(60));
        let expected = Checkpoint {
            bytes: 50,
            writing: Duration::from_millis(40),
        };
        assert_eq!(seen.finished, [expected]);
    }
}
