//! Whether there is room for a large run, before it begins: it must not fill the disk of others.

use super::outcome::RunError;
use std::fs;
use std::path::Path;

/// What stays free for everybody else.
const DISK_KEPT_FREE: u64 = 3 << 30;
const MEMORY_KEPT_FREE: u64 = 1 << 30;

pub fn on_disk(folder: &Path, needed: u64) -> Result<(), RunError> {
    let disk = rustix::fs::statvfs(folder).map_err(|error| RunError::File(error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    enough("disk", needed.saturating_add(DISK_KEPT_FREE), free)
}

pub fn in_memory(needed: u64) -> Result<(), RunError> {
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    // Where the system does not tell, one tries.
    let available = available_in(&told).unwrap_or(u64::MAX);
    enough("memory", needed.saturating_add(MEMORY_KEPT_FREE), available)
}

fn enough(what: &'static str, needed: u64, free: u64) -> Result<(), RunError> {
    if free >= needed {
        return Ok(());
    }
    Err(RunError::Room { what, needed, free })
}

/// Of the line `MemAvailable:   12345 kB`.
fn available_in(told: &str) -> Option<u64> {
    let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_does_not_fit_is_refused_before_it_begins() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = on_disk(folder.path(), u64::MAX);
        assert!(matches!(
            refused,
            Err(RunError::Room {
                what: "disk",
                needed: u64::MAX,
                ..
            })
        ));
        assert!(in_memory(u64::MAX).is_err() && in_memory(0).is_ok());
        assert_eq!(
            available_in("MemFree: 1 kB\nMemAvailable:   12 kB\n"),
            Some(12 << 10)
        );
    }
}
