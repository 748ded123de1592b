use super::Section;
use std::fmt;

/// One thing wrong in an apply file. All of them are reported together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyError {
    pub section: Section,
    /// The entry's name as the file gives it; of a template or strategy `organisation/name`.
    pub name: String,
    pub field: &'static str,
    pub problem: Problem,
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ApplyError {
            section,
            name,
            field,
            problem,
        } = self;
        write!(
            f,
            "{section} `{}`, {field}: {problem}; {}",
            name.escape_debug(),
            problem.advice()
        )
    }
}

impl std::error::Error for ApplyError {}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("is empty")]
    Empty,
    #[error("is given more than once: `{0}`", .value.escape_debug())]
    Duplicate { value: String },
    #[error("names the {section} `{}`, which the file does not have", .name.escape_debug())]
    Unknown { section: Section, name: String },
    #[error("has {length} characters, more than {length_max}")]
    TooLong { length: usize, length_max: usize },
    #[error("has {length} characters, less than {length_min}")]
    TooShort { length: usize, length_min: usize },
    #[error("is {value}, outside {min}…{max}")]
    OutOfRange { value: u64, min: u64, max: u64 },
    #[error("holds {character:?}, and only {allowed} are allowed")]
    Character { character: char, allowed: &'static str },
    #[error("begins or ends with white space")]
    Untrimmed,
    #[error("makes numbers of {length} digits on the connection `{connection}`, more than {length_max}")]
    NumberTooLong {
        connection: String,
        length: usize,
        length_max: usize,
    },
    #[error("is also the extension of the account `{account}` on the connection `{connection}`")]
    ExtensionTaken { account: String, connection: String },
    #[error("is also the key of the account `{account}`")]
    KeyTaken { account: String },
    #[error("cannot be read from {detail}")]
    Source { detail: String },
    #[error("is not a template: {detail}")]
    Template { detail: String },
    #[error("was `{from}` before; messages and keys belong to the organisation they were made in")]
    Moved { from: String },
    #[error("was {from} before; the messages under way are there")]
    LaneMoved { from: u16 },
    #[error(
        "grants the connection `{connection}` of lane {lane}, and the organisation is on lane {organisation_lane}"
    )]
    OtherLane {
        connection: String,
        lane: u16,
        organisation_lane: u16,
    },
    #[error("is not for {protocol}")]
    NotForProtocol { protocol: &'static str },
    #[error("is {value}, and a session with a mail relay has one mail in flight")]
    OneAtATime { value: u16 },
    #[error("is not a mail address")]
    MailAddress,
    #[error("is not the name of a host")]
    HostName,
    #[error("is not an http or https address with a host, without user name and fragment")]
    Url,
    #[error("mixes channels: `{first}` carries {first_kind}, `{second}` carries {second_kind}")]
    MixedKinds {
        first: String,
        first_kind: &'static str,
        second: String,
        second_kind: &'static str,
    },
    #[error("names the channel {channel}, which is not available in this version")]
    Unavailable { channel: &'static str },
    #[error("is not a plan: {detail}")]
    Plan { detail: String },
    #[error("has {count} entries, more than {count_max}")]
    TooMany { count: usize, count_max: usize },
    /// Never repeats the entry (PII-1).
    #[error("entry {number} {problem}")]
    ListEntry { number: usize, problem: &'static str },
    #[error("has {count} more entries that are wrong")]
    MoreEntries { count: usize },
    #[error("needs exactly one of {allowed}")]
    NotOne { allowed: &'static str },
    #[error("is to stay as it is stored, and nothing is stored")]
    NothingStored,
    #[error("finds no free id: all were used")]
    Exhausted,
}

impl Problem {
    /// What the operator can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Problem::Empty => "give it a value",
            Problem::Duplicate { .. } => "keep one of them, or give the others names of their own",
            Problem::Unknown { .. } => "add it, or correct the name",
            Problem::TooLong { .. } => "shorten it",
            Problem::TooShort { .. } => "take a longer one",
            Problem::OutOfRange { .. } => "choose a value inside",
            Problem::Character { .. } => "remove the character",
            Problem::Untrimmed => "remove the white space",
            Problem::NumberTooLong { .. } => "shorten the extension, or do not grant the connection",
            Problem::ExtensionTaken { .. } => "give each account its own, so that replies find it",
            Problem::KeyTaken { .. } => "give each account its own",
            Problem::Source { .. } => "provide it, or name another source",
            Problem::Template { .. } => "correct the text",
            Problem::Moved { .. } => "add an account under a new name instead",
            Problem::LaneMoved { .. } => "leave it, or add an organisation under a new name",
            Problem::OtherLane { .. } => {
                "do not grant it, or give the connection no lane or that of the organisation"
            }
            Problem::NotForProtocol { .. } => "remove it",
            Problem::OneAtATime { .. } => "leave it out, and set `sessions` for mails at the same time",
            Problem::MailAddress => "write it as name@host",
            Problem::HostName => "write it as labels between dots, e.g. bounces.example",
            Problem::Url => "write it as https://host/path",
            Problem::MixedKinds { .. } => "make a group for each channel",
            Problem::Unavailable { .. } => "use sms or mail",
            Problem::Plan { .. } => "correct the steps",
            Problem::TooMany { .. } => "divide it",
            Problem::ListEntry { .. } => "correct or remove it",
            Problem::MoreEntries { .. } => "correct the ones named first",
            Problem::NotOne { .. } => "keep one of them",
            Problem::NothingStored => "give the entries themselves",
            Problem::Exhausted => "change existing entries instead of adding new ones",
        }
    }
}
