use crate::{Memory, Target};
use carillon_actors::campaign::lines::{LinesReader, LinesWriter};
use carillon_actors::campaign::recipients::{RefusedReader, RefusedWriter};
use std::io::BufReader;

/// The lists that a check has stored, damaged.
pub static STORED_LINES: Target = Target {
    name: "stored_lines",
    run,
    seeds,
    words: &["\u{1}", "line,field,code,reason\r\n", "\""],
    // One part is read at once, whatever its length field says; a field of one byte becomes a string, in a list that doubles.
    memory: Memory {
        fixed_bytes: 512 * 1024,
        per_input_byte: 256,
    },
    input_bytes_max: 20_000,
};

fn run(input: &[u8]) {
    if let Ok(mut lines) = LinesReader::begin(input) {
        while let Ok(Some(line)) = lines.next_line() {
            assert!(line.cells.len() <= input.len());
        }
    }
    if let Ok(mut lines) = LinesReader::begin(input) {
        let _found = lines.skip_to(3);
    }
    if let Ok(mut refused) = RefusedReader::new(BufReader::new(input)) {
        while let Ok(Some(_)) = refused.next_entry() {}
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let mut lines = LinesWriter::begin(Vec::new(), &["手机号".into(), "姓名".into()]).expect("memory");
    for number in 2..6 {
        lines.push(number, &["13800000001", "张三"]).expect("memory");
    }
    let mut refused = RefusedWriter::begin(Vec::new()).expect("memory");
    refused
        .push(2, "手机号", "invalid_phone", "too \"short\"")
        .expect("memory");
    vec![lines.into_inner(), refused.into_inner()]
}
