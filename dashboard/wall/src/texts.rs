//! The wall's own texts.

use carillon_kit::text::Messages;

/// In Chinese and English.
pub const MESSAGES: Messages = Messages {
    zh: include_str!("../messages/zh.txt"),
    en: include_str!("../messages/en.txt"),
};

#[cfg(test)]
pub use tests::load_chinese;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use carillon_kit::text::{Language, faults, load};

    use super::MESSAGES;

    /// For tests of what is said.
    pub fn load_chinese() {
        load(Language::Zh, MESSAGES);
    }

    fn sources(folder: &Path, into: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else {
                into.push(fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn every_text_is_there_in_both_languages() {
        let mut all = Vec::new();
        sources(
            &Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("src"),
            &mut all,
        );
        assert!(all.len() > 10);
        assert_eq!(faults(MESSAGES, &all), Vec::<String>::new());
    }
}
