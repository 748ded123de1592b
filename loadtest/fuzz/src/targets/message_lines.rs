use super::message::{self, WORDS};
use crate::{Memory, Target};
use carillon::http::MediaType;
use carillon::send::Lines;
use serde_json::Value;

/// A batch, as a JSON array or one message to a line.
pub static MESSAGE_LINES: Target = Target {
    name: "message_lines",
    run,
    seeds,
    words: WORDS,
    // A line that is refused costs its words, and the shortest line is two octets.
    memory: Memory {
        fixed_bytes: 128 * 1024,
        per_input_byte: 256,
    },
    input_bytes_max: 64 * 1024,
};

/// The form, then the body.
fn run(input: &[u8]) {
    let Some((form, body)) = input.split_first() else {
        return;
    };
    if form.is_multiple_of(2) {
        let mut count = 0;
        let fault = Lines::new(MediaType::Json, body)
            .inspect(|_| count += 1)
            .find_map(Result::err);
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        match (fault, serde_json::from_slice::<Vec<Value>>(body)) {
            (None, Ok(whole)) => assert_eq!(count, whole.len()),
            // What is not text or too deep is a fault of its line alone.
            (None, Err(error)) => assert!(!error.is_eof(), "{error}"),
            (Some(fault), whole) => assert!(whole.is_err() && fault.line >= 1 && fault.column >= 1),
        }
    } else {
        let feeds = body.iter().filter(|octet| **octet == b'\n').count();
        let lines = Lines::new(MediaType::NdJson, body).filter(Result::is_ok).count();
        assert!(lines <= feeds + 1, "{lines} lines of {feeds}");
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let messages = message::seeds();
    let array = [&b"\x00["[..], &messages.join(&b", "[..]), b"]"].concat();
    let lines = [&b"\x01"[..], &messages.join(&b"\r\n"[..])].concat();
    vec![
        array,
        lines,
        b"\x00[]".to_vec(),
        b"\x00[1,null,\"x\",{},[]]".to_vec(),
    ]
}
