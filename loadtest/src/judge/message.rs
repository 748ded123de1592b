use crate::ledger::{Answer, Part, Record};

/// Segments of one message that can be told apart; a plan never has more.
pub const SEGMENTS_MAX: u8 = 32;

/// Everything known about one message, in 40 bytes: runs have tens of millions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message {
    /// 0 as long as it was not accepted.
    pub id: u64,
    /// Segments by number: bit 0 is the first.
    pub accepted: u32,
    pub unanswered: u32,
    pub refused: u32,
    /// By acknowledged receipts.
    pub delivered: u32,
    pub failed: u32,
    /// Milliseconds after the settlement's start; 0 for never.
    pub first_arrival_ms: u32,
    pub last_receipt_ms: u32,
    pub total: u8,
    pub told: Told,
    pub end: End,
    pub flags: Flags,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Told {
    #[default]
    Nothing,
    Accepted,
    Refused,
    Unanswered,
}

/// How our own records say it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    #[default]
    Open,
    Delivered,
    Sent,
    Failed,
    Expired,
    Rejected,
    Cancelled,
    Unknown,
    /// Not ended, and our records say that a segment's outcome is uncertain.
    Uncertain,
}

impl End {
    /// From the word of the API.
    pub fn from_word(word: &str) -> Self {
        match word {
            "delivered" => End::Delivered,
            "sent" => End::Sent,
            "failed" => End::Failed,
            "expired" => End::Expired,
            "rejected" => End::Rejected,
            "cancelled" => End::Cancelled,
            "unknown" => End::Unknown,
            _ => End::Open,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// A receipt said that a segment expired.
    pub const EXPIRED: Flags = Flags(1);
    /// A segment stands twice in the ledgers although the carrier did not refuse it.
    pub const DOUBLED: Flags = Flags(2);
    /// A segment was written again after it went unanswered.
    pub const RESENT: Flags = Flags(4);
    /// It ended more than once in our records.
    pub const ENDED_TWICE: Flags = Flags(8);
    /// A correction moved it back (RCP-1).
    pub const MOVED_BACK: Flags = Flags(16);
    /// The same line was told two different ids (IDEM-1).
    pub const TOLD_TWICE: Flags = Flags(32);
    /// A receipt was written and never acknowledged.
    pub const UNACKNOWLEDGED: Flags = Flags(64);
    /// A receipt has a status of which nobody knows what follows.
    pub const ODD_STATUS: Flags = Flags(128);

    pub fn set(&mut self, flag: Flags) {
        self.0 |= flag.0;
    }

    pub fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }
}

/// What a receipt's status means.
enum Fate {
    Delivered,
    Expired,
    Failed,
    Pending,
    Odd,
}

fn fate(status: &str) -> Fate {
    match status {
        "DELIVRD" => Fate::Delivered,
        "EXPIRED" => Fate::Expired,
        "UNDELIV" | "DELETED" | "REJECTD" => Fate::Failed,
        "ACCEPTD" | "ENROUTE" | "UNKNOWN" => Fate::Pending,
        // `XX:nnnn` (CMPP 3.0 §8.4.5.1).
        code if code.as_bytes().get(2) == Some(&b':') => Fate::Failed,
        _ => Fate::Odd,
    }
}

impl Message {
    /// Adds one record of a ledger. False if its segment number cannot be.
    pub fn arrived(&mut self, record: &Record, start_us: u64) -> bool {
        let part = record.part.unwrap_or(Part {
            reference: 0,
            total: 1,
            number: 1,
        });
        if part.number == 0 || part.number > part.total || part.total > SEGMENTS_MAX {
            return false;
        }
        let bit = 1 << (part.number - 1);
        self.total = self.total.max(part.total);
        let after_start =
            |at_us: u64| (at_us.saturating_sub(start_us) / 1_000).clamp(1, u64::from(u32::MAX)) as u32;
        let arrival = after_start(record.at_us);
        if self.first_arrival_ms == 0 || arrival < self.first_arrival_ms {
            self.first_arrival_ms = arrival;
        }
        match record.answer {
            Answer::Refused(_) => self.refused |= bit,
            Answer::Accepted | Answer::None => {
                let unanswered = record.answer == Answer::None;
                if self.accepted & bit != 0 && !unanswered {
                    self.flags.set(Flags::DOUBLED);
                } else if (self.accepted | self.unanswered) & bit != 0 {
                    self.flags.set(Flags::RESENT);
                }
                let seen = if unanswered {
                    &mut self.unanswered
                } else {
                    &mut self.accepted
                };
                *seen |= bit;
            }
        }
        for receipt in &record.receipts {
            let Some(at_us) = receipt.acknowledged_us else {
                self.flags.set(Flags::UNACKNOWLEDGED);
                continue;
            };
            match fate(&receipt.status) {
                Fate::Delivered => self.delivered |= bit,
                Fate::Expired => {
                    self.failed |= bit;
                    self.flags.set(Flags::EXPIRED);
                }
                Fate::Failed => self.failed |= bit,
                Fate::Pending => continue,
                Fate::Odd => self.flags.set(Flags::ODD_STATUS),
            }
            self.last_receipt_ms = self.last_receipt_ms.max(after_start(at_us));
        }
        true
    }

    /// Our records tell its end, or a correction of it.
    pub fn ended(&mut self, end: End, amended: bool) {
        if !amended && self.end != End::Open {
            self.flags.set(Flags::ENDED_TWICE);
        }
        // Only these may be corrected.
        if amended && !matches!(self.end, End::Sent | End::Expired | End::Unknown) {
            self.flags.set(Flags::MOVED_BACK);
        }
        self.end = end;
    }

    /// What is known, for a report.
    pub fn words(&self) -> String {
        let Message {
            accepted,
            unanswered,
            refused,
            delivered,
            failed,
            total,
            end,
            ..
        } = self;
        format!(
            "{end:?} in our records; of {total} segments accepted {accepted:b}, unanswered {unanswered:b}, refused \
             {refused:b}, delivered {delivered:b}, failed {failed:b}"
        )
    }

    /// All segments of which the ledgers know that there must be.
    pub fn all(&self) -> u32 {
        match self.total {
            0 => 0,
            total => u32::MAX >> (SEGMENTS_MAX - total),
        }
    }

    /// Segments that a carrier has or may have.
    pub fn written(&self) -> u32 {
        self.accepted | self.unanswered
    }

    /// Accepted, and nobody knows whether a segment of it arrived.
    pub fn is_uncertain(&self) -> bool {
        self.told == Told::Accepted && matches!(self.end, End::Unknown | End::Uncertain)
    }

    pub fn all_delivered(&self) -> bool {
        self.total > 0 && self.delivered == self.all()
    }
}
