use super::{BORROWING, texts};
use crate::Target;
use carillon_domain::receipt_status::{carrier_time, outcome};
use carillon_domain::time::UnixMs;
use carillon_protocols::cmpp::Report;
use carillon_protocols::smpp::ReceiptText;
use carillon_protocols::smpp::receipt_text::{stat_of_state, state_of_stat};

/// What carriers write into receipts: SMPP's text, CMPP's report, and the words and times in them.
pub static RECEIPT_TEXT: Target = Target {
    name: "receipt_text",
    run,
    seeds,
    words: &[
        "id:",
        "sub:",
        "dlvrd:",
        "submit date:",
        "done date:",
        "stat:",
        "err:",
        "text:",
        "DELIVRD",
        "UNDELIV",
        "0000000000",
    ],
    memory: BORROWING,
    input_bytes_max: 2_000,
};

const NOW: UnixMs = UnixMs(1_790_000_000_000);
/// How far from now a time of two digits of a year may be taken for: half a century, and a year for its end.
const FAR_MS: u64 = 51 * 366 * 86_400_000;

fn run(input: &[u8]) {
    let receipt = ReceiptText::decode(input);
    for field in [
        receipt.id,
        receipt.stat,
        receipt.err,
        receipt.submit_date,
        receipt.done_date,
    ] {
        assert!(field.len() <= input.len());
        assert!(!field.iter().any(u8::is_ascii_whitespace), "values end at spaces");
    }
    look_at_status(receipt.stat);
    look_at_time(receipt.submit_date);
    look_at_time(receipt.done_date);
    if let Ok(report) = Report::decode(input) {
        look_at_status(report.stat);
        look_at_time(report.submit_time);
        look_at_time(report.done_time);
    }
}

fn look_at_status(stat: &[u8]) {
    let stat = String::from_utf8_lossy(stat);
    let _total = outcome(&stat);
    if let Some(state) = state_of_stat(&stat) {
        assert_eq!(stat_of_state(state), Some(&*stat));
    }
}

fn look_at_time(time: &[u8]) {
    if let Some(time) = carrier_time(&String::from_utf8_lossy(time), NOW) {
        assert!(time.0.abs_diff(NOW.0) <= FAR_MS, "{time:?}");
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "id:6000001 sub:001 dlvrd:001 submit date:2503011200 done date:2503011201 stat:DELIVRD err:000 text:hello",
        "ID:6A Submit Date:250301120000 Done Date:250301120130 Stat:UNDELIV Err:21 Text:id:9 stat:X",
        "  id: 7  stat:  EXPIRED  err:  text:",
        "00000000DELIVRD2503011200250301120113800000001\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    ]);
    seeds.push([&[0x30; 8][..], b"AF:4\0\0\0", &[b'2'; 20], &[0; 32], &[1; 4]].concat());
    seeds
}
