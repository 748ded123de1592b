use super::scope::is_in_scope;
use super::{CompileError, Snapshot, WordList};
use crate::ids::{AccountId, TenantId, WordListId};
use daachorse::MatchKind;
use daachorse::charwise::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A sensitive word that a text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordHit<'c> {
    /// The list's name.
    pub list: &'c str,
    /// Where it begins in the text; counts characters from 1.
    pub position: usize,
    /// As the list has it.
    pub word: &'c str,
}

/// Finds sensitive words: one automaton for all the lists of the same scope.
///
/// Neither the case of ASCII letters nor full-width forms make a difference, and what is neither letter nor digit (spaces,
/// punctuation, emoji, zero-width characters) may stand between a word's characters.
#[derive(Clone, Debug)]
pub(super) struct WordFilter {
    parts: Vec<Arc<Part>>,
    /// Indexes of parts. Accounts without any are absent.
    by_account: HashMap<AccountId, Box<[usize]>>,
}

/// Whom a list is for: organisations and accounts.
type Scope = (Vec<TenantId>, Vec<AccountId>);

struct Part {
    lists: Box<[WordListId]>,
    /// Gives an index into `words`.
    automaton: CharwiseDoubleArrayAhoCorasick<u32>,
    /// The list of each word, and its place there.
    words: Box<[(WordListId, u32)]>,
}

impl WordFilter {
    /// What `before` built from the same words is taken over: many words take a second to build.
    pub fn new(snapshot: &Snapshot, before: Option<(&WordFilter, &Snapshot)>) -> Result<Self, CompileError> {
        let mut by_scope: BTreeMap<Scope, Vec<&WordList>> = BTreeMap::new();
        for list in snapshot.word_lists.values() {
            let scope = (list.organisations.clone(), list.accounts.clone());
            by_scope.entry(scope).or_default().push(list);
        }
        let mut scopes = Vec::new();
        let mut parts = Vec::new();
        for (scope, lists) in by_scope {
            let known = before.and_then(|(filter, snapshot)| filter.part_of(&lists, snapshot));
            let part = match known {
                Some(part) => Some(part),
                None => Part::new(&lists)?.map(Arc::new),
            };
            if let Some(part) = part {
                scopes.push(scope);
                parts.push(part);
            }
        }
        let accounts = snapshot.accounts.values().map(|account| {
            let holds = |(_, scope): &(usize, &Scope)| is_in_scope(account, &scope.0, &scope.1);
            let parts = scopes.iter().enumerate().filter(holds);
            (
                account.id,
                parts.map(|(index, _)| index).collect::<Box<[usize]>>(),
            )
        });
        let by_account = accounts.filter(|(_, parts)| !parts.is_empty()).collect();
        Ok(WordFilter { parts, by_account })
    }

    /// The part made from exactly these lists, when they were the same in the snapshot of this filter.
    fn part_of(&self, lists: &[&WordList], snapshot: &Snapshot) -> Option<Arc<Part>> {
        let ids = || lists.iter().map(|list| list.id);
        let part = self
            .parts
            .iter()
            .find(|part| part.lists.iter().copied().eq(ids()))?;
        let same = |list: &&WordList| {
            let known = snapshot.word_lists.get(&list.id);
            known.is_some_and(|known| known.words == list.words)
        };
        lists.iter().all(same).then(|| part.clone())
    }

    /// The first word in the text that the account must not send; of those that begin at one place the longest of a scope.
    pub fn find<'c>(&self, snapshot: &'c Snapshot, account: AccountId, text: &str) -> Option<WordHit<'c>> {
        let parts = self.by_account.get(&account)?;
        let folded = Folded::new(text);
        let hits = parts.iter().filter_map(|index| self.parts[*index].first(&folded));
        let (position, (list, word)) = hits.min_by_key(|(position, _)| *position)?;
        let list = snapshot.word_lists.get(&list)?;
        Some(WordHit {
            list: &list.name,
            position,
            word: list.words.get(word as usize)?,
        })
    }
}

