use super::failure::failed;
use super::file::{ALL, HistoryFile};
use super::file_writer::{self, Extent, Rows};
use carillon_storage::history::HistoryError;
use rusqlite::Connection;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::Path;
use std::sync::Arc;

/// Writes the rows of `files`, oldest file first, as one file at `path`; of rows with one id the last file's stays.
pub(super) fn merge(path: &Path, files: &[Arc<HistoryFile>]) -> Result<Extent, HistoryError> {
    let connections = files
        .iter()
        .map(|file| file.connect())
        .collect::<Result<Vec<Connection>, _>>()?;
    file_writer::write(path, |rows| {
        copy_sorted(&connections, rows).map_err(failed("merging into", path))
    })
}

fn copy_sorted(connections: &[Connection], target: &mut Rows<'_>) -> rusqlite::Result<()> {
    let mut statements = connections
        .iter()
        .map(|connection| connection.prepare(ALL))
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut cursors = statements
        .iter_mut()
        .map(|statement| statement.query([]))
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut next = BinaryHeap::new();
    for (file, cursor) in cursors.iter_mut().enumerate() {
        advance(cursor, file, &mut next)?;
    }
    let mut last = None;
    while let Some(Reverse((id, Reverse(file)))) = next.pop() {
        let cursor = &mut cursors[file];
        if last.replace(id) != Some(id)
            && let Some(row) = cursor.get()
        {
            target.copy(id, row)?;
        }
        advance(cursor, file, &mut next)?;
    }
    Ok(())
}

/// The lowest id first; among equal ones the last file.
type Next = BinaryHeap<Reverse<(i64, Reverse<usize>)>>;

fn advance(cursor: &mut rusqlite::Rows<'_>, file: usize, next: &mut Next) -> rusqlite::Result<()> {
    cursor.advance()?;
    if let Some(row) = cursor.get() {
        next.push(Reverse((row.get(0)?, Reverse(file))));
    }
    Ok(())
}
