use super::measure::sync_once;
use crate::load::{Latencies, Percentiles};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const EVERY: Duration = Duration::from_millis(50);

/// What `fdatasync` takes after appending 4 KiB, measured while something else runs.
pub struct SyncProbe {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Latencies>>,
    path: PathBuf,
}

impl SyncProbe {
    pub fn start(folder: &Path) -> io::Result<Self> {
        let path = folder.join("sync-probe-beside");
        let file = File::create(&path)?;
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("sync-probe".into())
            .spawn(move || probe(file, &asked))?;
        Ok(SyncProbe { stop, thread, path })
    }

    pub fn end(self) -> io::Result<Percentiles> {
        self.stop.store(true, Ordering::Relaxed);
        let latencies = self
            .thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the probe ended early")))?;
        fs::remove_file(self.path)?;
        Ok(latencies.percentiles())
    }
}

fn probe(mut file: File, stop: &AtomicBool) -> io::Result<Latencies> {
    let mut latencies = Latencies::default();
    while !stop.load(Ordering::Relaxed) {
        sync_once(&mut file, &mut latencies)?;
        std::thread::sleep(EVERY);
    }
    Ok(latencies)
}
