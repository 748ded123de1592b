//! What the web hands to a lane, and what the lane answers once it is durable (ACK-1).

use carillon_domain::catalog::CapPeriod;
use carillon_domain::fact::{IdempotencyKey, RefusedLine};
use carillon_domain::ids::{AccountId, MessageId};
use carillon_domain::intake::Prepared;
use carillon_domain::refusal::RefusalCode;

/// One message of one account, already checked as far as it can be without state.
#[derive(Debug)]
pub struct SingleIntake {
    pub account: AccountId,
    pub idempotency: Option<IdempotencyKey>,
    pub message: Prepared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SingleAnswer {
    pub id: MessageId,
    /// The idempotency key was known: this is the answer of the first request.
    pub repeated: bool,
}

/// A batch of one account. `lines` holds every line in order, the refused ones too.
#[derive(Debug)]
pub struct BatchIntake {
    pub account: AccountId,
    pub idempotency: Option<IdempotencyKey>,
    pub lines: Vec<Result<Prepared, RefusedLine>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchAnswer {
    /// Zero-based line and the id its message got, in line order.
    pub accepted: Vec<(u32, MessageId)>,
    /// In line order.
    pub refused: Vec<RefusedLine>,
    /// The idempotency key was known: this is the answer of the first request.
    pub repeated: bool,
}

/// Why a request as a whole was not taken. Nothing of it was kept, except by [`IntakeError::Interrupted`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    #[error("too much is waiting; try again in {retry_after_s} s")]
    Overloaded { retry_after_s: u32 },
    #[error("the disk is nearly full; intake is stopped")]
    DiskLow,
    #[error("the idempotency key stands over another body")]
    IdempotencyConflict,
    #[error("the daily quota of {quota} segments is used up")]
    QuotaExceeded { quota: u64 },
    #[error("the person has got {messages} messages of this type, as many as a {} allows", .period.word())]
    FrequencyCap { messages: u16, period: CapPeriod },
    #[error("as many people as can be counted have got messages of limited types")]
    CapsFull { retry_after_s: u32 },
    #[error("the account's organisation is restarting; try again in {retry_after_s} s")]
    TenantUnavailable { retry_after_s: u32 },
    #[error("the account was removed")]
    AccountRemoved,
    #[error("the service is stopping")]
    Stopping,
    #[error("the service ended before the request was durable; with an idempotency key a repeat is safe")]
    Interrupted,
}

impl IntakeError {
    /// The code of a line that what its person got before kept out.
    pub fn cap_code(&self) -> RefusalCode {
        match self {
            IntakeError::CapsFull { .. } => RefusalCode::CapsFull,
            _ => RefusalCode::FrequencyCap,
        }
    }
}
