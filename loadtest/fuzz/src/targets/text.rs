use super::texts;
use crate::input::Input;
use crate::{Memory, Target};
use carillon_domain::segment::{RESERVE_MAX, SegmentLimits, plan, segments, split};

/// A text cut into segments, under any limits.
pub static TEXT: Target = Target {
    name: "text",
    run,
    seeds: || {
        texts(&[
            "\0\0\u{14}您好，您的检查报告已出。",
            "\u{1}\u{5}\u{3}hello {}[]~^\\|€",
            "\u{3}\0\u{7f}😀a😀",
        ])
    },
    words: &["😀", "€", "ä", "\u{200d}", "【", "\r\n"],
    memory: Memory {
        fixed_bytes: 64 * 1024,
        per_input_byte: 16,
    },
    input_bytes_max: 40_000,
};

fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let flags = input.byte();
    let limits = SegmentLimits {
        wide_reference: flags & 1 != 0,
        reserve: input.byte() % (RESERVE_MAX + 2),
        segments_max: input.byte(),
        ascii_subset: flags & 2 != 0,
    };
    let text = String::from_utf8_lossy(input.rest());
    let Ok(planned) = plan(&text, &limits) else {
        assert!(segments(&text, &limits).is_err());
        return;
    };
    assert!((1..=limits.segments_max).contains(&planned.segments));
    let whole: String = segments(&text, &limits)
        .expect("it was planned")
        .map(|segment| {
            assert!(segment.payload().len() <= 160 && segment.total == planned.segments);
            segment.text
        })
        .collect();
    assert_eq!(whole, text, "nothing is lost between segments");
    if let Ok(more) = split(&text, planned.segments.saturating_add(1), &limits) {
        assert_eq!(more.map(|segment| segment.text).collect::<String>(), text);
    }
}
