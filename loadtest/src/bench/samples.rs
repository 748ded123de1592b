//! What a server takes while it runs, looked at regularly from outside.

use super::measure::Usage;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// One look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Since the first look.
    pub at: Duration,
    pub rss_mib: f64,
    /// Open file descriptors.
    pub descriptors: u64,
    pub journal: Space,
    pub history: Space,
}

/// What lies in a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    pub files: u64,
    pub bytes: u64,
}

/// Looks at a process and at its data until it is ended, on a thread of its own.
pub struct Sampler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Sample>>,
}

impl Sampler {
    pub fn start(pid: u32, data: PathBuf, every: Duration) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("samples".into())
            .spawn(move || {
                let start = Instant::now();
                let mut samples = Vec::new();
                while !asked.load(Ordering::Relaxed) {
                    // The process may have ended.
                    samples.extend(look(pid, &data, start));
                    std::thread::sleep(every);
                }
                samples
            })?;
        Ok(Sampler { stop, thread })
    }

    pub fn end(self) -> Vec<Sample> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

fn look(pid: u32, data: &Path, start: Instant) -> Option<Sample> {
    Some(Sample {
        at: start.elapsed(),
        rss_mib: Usage::of(pid)?.rss_mib,
        descriptors: fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64,
        journal: space(&data.join("journal")),
        history: space(&data.join("history")),
    })
}

/// Files may come and go while they are counted.
fn space(folder: &Path) -> Space {
    let mut space = Space::default();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if let Ok(metadata) = entry.metadata()
            && metadata.is_file()
        {
            space.files += 1;
            space.bytes += metadata.len();
        }
    }
    space
}

/// By how much a figure grows per second, as a straight line fits best; 0 for less than two moments.
pub fn slope(points: impl Iterator<Item = (Duration, f64)>) -> f64 {
    let points: Vec<_> = points.map(|(at, figure)| (at.as_secs_f64(), figure)).collect();
    let count = points.len().max(1) as f64;
    let mean_at = points.iter().map(|(at, _)| at).sum::<f64>() / count;
    let mean = points.iter().map(|(_, figure)| figure).sum::<f64>() / count;
    let (mut together, mut alone) = (0.0, 0.0);
    for (at, figure) in points {
        together += (at - mean_at) * (figure - mean);
        alone += (at - mean_at) * (at - mean_at);
    }
    if alone > 0.0 { together / alone } else { 0.0 }
}

/// What messages take that have ended and wait to be stored: the history takes them after ten seconds, or when there are
/// 250,000.
pub fn unstored_mib(messages_per_s: f64) -> f64 {
    const WAIT_S: f64 = 10.0;
    const MESSAGES_MAX: f64 = 250_000.0;
    const BYTES_EACH: f64 = 512.0;
    (messages_per_s * WAIT_S).min(MESSAGES_MAX) * BYTES_EACH / 1_048_576.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_has_its_slope_and_a_point_has_none() {
        let line = (0..10).map(|at| (Duration::from_secs(at), 5.0 + 2.0 * at as f64));
        assert!((slope(line) - 2.0).abs() < 1e-9);
        assert_eq!(slope([(Duration::from_secs(3), 7.0)].into_iter()), 0.0);
        assert_eq!(slope(std::iter::empty()), 0.0);
    }

    #[test]
    fn our_own_process_and_a_folder_are_looked_at() {
        let data = tempfile::tempdir().expect("a folder");
        let journal = data.path().join("journal");
        fs::create_dir(&journal).expect("made");
        fs::write(journal.join("1.volume"), [0; 100]).expect("written");
        let sample = look(std::process::id(), data.path(), Instant::now()).expect("we run");
        assert!(sample.rss_mib > 0.1 && sample.descriptors > 2, "{sample:?}");
        assert_eq!(sample.journal, Space { files: 1, bytes: 100 });
        assert_eq!(sample.history, Space::default());
    }
}
