use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::BTreeMap;

/// What path and query keep as it is (RFC 3986 §2.3, and signs that are safe in both and often there).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':')
    .remove(b',');

/// Named values of an address: each name once, none of them empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// From what follows the `?`. Of a name that stands there twice the last value counts.
    pub fn parse(text: &str) -> Self {
        let mut query = Query::default();
        for pair in text.trim_start_matches('?').split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            query.set(&decoded(name), decoded(value));
        }
        query
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// An empty value takes the name away.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if value.is_empty() || name.is_empty() {
            self.0.remove(name);
        } else {
            self.0.insert(name.to_owned(), value);
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// With its `?`; empty when there is nothing.
    pub fn text(&self) -> String {
        let pairs: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        if pairs.is_empty() {
            String::new()
        } else {
            format!("?{}", pairs.join("&"))
        }
    }
}

/// A part of a path or query, escaped.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn decoded(text: &str) -> String {
    let spaces = text.replace('+', " ");
    percent_decode_str(&spaces).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_query_is_read_and_written() {
        let query = Query::parse("?state=running%2Cpaused&name=%E5%A4%8D%E8%AF%8A+1&x=&&y");
        assert_eq!(query.get("state"), Some("running,paused"));
        assert_eq!(query.get("name"), Some("复诊 1"));
        assert_eq!((query.get("x"), query.get("y")), (None, None));
        assert_eq!(query.text(), "?name=%E5%A4%8D%E8%AF%8A%201&state=running,paused");
        assert_eq!(query.with("name", "").with("state", "").text(), "");
    }

    proptest! {
        #[test]
        fn what_is_set_is_read_back(pairs in prop::collection::vec(("\\PC{1,8}", "\\PC{1,8}"), 0..6)) {
            let mut query = Query::default();
            for (name, value) in &pairs {
                query.set(name, value.as_str());
            }
            prop_assert_eq!(Query::parse(&query.text()), query);
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,60}") {
            let _ = Query::parse(&text).text();
        }
    }
}