impl Part {
    /// `None` when no list has a word.
    fn new(lists: &[&WordList]) -> Result<Option<Self>, CompileError> {
        // A word in two forms or in two lists is one pattern; the first stands for all.
        let mut patterns: BTreeMap<String, (WordListId, u32)> = BTreeMap::new();
        for list in lists {
            for (place, word) in (0u32..).zip(&list.words) {
                let pattern = Folded::new(word).text;
                if !pattern.is_empty() {
                    patterns.entry(pattern).or_insert((list.id, place));
                }
            }
        }
        if patterns.is_empty() {
            return Ok(None);
        }
        let automaton = CharwiseDoubleArrayAhoCorasickBuilder::new()
            .match_kind(MatchKind::LeftmostLongest)
            .build_with_values(patterns.keys().zip(0u32..))
            .map_err(|error| CompileError::Words {
                list: lists[0].name.clone(),
                detail: error.to_string(),
            })?;
        Ok(Some(Part {
            lists: lists.iter().map(|list| list.id).collect(),
            automaton,
            words: patterns.into_values().collect(),
        }))
    }

    /// Position and word of the first match.
    fn first(&self, folded: &Folded) -> Option<(usize, (WordListId, u32))> {
        let found = self.automaton.leftmost_find_iter(&folded.text).next()?;
        let word = self.words[found.value() as usize];
        Some((folded.position(found.start()), word))
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({} words)", self.words.len())
    }
}

/// Whether a word can be found at all: one without letters and digits is never looked for.
pub(super) fn is_findable(word: &str) -> bool {
    word.chars().any(|character| fold(character).is_some())
}

/// A text in the form in which words are compared.
struct Folded {
    text: String,
    /// For each character of `text` its place in the text that was given, counted from 1.
    positions: Vec<usize>,
}

impl Folded {
    fn new(given: &str) -> Self {
        let mut text = String::with_capacity(given.len());
        let mut positions = Vec::with_capacity(given.len() / 2);
        for (position, character) in (1..).zip(given.chars()) {
            if let Some(folded) = fold(character) {
                text.push(folded);
                positions.push(position);
            }
        }
        Folded { text, positions }
    }

    /// The place in the given text of what begins at this byte.
    fn position(&self, byte: usize) -> usize {
        let index = self.text[..byte].chars().count();
        self.positions.get(index).copied().unwrap_or(1)
    }
}

