use serde_json::Value;
use std::collections::BTreeMap;

/// What is compared of a benchmark's report.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub name: &'static str,
    /// Now to last: beyond it the line is marked.
    pub bound: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// Rates and times differ from run to run, the more so the rarer what is measured; sizes hardly do.
pub const KEYS: [Key; 13] = [
    key("messages_per_s", Bound::AtLeast(0.85)),
    key("cpu_us_per_message", Bound::AtMost(1.15)),
    key("rss_mib_max", Bound::AtMost(1.25)),
    key("p50_ms", Bound::AtMost(1.5)),
    key("p99_ms", Bound::AtMost(2.0)),
    key("bytes_per_waiting_message", Bound::AtMost(1.1)),
    key("bytes_per_message", Bound::AtMost(1.05)),
    key("ready_ms", Bound::AtMost(1.5)),
    key("first_accepted_ms", Bound::AtMost(1.5)),
    key("cpu_percent_of_walls", Bound::AtMost(1.5)),
    key("lost", Bound::AtMost(1.0)),
    key("doubled", Bound::AtMost(1.0)),
    key("uncertain", Bound::AtMost(2.0)),
];

const fn key(name: &'static str, bound: Bound) -> Key {
    Key { name, bound }
}

impl Bound {
    pub fn holds(self, ratio: f64) -> bool {
        match self {
            Bound::AtLeast(least) => ratio >= least,
            Bound::AtMost(most) => ratio <= most,
        }
    }
}

/// Those of a report that it has.
pub fn figures(report: &Value) -> BTreeMap<String, f64> {
    KEYS.iter()
        .filter_map(|key| Some((key.name.to_owned(), report.get(key.name)?.as_f64()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_compared_is_taken_and_only_numbers() {
        let report = serde_json::json!({ "messages_per_s": 5.5, "lost": 0, "p99_ms": null, "seconds": 9 });
        let expected = [("lost".to_owned(), 0.0), ("messages_per_s".to_owned(), 5.5)];
        assert_eq!(figures(&report), expected.into());
    }
}
