//! Texts by key, from message files: Chinese first, English second.
//!
//! A file holds lines `key = text`; `#` begins a comment. Holes are written `{name}`. There is one language per page
//! load, because to change it is rare and reloading costs a second.

use std::{collections::HashMap, fmt::Display, sync::OnceLock};

static LOADED: OnceLock<(Language, HashMap<&'static str, &'static str>)> = OnceLock::new();

/// The kit's own texts: states, channel kinds, ages, alarms.
const OWN: Messages = Messages {
    zh: include_str!("../messages/zh.txt"),
    en: include_str!("../messages/en.txt"),
};

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    Zh,
    En,
}

impl Language {
    /// `en` and its kinds are English, everything else is Chinese.
    pub fn parse(tag: &str) -> Self {
        if tag == "en" || tag.starts_with("en-") {
            Self::En
        } else {
            Self::Zh
        }
    }

    /// As in the attribute `lang`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }
}

/// The message files of a front end.
#[derive(Clone, Copy, Debug)]
pub struct Messages {
    pub zh: &'static str,
    pub en: &'static str,
}

impl Messages {
    /// The lines of a language.
    pub fn entries(self, language: Language) -> impl Iterator<Item = (&'static str, &'static str)> {
        let file = match language {
            Language::Zh => self.zh,
            Language::En => self.en,
        };
        file.lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(" = "))
    }
}

/// Chooses the language and loads the texts; what is called later changes nothing.
pub fn load(language: Language, messages: Messages) {
    LOADED.get_or_init(|| {
        let texts = OWN.entries(language).chain(messages.entries(language));
        (language, texts.collect())
    });
}

/// The language that was chosen; Chinese before that.
pub fn language() -> Language {
    LOADED
        .get()
        .map_or_else(Language::default, |(language, _)| *language)
}

/// The text of a key. A key without a text shows itself.
pub fn t(key: &'static str) -> &'static str {
    find(key).unwrap_or(key)
}

/// The text of a key that came from outside, if there is one.
pub fn find(key: &str) -> Option<&'static str> {
    LOADED.get()?.1.get(key).copied()
}

/// The text of a word from outside below `prefix`, otherwise the word itself.
pub fn word(prefix: &str, word: &str) -> String {
    find(&format!("{prefix}.{word}")).map_or_else(|| word.to_owned(), str::to_owned)
}

/// The text of a key with its holes filled.
pub fn fill(key: &'static str, values: &[(&str, &dyn Display)]) -> String {
    fill_in(t(key), values)
}

fn fill_in(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, (name, after))) = rest
        .split_once('{')
        .and_then(|(before, from)| Some((before, from.split_once('}')?)))
    {
        filled.push_str(before);
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            filled.push_str(&value.to_string());
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// For tests of front ends: what is wrong with their message files and the keys that their sources use.
///
/// `sources` are texts of Rust files; keys are found where `t("…")` or `fill("…"` stand.
pub fn faults(messages: Messages, sources: &[String]) -> Vec<String> {
    let keys = |language| -> HashMap<&str, &str> {
        OWN.entries(language).chain(messages.entries(language)).collect()
    };
    let (zh, en) = (keys(Language::Zh), keys(Language::En));
    let mut faults = Vec::new();
    for (key, text) in &zh {
        match en.get(key) {
            None => faults.push(format!("{key} has no English text")),
            Some(other) if holes(text) != holes(other) => {
                faults.push(format!("{key} has other holes in English"))
            }
            Some(_) => {}
        }
    }
    faults.extend(
        en.keys()
            .filter(|key| !zh.contains_key(*key))
            .map(|key| format!("{key} has no Chinese text")),
    );
    for source in sources {
        for call in ["t(\"", "fill(\"", "fill(\n"] {
            for (at, _) in source.match_indices(call) {
                let stands_alone = !source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                let Some(key) = source[at..].split('"').nth(1) else {
                    continue;
                };
                if stands_alone && !zh.contains_key(key) {
                    faults.push(format!("{key} is used and has no text"));
                }
            }
        }
    }
    faults
}

fn holes(text: &str) -> Vec<&str> {
    let mut holes: Vec<_> = text
        .split('{')
        .skip(1)
        .filter_map(|piece| Some(piece.split_once('}')?.0))
        .collect();
    holes.sort_unstable();
    holes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_once() {
        let values: &[(&str, &dyn Display)] = &[("name", &"{other}"), ("other", &7)];
        assert_eq!(fill_in("{name} 和 {other}", values), "{other} 和 7");
        assert_eq!(fill_in("没有 {missing}。", values), "没有 。");
        assert_eq!(fill_in("open { brace", values), "open { brace");
    }

    #[test]
    fn languages_are_told_apart() {
        assert_eq!(Language::parse("en-GB"), Language::En);
        assert_eq!(Language::parse("english"), Language::Zh);
        assert_eq!(Language::parse(""), Language::Zh);
    }

    #[test]
    fn own_texts_are_whole() {
        assert_eq!(faults(Messages { zh: "", en: "" }, &[]), Vec::<String>::new());
    }

    #[test]
    fn faults_are_found() {
        let messages = Messages {
            zh: "a = 一 {n}\nb = 二",
            en: "a = one {m}\nc = three",
        };
        let source = "t(\"b\"); let_t(\"x\"); fill(\"d\", &[])".to_owned();
        let mut faults = faults(messages, &[source]);
        faults.sort();
        assert_eq!(
            faults,
            [
                "a has other holes in English",
                "b has no English text",
                "c has no Chinese text",
                "d is used and has no text"
            ]
        );
    }
}
