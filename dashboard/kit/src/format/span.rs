//! Lengths of time.

use crate::text::fill;

/// As on a stop-watch: `02:44`, from an hour on `1:02:44`.
pub fn clock_span(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 {
        format!("{minutes:02}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}

/// In words with the two largest units: `1 分 55 秒`.
pub fn span(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..60 => fill("span.seconds", &[("s", &s)]),
        60..3_600 => fill("span.minutes", &[("m", &(s / 60)), ("s", &(s % 60))]),
        3_600..86_400 => fill("span.hours", &[("h", &(s / 3_600)), ("m", &(s / 60 % 60))]),
        _ => fill("span.days", &[("d", &(s / 86_400)), ("h", &(s / 3_600 % 24))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_like_a_stop_watch() {
        for (ms, text) in [
            (0, "00:00"),
            (164_999, "02:44"),
            (3_764_000, "1:02:44"),
            (360_000_000, "100:00:00"),
        ] {
            assert_eq!(clock_span(ms), text);
        }
    }
}
