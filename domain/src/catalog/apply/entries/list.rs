use crate::catalog::apply::check::Check;
use crate::catalog::apply::names::Names;
use crate::catalog::apply::{
    ApplyError, ApplyFile, Environment, NumberListEntry, Problem, Section, WordListEntry,
};
use crate::catalog::word_filter::is_findable;
use crate::catalog::{
    NUMBERS_MAX, NumberList, Snapshot, WORD_CHARACTERS_MAX, WORDS_MAX, WordList, is_mail_address,
};
use crate::ids::{AccountId, NumberListId, TenantId, WordListId};
use crate::phone::PhoneNumber;
use compact_str::CompactString;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Entries of one list that are reported as wrong; more say nothing new.
const REPORTED_MAX: usize = 20;

pub(in crate::catalog::apply) fn word_lists(
    file: &ApplyFile,
    current: &Snapshot,
    names: &Names<'_>,
    environment: &dyn Environment,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<WordListId, WordList> {
    let build = |entry: &WordListEntry| {
        let mut check = Check::new(Section::WordList, entry.name.as_str(), errors);
        check.name(&entry.name);
        let (organisations, accounts) = scope(&entry.organisations, &entry.accounts, names, &mut check);
        let id = names.word_lists.own(&entry.name)?;
        let source = Source {
            field: "words",
            allowed: "`words`, `file` and `stored`",
            inline: entry.words.as_deref(),
            file: entry.file.as_deref(),
            stored: entry.stored,
        };
        let words = match source.read(environment, &mut check)? {
            Content::Given(given) => words(&given, &mut check),
            Content::Stored => match current.word_lists.get(&id) {
                Some(known) => known.words.clone(),
                None => return nothing_stored(&mut check),
            },
        };
        let list = WordList {
            id,
            name: entry.name.clone(),
            organisations,
            accounts,
            words,
        };
        Some((id, list))
    };
    file.word_list.iter().filter_map(build).collect()
}

pub(in crate::catalog::apply) fn number_lists(
    file: &ApplyFile,
    current: &Snapshot,
    names: &Names<'_>,
    environment: &dyn Environment,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<NumberListId, NumberList> {
    let build = |entry: &NumberListEntry| {
        let mut check = Check::new(Section::NumberList, entry.name.as_str(), errors);
        check.name(&entry.name);
        let (organisations, accounts) = scope(&entry.organisations, &entry.accounts, names, &mut check);
        let id = names.number_lists.own(&entry.name)?;
        let source = Source {
            field: "numbers",
            allowed: "`numbers`, `file` and `stored`",
            inline: entry.numbers.as_deref(),
            file: entry.file.as_deref(),
            stored: entry.stored,
        };
        let (numbers, mails) = match source.read(environment, &mut check)? {
            Content::Given(given) => numbers(&given, &mut check),
            Content::Stored => match current.number_lists.get(&id) {
                Some(known) => (known.numbers.clone(), known.mails.clone()),
                None => return nothing_stored(&mut check),
            },
        };
        let list = NumberList {
            id,
            name: entry.name.clone(),
            kind: entry.kind,
            organisations,
            accounts,
            numbers,
            mails,
        };
        Some((id, list))
    };
    file.number_list.iter().filter_map(build).collect()
}

fn scope(
    organisations: &[CompactString],
    accounts: &[CompactString],
    names: &Names<'_>,
    check: &mut Check<'_>,
) -> (Vec<TenantId>, Vec<AccountId>) {
    check.unique("organisations", organisations.iter().map(|name| name.as_str()));
    check.unique("accounts", accounts.iter().map(|name| name.as_str()));
    let organisations = organisations
        .iter()
        .filter_map(|name| names.organisations.find(name, "organisations", check))
        .collect();
    let accounts = accounts
        .iter()
        .filter_map(|name| names.accounts.find(name, "accounts", check))
        .collect();
    (organisations, accounts)
}

/// Where the entries of a list come from.
struct Source<'e> {
    field: &'static str,
    allowed: &'static str,
    inline: Option<&'e [String]>,
    file: Option<&'e str>,
    stored: bool,
}

enum Content<'e> {
    /// Each with its number, counted from 1.
    Given(Vec<(usize, Cow<'e, str>)>),
    Stored,
}

impl<'e> Source<'e> {
    /// `None` when there is nothing to go on with.
    fn read(&self, environment: &dyn Environment, check: &mut Check<'_>) -> Option<Content<'e>> {
        match (self.inline, self.file, self.stored) {
            (Some(inline), None, false) => {
                let entries = (1..).zip(inline.iter().map(|entry| Cow::Borrowed(entry.as_str())));
                Some(Content::Given(entries.collect()))
            }
            (None, Some(path), false) => match environment.file(path) {
                Ok(text) => Some(Content::Given(lines(&text))),
                Err(reason) => {
                    let detail = format!("file `{path}`: {reason}");
                    check.report("file", Problem::Source { detail });
                    None
                }
            },
            (None, None, true) => Some(Content::Stored),
            _ => {
                check.report(
                    self.field,
                    Problem::NotOne {
                        allowed: self.allowed,
                    },
                );
                None
            }
        }
    }
}

/// The lines that are neither empty nor comments.
fn lines(text: &str) -> Vec<(usize, Cow<'static, str>)> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    (1..)
        .zip(text.lines().map(str::trim))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| (number, Cow::Owned(line.to_owned())))
        .collect()
}

fn words(given: &[(usize, Cow<'_, str>)], check: &mut Check<'_>) -> Vec<String> {
    let mut reporter = Reporter::new("words", check);
    let mut words = Vec::with_capacity(given.len());
    for (number, word) in given {
        if word.chars().count() > WORD_CHARACTERS_MAX {
            reporter.report(*number, "is longer than 64 characters");
        } else if !is_findable(word) {
            reporter.report(*number, "holds no letter or digit");
        } else {
            words.push(word.to_string());
        }
    }
    reporter.finish();
    words.sort_unstable();
    words.dedup();
    count("words", words.len(), WORDS_MAX, check);
    words
}

fn numbers(given: &[(usize, Cow<'_, str>)], check: &mut Check<'_>) -> (Vec<PhoneNumber>, Vec<CompactString>) {
    let mut reporter = Reporter::new("numbers", check);
    let (mut numbers, mut mails) = (Vec::new(), Vec::new());
    for (number, entry) in given {
        if entry.contains('@') {
            if is_mail_address(entry) {
                mails.push(CompactString::from(entry.to_ascii_lowercase()));
            } else {
                reporter.report(*number, "is not a mail address");
            }
        } else if let Ok(phone) = PhoneNumber::parse(entry) {
            numbers.push(phone);
        } else {
            reporter.report(*number, "is not a phone number");
        }
    }
    reporter.finish();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.shrink_to_fit();
    mails.sort_unstable();
    mails.dedup();
    mails.shrink_to_fit();
    count("numbers", numbers.len() + mails.len(), NUMBERS_MAX, check);
    (numbers, mails)
}

fn count(field: &'static str, count: usize, count_max: usize, check: &mut Check<'_>) {
    if count > count_max {
        check.report(field, Problem::TooMany { count, count_max });
    }
}

fn nothing_stored<T>(check: &mut Check<'_>) -> Option<T> {
    check.report("stored", Problem::NothingStored);
    None
}

/// Reports wrong entries of a list: the first [`REPORTED_MAX`] of them, and how many more there are.
struct Reporter<'r, 'e> {
    field: &'static str,
    check: &'r mut Check<'e>,
    reported: usize,
}

impl<'r, 'e> Reporter<'r, 'e> {
    fn new(field: &'static str, check: &'r mut Check<'e>) -> Self {
        Reporter {
            field,
            check,
            reported: 0,
        }
    }

    fn report(&mut self, number: usize, problem: &'static str) {
        self.reported += 1;
        if self.reported <= REPORTED_MAX {
            self.check
                .report(self.field, Problem::ListEntry { number, problem });
        }
    }

    fn finish(self) {
        if let Some(count @ 1..) = self.reported.checked_sub(REPORTED_MAX) {
            self.check.report(self.field, Problem::MoreEntries { count });
        }
    }
}