/// `None` for a separator.
fn fold(character: char) -> Option<char> {
    /// Distance of the full-width forms (U+FF01…U+FF5E) from ASCII.
    const FULL_WIDTH: u32 = 0xFEE0;
    let narrow = match character {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character) - FULL_WIDTH)?,
        // Letters by their class, and shown as nothing.
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' => return None,
        other => other,
    };
    narrow.is_alphanumeric().then(|| narrow.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::Compiled;
    use super::super::fixture::{self, *};
    use super::*;
    use proptest::prelude::*;

    fn catalog(change: impl FnOnce(&mut Snapshot)) -> Compiled {
        let mut snapshot = fixture::snapshot();
        change(&mut snapshot);
        Compiled::new(Arc::new(snapshot)).unwrap()
    }

    fn hit(catalog: &Compiled, account: AccountId, text: &str) -> Option<(String, usize, String)> {
        let account = catalog.account(account).unwrap();
        let hit = catalog.forbidden_word(account, text)?;
        Some((hit.list.to_owned(), hit.position, hit.word.to_owned()))
    }

    #[test]
    fn words_are_found_in_every_disguise() {
        let catalog = fixture::compiled();
        let cases = [
            ("今晚赌博", Some((3, "赌博"))),
            ("赌 博", Some((1, "赌博"))),
            ("赌*博", Some((1, "赌博"))),
            ("来赌\u{200B}\u{FEFF}博", Some((2, "赌博"))),
            ("来赌\u{3164}，😀。博", Some((2, "赌博"))),
            ("FREE cash", Some((1, "free cash"))),
            ("ｆｒｅｅ－ＣＡＳＨ", Some((1, "free cash"))),
            ("(f.r.e.e c_a_s_h)", Some((2, "free cash"))),
            // The longest that begins there.
            ("赌博网站", Some((1, "赌博网站"))),
            ("赌。", None),
            ("博赌", None),
            ("", None),
            ("😀，", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(position, word)| ("law".to_owned(), position, word.to_owned()));
            assert_eq!(hit(&catalog, LIS, text), expected, "{text}");
        }
    }

    #[test]
    fn the_first_of_all_scopes_is_told() {
        let catalog = fixture::compiled();
        assert_eq!(
            hit(&catalog, HIS, "内部消息，赌博"),
            Some(("his only".into(), 1, "内部".into()))
        );
        assert_eq!(
            hit(&catalog, HIS, "赌博，内部消息"),
            Some(("law".into(), 1, "赌博".into()))
        );
        assert_eq!(hit(&catalog, LIS, "内部消息"), None);
    }

    #[test]
    fn what_did_not_change_is_taken_over() {
        let first = fixture::compiled();
        let mut snapshot = fixture::snapshot();
        let his_only = WordListId(2);
        let list = snapshot.word_lists.get_mut(&his_only).unwrap();
        list.words = vec!["外部".into()];
        list.accounts = vec![LIS];
        let second = first.next(Arc::new(snapshot)).unwrap();
        let part_of = |catalog: &Compiled, id| {
            let mut parts = catalog.word_filter().parts.iter();
            parts.find(|part| part.lists.contains(&id)).unwrap().clone()
        };
        assert!(Arc::ptr_eq(&part_of(&first, LAW), &part_of(&second, LAW)));
        assert!(!Arc::ptr_eq(
            &part_of(&first, his_only),
            &part_of(&second, his_only)
        ));
        assert_eq!(hit(&second, HIS, "内部外部"), None);
        assert_eq!(
            hit(&second, LIS, "内部外部"),
            Some(("his only".into(), 3, "外部".into()))
        );
        assert_eq!(hit(&second, HIS, "赌博"), Some(("law".into(), 1, "赌博".into())));
    }

    #[test]
    fn without_lists_everything_passes() {
        let catalog = catalog(|snapshot| snapshot.word_lists.clear());
        assert_eq!(hit(&catalog, HIS, "赌博"), None);
        let catalog = self::catalog(|snapshot| {
            for list in snapshot.word_lists.values_mut() {
                list.words.clear();
            }
        });
        assert_eq!(hit(&catalog, HIS, "赌博"), None);
    }

    #[test]
    fn a_word_in_two_lists_is_reported_once_and_for_the_first() {
        let catalog = catalog(|snapshot| {
            let mut second = snapshot.word_lists[&LAW].clone();
            second.id = WordListId(9);
            second.name = "again".into();
            second.words = vec!["ＦＲＥＥ　ＣＡＳＨ".into(), "赌-博".into()];
            snapshot.word_lists.insert(second.id, second);
        });
        assert_eq!(
            hit(&catalog, LIS, "free cash"),
            Some(("law".into(), 1, "free cash".into()))
        );
    }

    proptest! {
        /// SAFE-1: whatever stands around a word and between its characters, it is found where it begins.
        #[test]
        fn separators_hide_no_word(
            before in "[甲乙丙， ]{0,10}",
            separators in proptest::collection::vec("[ ,.*。，\u{200b}\u{200d}😀-]{0,4}", 4),
            word in "(赌博|free cash)",
            after in "\\PC{0,10}",
        ) {
            let mut text = before.clone();
            for (index, character) in word.chars().enumerate() {
                if index > 0 {
                    text.push_str(&separators[index % separators.len()]);
                }
                text.push(character);
            }
            text.push_str(&after);
            let catalog = fixture::compiled();
            let (list, position, _) = hit(&catalog, LIS, &text).expect("the word is there");
            prop_assert_eq!(list, "law");
            prop_assert_eq!(position, before.chars().count() + 1);
        }

        #[test]
        fn any_text_is_answered_with_a_place_in_it(text in "\\PC{0,40}") {
            let catalog = fixture::compiled();
            if let Some((_, position, _)) = hit(&catalog, LIS, &text) {
                prop_assert!(position >= 1 && position <= text.chars().count());
            }
        }
    }
}
