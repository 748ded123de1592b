use super::facts;
use crate::input::{Input, chunk};
use crate::{Memory, Target};
use carillon_actors::columns::{
    CheckpointError, ColumnLimits, Columns, FactPlace, JournalMark, RestoredColumns, Restoring,
};
use carillon_storage::journal::{FrameSeq, Part};

/// The parts of the lane's state as a checkpoint holds them: what can be restored is stored again as the same.
pub static CHECKPOINT: Target = Target {
    name: "checkpoint",
    run,
    seeds,
    words: &["\u{7}", "\0\0\0\0"],
    // A list is reserved for up to a mebibyte on the word of its length, inside of others.
    memory: Memory {
        fixed_bytes: 16 << 20,
        per_input_byte: 2_048,
    },
    input_bytes_max: 16 * 1024,
};

/// Pages stand for the places below them, too: an input has few.
const KEYS: u8 = 4;

fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let mut parts = Vec::new();
    while !input.is_empty() {
        parts.push(Part {
            key: (input.byte() % KEYS).into(),
            bytes: input.chunk().to_vec(),
        });
    }
    let Ok(mut restored) = restore(&parts) else {
        return;
    };
    let stored = restored.columns.changed_parts(&restored.marks, 0);
    let unchanged = parts.into_iter().filter(|part| part.key > 0);
    let parts: Vec<_> = unchanged
        .chain(stored.expect("what was restored can be stored").parts)
        .collect();
    let again = restore(&parts).expect("our own checkpoint");
    assert_eq!(again.marks, restored.marks);
    assert_eq!(again.columns.len(), restored.columns.len());
}

fn restore(parts: &[Part]) -> Result<RestoredColumns, CheckpointError> {
    let mut restoring = Restoring::new(ColumnLimits::default());
    parts.iter().try_for_each(|part| restoring.part(part))?;
    restoring.end()
}

/// The state after each of the sample's facts.
fn seeds() -> Vec<Vec<u8>> {
    let marks = [JournalMark {
        frame: 1,
        unix_ms: 1_772_000_000_000,
    }];
    let mut columns = Columns::new(ColumnLimits::default());
    let seed = |columns: &mut Columns| {
        let stored = columns.changed_parts(&marks, 0).expect("sound columns");
        let parts = stored.parts.into_iter();
        parts
            .flat_map(|part| [vec![part.key as u8], chunk(&part.bytes)].concat())
            .collect()
    };
    let mut seeds = vec![seed(&mut columns)];
    for fact in facts::sample() {
        columns.apply(FactPlace::new(FrameSeq(1), 0), &fact);
        seeds.push(seed(&mut columns));
    }
    seeds
}
