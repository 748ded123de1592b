use carillon_api::Code;
use carillon_domain::content::{Content, FileHash};
use carillon_domain::fact::RefusedLine;
use carillon_domain::intake::Prepared;
use carillon_domain::phone::PhoneNumber;
use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;

/// Finds lines of one batch that say the same to the same recipient.
#[derive(Default)]
pub struct Duplicates {
    /// By a keyed hash of what is said to whom, the first line. The hash's key is of this batch: nobody can aim at collisions.
    first_lines: HashMap<u64, u32>,
    hash: RandomState,
}

impl Duplicates {
    /// Refuses the zero-based `line` when one of `lines` before it is the same message.
    pub fn check(
        &mut self,
        lines: &[Result<Prepared, RefusedLine>],
        line: u32,
        message: &Prepared,
    ) -> Result<(), RefusedLine> {
        let first = match self.first_lines.entry(self.hash.hash_one(Message::of(message))) {
            Entry::Vacant(entry) => {
                entry.insert(line);
                return Ok(());
            }
            Entry::Occupied(entry) => *entry.get(),
        };
        let same = lines
            .get(first as usize)
            .and_then(|line| line.as_ref().ok())
            .is_some_and(|earlier| Message::of(earlier) == Message::of(message));
        if !same {
            return Ok(());
        }
        let detail = format!("line {} says the same to the same recipient", first + 1);
        Err(RefusedLine {
            line,
            code: Code::DuplicateLine.word().into(),
            field: Default::default(),
            detail: detail.into(),
        })
    }
}

/// What makes two messages the same: whom they reach, and what the attempts say. When and how they leave does not count.
#[derive(Clone, Copy)]
struct Message<'a>(&'a Prepared);

#[derive(PartialEq, Eq, Hash)]
enum Said<'a> {
    Text(&'a str),
    Mail {
        address: &'a str,
        subject: &'a str,
        text: &'a str,
        html: Option<&'a str>,
    },
}

impl<'a> Message<'a> {
    fn of(prepared: &'a Prepared) -> Self {
        Message(prepared)
    }

    fn said(self) -> impl Iterator<Item = Said<'a>> {
        self.0.plan.iter().map(|attempt| match &attempt.content {
            Content::Text(content) => Said::Text(&content.text),
            Content::Mail(content) => Said::Mail {
                address: &content.address,
                subject: &content.subject,
                text: &content.text,
                html: content.html.as_deref(),
            },
        })
    }

    fn files(self) -> impl Iterator<Item = FileHash> {
        let mails = self.0.plan.iter().filter_map(|attempt| attempt.content.mail());
        mails.flat_map(|mail| mail.attachments.iter().map(|attachment| attachment.file))
    }

    fn to(self) -> Option<PhoneNumber> {
        self.0.to
    }
}

impl PartialEq for Message<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.to() == other.to() && self.said().eq(other.said()) && self.files().eq(other.files())
    }
}

impl std::hash::Hash for Message<'_> {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        self.to().hash(hasher);
        self.said().for_each(|said| said.hash(hasher));
    }
}
