/// How the history keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryOptions {
    /// A file of at least this many rows is not merged again.
    pub rows_full: u64,
    /// Read connections kept open over all files.
    pub idle_connections_max: usize,
    /// Rows one search looks at, about, before it gives what it has and where to go on.
    pub looked_rows_max: usize,
    /// Merge on a thread of low priority. Without it files are merged only when too many lie about.
    pub merge_in_background: bool,
}

impl Default for HistoryOptions {
    /// 100,000,000 messages make at most 400 files, and each row is written about twice.
    fn default() -> Self {
        HistoryOptions {
            rows_full: 250_000,
            idle_connections_max: 256,
            looked_rows_max: 20_000,
            merge_in_background: true,
        }
    }
}
