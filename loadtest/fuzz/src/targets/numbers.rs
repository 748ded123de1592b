use super::texts;
use crate::{Memory, Target};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::phone::PhoneNumber;

/// The tables of number ranges and of ported numbers.
pub static NUMBERS: Target = Target {
    name: "numbers",
    run,
    seeds: || {
        texts(&[
            include_str!("../../../../deploy/demo-ranges.csv"),
            "1380000\t北京\t北京\tmobile\n",
            "13800000001,telecom\n",
        ])
    },
    words: &[
        "1380000", ",", "\t", "mobile", "unicom", "telecom", "virtual", "#", "\r\n", "北京",
    ],
    // The index of all prefixes has two octets for each of 700,000.
    memory: Memory {
        fixed_bytes: 4 << 20,
        per_input_byte: 256,
    },
    input_bytes_max: 24 * 1024,
};

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut ranges = NumberRanges::parse(&text).unwrap_or_default();
    if let Err(errors) = ranges.load_ported(&text) {
        assert!((1..=101).contains(&errors.len()), "{}", errors.len());
    }
    for number in [8_613_800_000_001, 8_619_999_999_999, 85_251_234_567] {
        let number = PhoneNumber::from_e164(number).expect("a sound number");
        let _origin = ranges.origin(number);
    }
}
