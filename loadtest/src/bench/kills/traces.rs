//! What a killed server left in its journal's folder: the evidence of what it was doing.

use super::schedule::Moment;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

const TEMPORARY: &str = ".tmp";
/// Short beside the milliseconds that a file takes to be written and synced.
const LOOK: Duration = Duration::from_micros(100);

/// Unfinished files of a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// A checkpoint was being written.
    pub checkpoint: bool,
    /// The next volume was being made.
    pub new_volume: bool,
    /// A volume that is there was being written again.
    pub rewritten_volume: bool,
}

impl Traces {
    pub fn of(folder: &Path) -> io::Result<Self> {
        let mut names = BTreeSet::new();
        for entry in std::fs::read_dir(folder)? {
            names.insert(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(Traces::among(&names))
    }

    fn among(names: &BTreeSet<String>) -> Self {
        let mut traces = Traces::default();
        for unfinished in names.iter().filter_map(|name| name.strip_suffix(TEMPORARY)) {
            if unfinished.starts_with("checkpoint-") {
                traces.checkpoint = true;
            } else if names.contains(unfinished) {
                traces.rewritten_volume = true;
            } else {
                traces.new_volume = true;
            }
        }
        traces
    }

    /// `None` for moments that leave nothing in this folder.
    pub fn show(self, moment: Moment) -> Option<bool> {
        match moment {
            Moment::Checkpoint => Some(self.checkpoint),
            Moment::VolumeChange => Some(self.new_volume),
            Moment::Rewriting => Some(self.rewritten_volume),
            Moment::Any | Moment::Starting | Moment::CampaignStart | Moment::Expansion => None,
        }
    }
}

/// Looks at the folder until it shows the moment or the patience is over; kills then, without going back to any scheduler.
pub fn kill_at(moment: Moment, folder: &Path, pid: u32, patience: Duration) -> io::Result<()> {
    let start = Instant::now();
    while start.elapsed() < patience {
        if Traces::of(folder)?.show(moment) == Some(true) {
            break;
        }
        std::thread::sleep(LOOK);
    }
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
    Ok(rustix::process::kill_process(pid, rustix::process::Signal::KILL)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_files_tell_what_was_done() {
        let none = Traces::default();
        let cases: [(&[&str], Traces); 4] = [
            (&["volume-000000000001", "checkpoint-00000000000000000007"], none),
            (
                &["checkpoint-00000000000000000007.tmp"],
                Traces {
                    checkpoint: true,
                    ..none
                },
            ),
            (
                &["volume-000000000001", "volume-000000000002.tmp"],
                Traces {
                    new_volume: true,
                    ..none
                },
            ),
            (
                &["volume-000000000001", "volume-000000000001.tmp"],
                Traces {
                    rewritten_volume: true,
                    ..none
                },
            ),
        ];
        for (names, expected) in cases {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(Traces::among(&names), expected, "{names:?}");
        }
    }

    #[test]
    fn a_process_dies_when_the_folder_shows_the_moment() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep");
        std::fs::write(folder.path().join("checkpoint-1.tmp"), b"").expect("written");
        let patience = Duration::from_secs(30);
        let start = Instant::now();
        kill_at(Moment::Checkpoint, folder.path(), child.id(), patience).expect("killed");
        assert!(!child.wait().expect("ended").success());
        assert!(start.elapsed() < patience);
    }
}
