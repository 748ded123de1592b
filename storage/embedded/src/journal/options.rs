use std::time::Duration;

/// Settings of the embedded journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalOptions {
    /// Bytes of a volume file. A frame that is larger gets a larger volume.
    pub volume_bytes: u64,
    /// Payload bytes that may wait for the disk; above, appends are refused.
    pub backlog_bytes_max: u64,
    /// Under load a sync starts this long after the one before it. 0 syncs as fast as the disk does.
    pub commit_interval: Duration,
    /// For trials: each sync takes so much longer, as on a slower disk.
    pub added_sync: Duration,
}

impl Default for JournalOptions {
    fn default() -> Self {
        JournalOptions {
            volume_bytes: 64 * 1024 * 1024,
            backlog_bytes_max: 64 * 1024 * 1024,
            commit_interval: Duration::from_micros(500),
            added_sync: Duration::ZERO,
        }
    }
}
