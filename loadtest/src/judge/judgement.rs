use super::message::{End, Flags, Message, Told};
use crate::ledger::{AccountHeader, Summary};
use carillon_domain::ids::MessageId;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What is not a violation in a certain run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// Messages with an uncertain outcome: windows × cuts and crashes (UNC-1). `None` is without limit.
    pub uncertain_max: Option<u64>,
    /// The business type writes an uncertain segment once more.
    pub resends: bool,
    /// Other traffic ran beside this load.
    pub strangers: bool,
    /// Our records were not read: nothing is said about ends.
    pub without_records: bool,
}

/// The kinds of broken promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Violation {
    /// MSG-1: accepted, and neither at a carrier nor ended.
    Lost,
    /// MSG-1: at a carrier, but without an end.
    Unfinished,
    /// MSG-1: a segment is missing although the message counts as delivered or sent.
    Incomplete,
    /// DUP-1: a segment was written again although the carrier did not refuse it.
    Doubled,
    /// DUP-1: a segment with an uncertain outcome was written again against the policy.
    Resent,
    /// Our end is not what the carrier's acknowledged receipts say.
    WrongEnd,
    /// RCP-1: it ended more than once.
    EndedTwice,
    /// RCP-1: a correction moved it back.
    MovedBack,
    /// IDEM-1: a repeated request got another id.
    ToldTwice,
    /// Refused, and sent nevertheless.
    SentRefused,
    /// Sent, and nobody asked for it.
    Unasked,
    /// UNC-1: more uncertain outcomes than windows.
    TooManyUncertain,
    /// RATE-1: more segments in a sliding second than agreed.
    Rate,
    /// WIN-1: more unanswered requests on a session than agreed.
    Window,
}

const EXAMPLES_MAX: usize = 5;

#[derive(Clone, Debug, Default, Serialize)]
pub struct Found {
    pub count: u64,
    /// A few of them, in words.
    pub examples: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct AccountJudgement {
    pub header: Option<AccountHeader>,
    pub summary: Summary,
}

/// The result of a settlement.
#[derive(Clone, Debug, Serialize)]
pub struct Judgement {
    #[serde(skip)]
    tolerance: Tolerance,
    pub accepted: u64,
    pub refused: u64,
    pub unanswered: u64,
    pub delivered: u64,
    pub sent: u64,
    pub failed: u64,
    pub expired: u64,
    pub rejected: u64,
    pub cancelled: u64,
    pub unknown: u64,
    pub open: u64,
    /// Messages of whose outcome our records or the ledgers are not certain.
    pub uncertain: u64,
    /// Of these, how many never reached a carrier.
    pub uncertain_unsent: u64,
    /// Of these, how many have a receipt for every segment that our side acknowledged.
    pub uncertain_with_receipts: u64,
    /// A few of them, in words.
    pub uncertain_examples: Vec<String>,
    /// Ended by us without a segment at a carrier.
    pub ended_unsent: u64,
    /// Messages of which a segment was written once more, as the policy says. That it was uncertain stands in its journey.
    pub resent: u64,
    pub receipts_unacknowledged: u64,
    pub unjoined: u64,
    pub unmarked: u64,
    pub foreign: u64,
    pub violations: BTreeMap<Violation, Found>,
    pub accounts: Vec<AccountJudgement>,
}

impl Judgement {
    pub(super) fn new(tolerance: Tolerance) -> Self {
        Judgement {
            tolerance,
            accepted: 0,
            refused: 0,
            unanswered: 0,
            delivered: 0,
            sent: 0,
            failed: 0,
            expired: 0,
            rejected: 0,
            cancelled: 0,
            unknown: 0,
            open: 0,
            uncertain: 0,
            uncertain_unsent: 0,
            uncertain_with_receipts: 0,
            uncertain_examples: Vec::new(),
            ended_unsent: 0,
            resent: 0,
            receipts_unacknowledged: 0,
            unjoined: 0,
            unmarked: 0,
            foreign: 0,
            violations: BTreeMap::new(),
            accounts: Vec::new(),
        }
    }

