use carillon_api::Code;
use carillon_domain::fact::RefusedLine;
use carillon_domain::intake::Prepared;
use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;

/// Finds lines of one batch that say the same to the same number.
#[derive(Default)]
pub struct Duplicates {
    /// By number and a keyed hash of the text, the first line. The hash's key is of this batch: nobody can aim at collisions.
    first_lines: HashMap<(u64, u64), u32>,
    text_hash: RandomState,
}

impl Duplicates {
    /// Refuses the zero-based `line` when one of `lines` before it is the same message.
    pub fn check(
        &mut self,
        lines: &[Result<Prepared, RefusedLine>],
        line: u32,
        message: &Prepared,
    ) -> Result<(), RefusedLine> {
        let key = (
            message.to.map_or(0, |to| to.as_u64()),
            self.text_hash.hash_one(message.text()),
        );
        let first = match self.first_lines.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(line);
                return Ok(());
            }
            Entry::Occupied(entry) => *entry.get(),
        };
        let same = lines
            .get(first as usize)
            .and_then(|line| line.as_ref().ok())
            .is_some_and(|earlier| earlier.text() == message.text());
        if !same {
            return Ok(());
        }
        let detail = format!("line {} has the same number and text", first + 1);
        Err(RefusedLine {
            line,
            code: Code::DuplicateLine.word().into(),
            field: Default::default(),
            detail: detail.into(),
        })
    }
}
