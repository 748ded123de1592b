//! The engine on stable Rust: every input of the corpus once, then mutations of them for a while.

use crate::mutator::Mutator;
use crate::{Cost, Target, corpus};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub struct ShortRun {
    pub seed: u64,
    /// Mutations of each target.
    pub time: Duration,
    pub corpus: PathBuf,
    /// Where inputs are put that fail.
    pub failed: PathBuf,
}

/// What a run over one target has seen.
#[derive(Debug, Default)]
pub struct Seen {
    pub from_corpus: u64,
    pub mutated: u64,
    /// The largest of each.
    pub most: Cost,
    pub failed: Option<PathBuf>,
}

impl ShortRun {
    /// Runs a target until the time is over or an input fails.
    pub fn over(&self, target: &Target) -> io::Result<Seen> {
        let inputs = corpus::inputs(target, &self.corpus)?;
        // What fails here fails again below, where it is told.
        let _warm = catch_unwind(AssertUnwindSafe(|| target.warm_up()));
        let mut seen = Seen::default();
        let current = Current::create(&self.failed, target.name)?;
        for input in &inputs {
            seen.from_corpus += 1;
            if !self.holds(target, input, &current, &mut seen)? {
                return Ok(seen);
            }
        }
        // Of its own for each target, so that one of them alone does the same again.
        let seed = carillon_domain::intake::fingerprint(target.name.as_bytes()) ^ self.seed;
        let mut mutator = Mutator::new(seed, &inputs, target.words, target.input_bytes_max);
        let end = Instant::now() + self.time;
        while Instant::now() < end {
            seen.mutated += 1;
            if !self.holds(target, &mutator.next_input(), &current, &mut seen)? {
                return Ok(seen);
            }
        }
        current.remove()?;
        Ok(seen)
    }

    fn holds(&self, target: &Target, input: &[u8], current: &Current, seen: &mut Seen) -> io::Result<bool> {
        current.write(input)?;
        match catch_unwind(AssertUnwindSafe(|| target.check(input))) {
            Ok(cost) => {
                seen.most.memory_bytes = seen.most.memory_bytes.max(cost.memory_bytes);
                seen.most.cpu = seen.most.cpu.max(cost.cpu);
                Ok(true)
            }
            Err(_) => {
                seen.failed = Some(current.path.clone());
                Ok(false)
            }
        }
    }
}

/// The input that is being run, in a file: it is still there when the process ends by a stack overflow or is killed for
/// taking too long.
struct Current {
    file: File,
    path: PathBuf,
}

impl Current {
    fn create(folder: &Path, name: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(name);
        Ok(Current {
            file: File::create(&path)?,
            path,
        })
    }

    fn write(&self, input: &[u8]) -> io::Result<()> {
        self.file.write_all_at(input, 0)?;
        self.file.set_len(input.len() as u64)
    }

    fn remove(self) -> io::Result<()> {
        fs::remove_file(self.path)
    }
}
