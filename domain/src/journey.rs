//! A message's journey: everything a person or a caller may ask about one message, from acceptance to its end.
//!
//! Open messages produce it from the lane's columns, finished ones are stored in this form in the history.

use crate::campaign::CampaignLine;
use crate::content::Content;
use crate::fact::{CarrierId, FallbackReason, FinalState, IntentReason, StatusCode, UncertainCause};
use crate::ids::{AccountId, BusinessTypeId, ConnectionId, MessageId, TenantId};
use crate::phone::PhoneNumber;
use crate::policy::Waiting;
use crate::time::UnixMs;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    pub message: MessageId,
    pub tenant: TenantId,
    pub account: AccountId,
    pub business_type: BusinessTypeId,
    /// The person's number; `None` when only mail was sent.
    pub to: Option<PhoneNumber>,
    pub reference: Option<CompactString>,
    pub state: MessageState,
    /// Why it ended as it did: the carrier's raw code, or our own.
    pub cause: Option<StatusCode>,
    /// When it ended; `None` while open.
    pub final_at: Option<UnixMs>,
    pub campaign: Option<CampaignLine>,
    /// When the person was first known to have read it.
    pub read_at: Option<UnixMs>,
    /// What an open message waits for before something of it is written; not stored.
    #[serde(skip)]
    pub waiting: Option<Waiting>,
    /// The whole plan, in its order; never empty.
    pub attempts: Vec<AttemptJourney>,
}

impl Journey {
    /// What the person reads first: the text of a short message, the subject of a mail.
    pub fn headline(&self) -> &str {
        self.attempts
            .first()
            .map_or("", |attempt| attempt.content.headline())
    }

    /// The address of the plan's first mail.
    pub fn address(&self) -> Option<&str> {
        let mut mails = self.attempts.iter().filter_map(|attempt| attempt.content.mail());
        mails.next().map(|mail| &*mail.address)
    }

    /// Applies a correction. The message then has ended when the correction says.
    pub fn amend(&mut self, amendment: &Amendment) {
        self.state = MessageState::Final(amendment.state);
        self.cause.clone_from(&amendment.cause);
        self.final_at = Some(amendment.at);
    }
}

/// Accepted → Active → final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageState {
    Accepted,
    Active,
    Final(FinalState),
}

impl MessageState {
    /// The word used in the API and the interface's message files.
    pub fn word(self) -> &'static str {
        match self {
            MessageState::Accepted => "accepted",
            MessageState::Active => "active",
            MessageState::Final(FinalState::Delivered) => "delivered",
            MessageState::Final(FinalState::Sent) => "sent",
            MessageState::Final(FinalState::Failed) => "failed",
            MessageState::Final(FinalState::Rejected) => "rejected",
            MessageState::Final(FinalState::Cancelled) => "cancelled",
            MessageState::Final(FinalState::Expired) => "expired",
            MessageState::Final(FinalState::Unknown) => "unknown",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptJourney {
    pub kind: crate::plan::ChannelKind,
    pub content: Content,
    /// On what condition it starts; `None` for the first.
    pub when: Option<crate::plan::Condition>,
    pub start: AttemptStart,
    pub segments: Vec<SegmentJourney>,
}

/// Whether, when and why an attempt came to its turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AttemptStart {
    /// It has not, or never did: its condition was not met.
    NotYet,
    /// With the message itself.
    AtOnce,
    Fallback {
        reason: FallbackReason,
        at: UnixMs,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentJourney {
    pub state: SegmentWord,
    pub connection: Option<ConnectionId>,
    pub carrier_id: Option<CarrierId>,
    /// Raw code of the last refusal or receipt.
    pub code: Option<StatusCode>,
    /// Everything that happened to it, in order.
    pub steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentWord {
    Waiting,
    Intent,
    Submitted,
    Delivered,
    Failed,
    Expired,
    Rejected,
    Uncertain,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub at: UnixMs,
    pub what: StepKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StepKind {
    Intent {
        connection: ConnectionId,
        try_number: u8,
        reason: IntentReason,
    },
    Returned,
    Submitted {
        carrier_id: CarrierId,
    },
    Rejected {
        code: StatusCode,
        retried: bool,
    },
    Uncertain {
        cause: UncertainCause,
    },
    Receipt {
        status: StatusCode,
        error: StatusCode,
    },
}

/// A correction of a finished message by a late receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amendment {
    pub message: MessageId,
    pub state: FinalState,
    pub cause: Option<StatusCode>,
    pub at: UnixMs,
}