    /// Nothing was broken.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    pub fn count(&self, violation: Violation) -> u64 {
        self.violations.get(&violation).map_or(0, |found| found.count)
    }

    fn found(&mut self, violation: Violation, count: u64, words: impl FnOnce() -> String) {
        let found = self.violations.entry(violation).or_default();
        found.count += count;
        if found.examples.len() < EXAMPLES_MAX {
            found.examples.push(words());
        }
    }

    pub(super) fn message(&mut self, marker: u64, message: &Message) {
        let words = || format!("#{marker} {}: {}", MessageId(message.id), message.words());
        let mut broken = Vec::new();
        match message.told {
            Told::Accepted => self.accepted_message(message, &mut broken),
            Told::Refused => {
                self.refused += 1;
                if message.total > 0 {
                    broken.push(Violation::SentRefused);
                }
            }
            Told::Unanswered => self.unanswered += 1,
            Told::Nothing if message.total > 0 && !self.tolerance.strangers => {
                broken.push(Violation::Unasked)
            }
            Told::Nothing => {}
        }
        let flags = [
            (Flags::ENDED_TWICE, Violation::EndedTwice),
            (Flags::MOVED_BACK, Violation::MovedBack),
            (Flags::TOLD_TWICE, Violation::ToldTwice),
        ];
        broken.extend(
            flags
                .iter()
                .filter(|(flag, _)| message.flags.has(*flag))
                .map(|(_, broken)| *broken),
        );
        // A carrier's answer that a crash keeps from being recorded leaves the segment uncertain for us, answered for the carrier.
        let again = message.flags.has(Flags::RESENT) || message.flags.has(Flags::DOUBLED);
        match self.tolerance.resends {
            true => self.resent += u64::from(again),
            false if message.flags.has(Flags::DOUBLED) => broken.push(Violation::Doubled),
            false if again => broken.push(Violation::Resent),
            false => {}
        }
        if message.is_uncertain() {
            self.uncertain_unsent += u64::from(message.total == 0);
            let reported = message.total > 0 && message.delivered | message.failed == message.all();
            self.uncertain_with_receipts += u64::from(reported);
            if self.uncertain_examples.len() < EXAMPLES_MAX {
                self.uncertain_examples.push(words());
            }
        }
        self.receipts_unacknowledged += u64::from(message.flags.has(Flags::UNACKNOWLEDGED));
        for violation in broken {
            self.found(violation, 1, words);
        }
    }

    fn accepted_message(&mut self, message: &Message, broken: &mut Vec<Violation>) {
        self.accepted += 1;
        let counter = match message.end {
            End::Open => &mut self.open,
            End::Delivered => &mut self.delivered,
            End::Sent => &mut self.sent,
            End::Failed => &mut self.failed,
            End::Expired => &mut self.expired,
            End::Rejected => &mut self.rejected,
            End::Cancelled => &mut self.cancelled,
            End::Unknown | End::Uncertain => &mut self.unknown,
        };
        *counter += 1;
        let written = message.written();
        let nowhere = written == 0 && message.refused == 0;
        if self.tolerance.without_records {
            if nowhere {
                broken.push(Violation::Lost);
            }
            return;
        }
        match message.end {
            End::Unknown | End::Uncertain => self.uncertain += 1,
            End::Open if nowhere => broken.push(Violation::Lost),
            End::Open => broken.push(Violation::Unfinished),
            End::Delivered | End::Sent if written != message.all() || message.total == 0 => {
                broken.push(Violation::Incomplete);
            }
            _ if nowhere => self.ended_unsent += 1,
            _ => {}
        }
        if ends_otherwise(message) {
            broken.push(Violation::WrongEnd);
        }
    }

