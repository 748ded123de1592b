//! A checkpoint is a file with the whole state and files with what changed since, each naming the one before it.

use super::checkpoint::{self, CheckpointFile, PartWriter};
use super::parts::HEAD_BYTES;
use crate::files::Files;
use carillon_storage::journal::{FrameSeq, JournalError, Part};
use std::collections::HashSet;
use std::path::Path;

/// Files of a checkpoint at most.
const FILES_MAX: usize = 64;

/// The files of one checkpoint, the one with the whole state first. Without any there is no checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CheckpointChain(Vec<CheckpointFile>);

impl CheckpointChain {
    /// The frame after which the state was so.
    pub(super) fn at(&self) -> Option<FrameSeq> {
        Some(self.0.last()?.at)
    }

    pub(super) fn has(&self, at: FrameSeq) -> bool {
        self.0.iter().any(|file| file.at == at)
    }

    /// The files that lead to the one after frame `at`. All of them are read: each must be whole.
    pub(super) fn find(files: &dyn Files, dir: &Path, at: FrameSeq) -> Result<Self, JournalError> {
        let mut chain = Vec::new();
        let mut next = Some(at);
        while let Some(at) = next {
            let file = checkpoint::read(files, dir, at, drop)?;
            next = file.before;
            chain.push(file);
        }
        chain.reverse();
        Ok(CheckpointChain(chain))
    }

    /// Hands over each part once, as it was written last.
    pub(super) fn read(
        &self,
        files: &dyn Files,
        dir: &Path,
        take: &mut dyn FnMut(Part),
    ) -> Result<(), JournalError> {
        self.read_others(files, dir, &mut HashSet::new(), take)
    }

    /// Stores the state after frame `at`, of which these parts changed, and gives its files. What is no longer needed is written
    /// no more as soon as it is more than what is.
    pub(super) fn save(
        &self,
        files: &dyn Files,
        dir: &Path,
        at: FrameSeq,
        changed: &[Part],
    ) -> Result<Self, JournalError> {
        let put_changed = |writer: &mut PartWriter| {
            let mut parts = changed.iter();
            parts.try_for_each(|part| writer.put(part.key, &part.bytes))
        };
        if !self.is_to_be_rewritten(at, changed) {
            let file = checkpoint::write(files, dir, at, self.at(), put_changed)?;
            return Ok(CheckpointChain([&*self.0, &[file]].concat()));
        }
        let file = checkpoint::write(files, dir, at, None, |writer| {
            put_changed(writer)?;
            let mut given = changed.iter().map(|part| part.key).collect();
            let mut written = Ok(());
            self.read_others(files, dir, &mut given, &mut |part| {
                if written.is_ok() {
                    written = writer.put(part.key, &part.bytes);
                }
            })?;
            written
        })?;
        Ok(CheckpointChain(vec![file]))
    }

    /// The files that another checkpoint does not need, in the order in which they may go.
    pub(super) fn without(&self, other: &Self) -> impl Iterator<Item = FrameSeq> {
        let files = self.0.iter().rev().map(|file| file.at);
        files.filter(|at| !other.has(*at))
    }

    fn is_to_be_rewritten(&self, at: FrameSeq, changed: &[Part]) -> bool {
        let Some((whole, changes)) = self.0.split_first() else {
            return true;
        };
        let bytes: u64 = changes.iter().map(|file| file.bytes).sum();
        let new: usize = changed.iter().map(|part| HEAD_BYTES + part.bytes.len()).sum();
        bytes + new as u64 >= whole.bytes
            || self.0.len() >= FILES_MAX
            // One file cannot stand before another of the same frame.
            || self.at() == Some(at)
    }

    /// Hands over the parts that are not `known`, which they are then.
    fn read_others(
        &self,
        files: &dyn Files,
        dir: &Path,
        known: &mut HashSet<u64>,
        take: &mut dyn FnMut(Part),
    ) -> Result<(), JournalError> {
        for file in self.0.iter().rev() {
            checkpoint::read(files, dir, file.at, |part| {
                if known.insert(part.key) && !part.bytes.is_empty() {
                    take(part);
                }
            })?;
        }
        Ok(())
    }
}
