//! Texts of the console, from its message files.

use carillon_kit::text as kit;
use std::fmt::Display;

/// The console's own texts.
pub const MESSAGES: kit::Messages = kit::Messages {
    zh: include_str!("../messages/zh.txt"),
    en: include_str!("../messages/en.txt"),
};

/// The text of a key. A key without a text shows itself; a test sees to it that there is none.
pub fn t(key: &'static str) -> &'static str {
    load_for_tests();
    kit::t(key)
}

/// The text of a key that came from outside, if there is one.
pub fn find(key: &str) -> Option<&'static str> {
    load_for_tests();
    kit::find(key)
}

/// The text of a word from outside below `prefix`, otherwise the word itself.
pub fn word(prefix: &str, word: &str) -> String {
    load_for_tests();
    kit::word(prefix, word)
}

/// The text of a key with its holes (`{name}`) filled.
pub fn fill(key: &'static str, values: &[(&str, &dyn Display)]) -> String {
    load_for_tests();
    kit::fill(key, values)
}

/// `main` loads the texts; tests have no `main`.
fn load_for_tests() {
    #[cfg(test)]
    kit::load(kit::Language::Zh, MESSAGES);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_line_of_the_files_is_a_message_and_no_key_stands_twice() {
        for file in [MESSAGES.zh, MESSAGES.en] {
            let mut keys = HashSet::new();
            for line in file
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
            {
                let (key, text) = line.split_once(" = ").unwrap_or_else(|| panic!("{line}"));
                assert!(keys.insert(key), "{key} stands twice");
                assert!(!text.trim().is_empty(), "{key} is empty");
            }
        }
    }

    #[test]
    fn the_languages_have_the_same_keys_and_holes() {
        assert_eq!(kit::faults(MESSAGES, &[]), Vec::<String>::new());
    }

    /// Every string of the sources that looks like a key has a text, and every text is used.
    #[test]
    fn keys_of_the_sources_and_of_the_file_are_the_same() {
        let mut sources = String::new();
        gather(
            &Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("src"),
            &mut sources,
        );
        let keys = || MESSAGES.entries(kit::Language::Zh).map(|(key, _)| key);
        let families: HashSet<_> = keys().filter_map(|key| key.split('.').next()).collect();
        for literal in sources.split('"').filter(|literal| looks_like_a_key(literal)) {
            let family = literal.split('.').next().unwrap_or_default();
            assert!(
                !families.contains(family) || find(literal).is_some(),
                "{literal} has no text"
            );
        }
        for key in keys() {
            let by_word = BY_WORD.iter().any(|family| key.starts_with(family));
            assert!(
                by_word || sources.contains(&format!("\"{key}\"")),
                "{key} is not used"
            );
        }
    }

    /// Families whose keys end with a word of the API.
    const BY_WORD: [&str; 9] = [
        "advice.",
        "carrier.",
        "store.",
        "test_step.",
        "rule_advice.",
        "cause.",
        "waiting.",
        "verdict.",
        "conn_state.",
    ];

    fn looks_like_a_key(literal: &str) -> bool {
        let mut parts = literal.split('.');
        let is_word = |part: &str| {
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            !part.is_empty() && part.bytes().all(fits)
        };
        parts.next().is_some_and(is_word) && parts.next().is_some_and(is_word) && parts.next().is_none()
    }

    fn gather(folder: &Path, sources: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, sources);
            } else {
                sources.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
}