    pub(super) fn account(&mut self, account: AccountJudgement) {
        if let Some((header, contract)) = account
            .header
            .as_ref()
            .and_then(|h| Some((h.clone(), h.contract?)))
        {
            let Summary {
                peak_per_second,
                peak_at_us,
                peak_in_flight,
                ..
            } = account.summary;
            let name = format!("{}/{}", header.carrier, header.login);
            if peak_per_second > contract.rate_limit() {
                let limit = contract.rate_limit();
                self.found(Violation::Rate, 1, || {
                    format!("{name}: {peak_per_second} in the second up to {peak_at_us} µs, allowed {limit}")
                });
            }
            if peak_in_flight > contract.window {
                self.found(Violation::Window, 1, || {
                    format!("{name}: {peak_in_flight} unanswered, allowed {}", contract.window)
                });
            }
        }
        self.accounts.push(account);
    }

    /// Adds what can only be said about the whole.
    pub(super) fn conclude(mut self) -> Self {
        if self.unjoined > 0 && !self.tolerance.strangers {
            let count = self.unjoined;
            self.found(Violation::Unasked, count, || {
                "segments without a marker of this run".to_owned()
            });
        }
        if let Some(max) = self.tolerance.uncertain_max.filter(|max| self.uncertain > *max) {
            let uncertain = self.uncertain;
            self.found(Violation::TooManyUncertain, 1, || {
                format!("{uncertain}, allowed {max}")
            });
        }
        self
    }
}

/// Whether our records contradict the acknowledged receipts.
fn ends_otherwise(message: &Message) -> bool {
    // Without an answer a receipt may not have found its segment; with an unknown status anything may follow.
    if message.unanswered != 0 || message.flags.has(Flags::ODD_STATUS) {
        return message.end == End::Delivered && message.failed & !message.delivered != 0;
    }
    let refused = message.refused & !message.accepted;
    match message.end {
        End::Delivered => !message.all_delivered(),
        End::Failed | End::Rejected => message.failed == 0 && refused == 0 && message.accepted != 0,
        End::Expired => message.all_delivered(),
        _ => false,
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "told:    {} accepted, {} refused, {} unanswered",
            self.accepted, self.refused, self.unanswered
        )?;
        if !self.tolerance.without_records {
            writeln!(
                f,
                "ended:   {} delivered, {} sent, {} failed, {} expired, {} rejected, {} cancelled, {} unknown, {} open",
                self.delivered,
                self.sent,
                self.failed,
                self.expired,
                self.rejected,
                self.cancelled,
                self.unknown,
                self.open
            )?;
        }
        writeln!(
            f,
            "besides: {} uncertain ({} never at a carrier, {} with all receipts acknowledged), {} ended unsent, \
             {} resent, {} with a receipt not acknowledged, {} segments not joined, {} lines without a marker",
            self.uncertain,
            self.uncertain_unsent,
            self.uncertain_with_receipts,
            self.ended_unsent,
            self.resent,
            self.receipts_unacknowledged,
            self.unjoined,
            self.unmarked
        )?;
        for AccountJudgement { header, summary } in &self.accounts {
            let name = header.as_ref().map_or_else(
                || summary.account.to_string(),
                |header| format!("{}/{}", header.carrier, header.login),
            );
            writeln!(
                f,
                "carrier: {name}: {} segments, {} accepted, {} refused, {} unanswered; most in a second {}, in flight {}",
                summary.segments,
                summary.accepted,
                summary.refused,
                summary.unanswered,
                summary.peak_per_second,
                summary.peak_in_flight
            )?;
        }
        for example in &self.uncertain_examples {
            writeln!(f, "unclear: {example}")?;
        }
        if self.is_clean() {
            return writeln!(f, "clean:   every promise was kept");
        }
        for (violation, found) in &self.violations {
            writeln!(f, "BROKEN:  {violation:?}: {}", found.count)?;
            for example in &found.examples {
                writeln!(f, "         {example}")?;
            }
        }
        Ok(())
    }
}
