use super::super::versions::Versions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Every benchmark's short form, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AllReport {
    /// In UTC+8.
    pub day: String,
    pub versions: Versions,
    pub cores: usize,
    pub kernel: String,
    /// `fdatasync` after appending 4 KiB, before the first benchmark.
    pub sync_p50_ms: f64,
    pub sync_p99_ms: f64,
    pub benches: Vec<BenchResult>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BenchResult {
    pub bench: String,
    /// Everything kept its promises.
    pub good: bool,
    /// Why there are no figures, or not all promises were kept.
    pub remarks: Vec<String>,
    pub seconds: f64,
    /// Cores that other processes kept busy meanwhile.
    pub cores_beside: f64,
    pub figures: BTreeMap<String, f64>,
}

#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} is not a stored result")]
    Parse {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: io::Error },
}

impl AllReport {
    /// The stored one; `None` when nothing was stored yet.
    pub fn read(path: &Path) -> Result<Option<Self>, StoredError> {
        let path_buf = || path.to_owned();
        let text = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|source| StoredError::Read {
                path: path_buf(),
                source,
            })?,
        };
        let report = serde_json::from_slice(&text);
        report.map(Some).map_err(|source| StoredError::Parse {
            path: path_buf(),
            source,
        })
    }

    /// Puts it in the place of the one before.
    pub fn store(&self, path: &Path) -> Result<(), StoredError> {
        let write = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let text = serde_json::to_string_pretty(self)?;
            fs::write(path, text + "\n")
        };
        write().map_err(|source| StoredError::Write {
            path: path.to_owned(),
            source,
        })
    }

    pub fn figure(&self, bench: &str, key: &str) -> Option<f64> {
        let mut benches = self.benches.iter();
        benches
            .find(|result| result.bench == bench)?
            .figures
            .get(key)
            .copied()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn report(figures: &[(&str, &str, f64)]) -> AllReport {
        let mut report = AllReport {
            day: "2026-11-22".to_owned(),
            versions: Versions::read(),
            cores: 2,
            kernel: "6".to_owned(),
            sync_p50_ms: 0.1,
            sync_p99_ms: 0.5,
            benches: Vec::new(),
        };
        for (bench, key, value) in figures {
            if report.benches.last().is_none_or(|last| last.bench != *bench) {
                report.benches.push(BenchResult {
                    bench: (*bench).to_owned(),
                    good: true,
                    ..BenchResult::default()
                });
            }
            if let Some(last) = report.benches.last_mut() {
                last.figures.insert((*key).to_owned(), *value);
            }
        }
        report
    }

    #[test]
    fn what_is_stored_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bench/last.json");
        assert_eq!(AllReport::read(&path).expect("nothing yet"), None);
        let report = report(&[("batch", "messages_per_s", 140_000.5), ("http", "p99_ms", 1.5)]);
        report.store(&path).expect("stored");
        assert_eq!(AllReport::read(&path).expect("stored"), Some(report));
        fs::write(&path, "{}").expect("written");
        assert!(matches!(AllReport::read(&path), Err(StoredError::Parse { .. })));
    }
}
