use super::message::DemoMessage;
use carillon_domain::ids::MessageId;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// Ids that are remembered per account, to look some of them up.
const NEWEST: usize = 64;

/// What the hospital's systems were told.
#[derive(Debug, Default, Serialize)]
pub struct Told {
    pub accepted: BTreeMap<&'static str, u64>,
    /// By code.
    pub refused: BTreeMap<String, u64>,
    /// Requests that had to be refused and were not.
    pub wrongly_accepted: u64,
    /// Messages of requests that never got an answer.
    pub unanswered: u64,
    /// Messages that were not sent, because too many requests waited for their answers.
    pub skipped: u64,
    pub campaigns: u64,
    /// Campaigns that could not be brought under way.
    pub campaigns_failed: u64,
    pub receipts_read: u64,
    pub replies_read: u64,
    pub journeys_read: u64,
    #[serde(skip)]
    pub(super) newest: BTreeMap<&'static str, VecDeque<MessageId>>,
    /// `None`: nobody wants to know each one.
    #[serde(skip)]
    pub each: Option<Vec<Accepted>>,
}

/// A message that the server said it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub account: &'static str,
    pub phone: String,
    /// Its plan begins with a mail.
    pub by_mail: bool,
}

impl Told {
    /// Remembers each accepted message, for who counts again.
    pub fn with_each() -> Self {
        Told {
            each: Some(Vec::new()),
            ..Told::default()
        }
    }

    pub(super) fn accepted(&mut self, message: &DemoMessage, id: MessageId) {
        let account = message.account();
        self.accepted_one(Accepted {
            account,
            phone: message.to.phone.clone(),
            by_mail: message.stream().begins_with_mail,
        });
        let newest = self.newest.entry(account).or_default();
        if newest.len() >= NEWEST {
            newest.pop_front();
        }
        newest.push_back(id);
    }

    pub(super) fn accepted_one(&mut self, accepted: Accepted) {
        *self.accepted.entry(accepted.account).or_default() += 1;
        if let Some(each) = &mut self.each {
            each.push(accepted);
        }
    }

    pub(super) fn refused(&mut self, code: &str) {
        *self.refused.entry(code.to_owned()).or_default() += 1;
    }

    /// All messages that were accepted.
    pub fn all_accepted(&self) -> u64 {
        self.accepted.values().sum()
    }
}
