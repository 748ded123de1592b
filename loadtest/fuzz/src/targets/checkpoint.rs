use super::facts;
use crate::{Memory, Target};
use carillon_actors::columns::{ColumnLimits, Columns, FactPlace, JournalMark};
use carillon_storage::journal::FrameSeq;

/// The lane's state as a checkpoint holds it: what can be restored is stored again as the same.
pub static CHECKPOINT: Target = Target {
    name: "checkpoint",
    run,
    seeds,
    words: &["\u{6}", "\0\0\0\0"],
    // A list is reserved for up to a mebibyte on the word of its length, inside of others.
    memory: Memory {
        fixed_bytes: 16 << 20,
        per_input_byte: 2_048,
    },
    input_bytes_max: 16 * 1024,
};

fn run(input: &[u8]) {
    let Ok(restored) = Columns::restore(ColumnLimits::default(), input) else {
        return;
    };
    let stored = restored
        .columns
        .checkpoint(&restored.marks)
        .expect("what was restored can be stored");
    let again = Columns::restore(ColumnLimits::default(), &stored).expect("our own checkpoint");
    assert_eq!(again.marks, restored.marks);
    assert_eq!(again.columns.len(), restored.columns.len());
}

/// The state after each of the sample's facts.
fn seeds() -> Vec<Vec<u8>> {
    let marks = [JournalMark {
        frame: 1,
        unix_ms: 1_772_000_000_000,
    }];
    let mut columns = Columns::new(ColumnLimits::default());
    let mut seeds = vec![columns.checkpoint(&marks).expect("empty columns")];
    for fact in facts::sample() {
        columns.apply(FactPlace::new(FrameSeq(1), 0), &fact);
        seeds.push(columns.checkpoint(&marks).expect("sound columns"));
    }
    seeds
}
