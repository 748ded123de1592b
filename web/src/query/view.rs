use super::words;
use crate::http::time::rfc3339;
use carillon_api::{
    AttemptView, CampaignLineView, MessageView, SegmentView, StepView, StepWhat, WaitingView,
};
use carillon_domain::catalog::Compiled;
use carillon_domain::content::{Content, masked_address};
use carillon_domain::fact::CarrierId;
use carillon_domain::ids::{AccountId, ConnectionId, TenantId};
use carillon_domain::journey::{
    AttemptJourney, AttemptStart, Journey, MessageState, SegmentJourney, Step, StepKind,
};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::plan::ConditionEntry;
use carillon_domain::time::UnixMs;
use serde::Deserialize;

/// How numbers and addresses are shown (PII-1): masked, or whole as people write them, which is without +86 for Chinese ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Numbers {
    Masked,
    Full,
}

impl Numbers {
    pub fn show(self, number: PhoneNumber) -> String {
        match self {
            Numbers::Masked => number.masked().to_string(),
            Numbers::Full => match number.national() {
                Some(national) => national.to_string(),
                None => number.e164().to_string(),
            },
        }
    }

    pub fn show_address(self, address: &str) -> String {
        match self {
            Numbers::Masked => masked_address(address),
            Numbers::Full => address.to_owned(),
        }
    }
}

/// How much of a person a caller is shown (PII-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    pub numbers: Numbers,
    /// What is said to the person.
    pub contents: bool,
}

/// Stands for what is not shown.
const HIDDEN: &str = "***";

impl Shown {
    /// An account's own messages.
    pub const OWN: Shown = Shown {
        numbers: Numbers::Masked,
        contents: true,
    };

    fn content(self, text: &str) -> String {
        let text = if self.contents { text } else { HIDDEN };
        text.to_owned()
    }
}

/// A journey with names instead of ids. A name that the configuration no longer has is shown as `#` and the id.
pub fn view(journey: &Journey, catalog: &Compiled, shown: Shown) -> MessageView {
    let numbers = shown.numbers;
    let names = Names(catalog);
    MessageView {
        id: journey.message,
        status: journey.state.word().to_owned(),
        is_final: matches!(journey.state, MessageState::Final(_)),
        to: journey.to.map(|to| numbers.show(to)),
        mail: journey.address().map(|address| numbers.show_address(address)),
        text: shown.content(journey.headline()),
        account: account_name(catalog, journey.account),
        business_type: named(
            catalog
                .business_type(journey.business_type)
                .map(|b| b.name.as_str()),
            journey.business_type,
        ),
        template: journey
            .attempts
            .first()
            .and_then(|attempt| attempt.content.template())
            .map(|id| named(catalog.snapshot().templates.get(&id).map(|t| t.name.as_str()), id)),
        reference: journey.reference.as_ref().map(ToString::to_string),
        campaign: journey.campaign.map(|at| CampaignLineView {
            id: at.campaign.text(),
            line: at.line.saturating_add(1),
        }),
        cause: journey.cause.as_ref().map(ToString::to_string),
        accepted_at: rfc3339(UnixMs(journey.message.unix_ms())),
        final_at: journey.final_at.map(rfc3339),
        read_at: journey.read_at.map(rfc3339),
        waiting: journey.waiting.map(|waiting| WaitingView {
            why: waiting.why.word().to_owned(),
            until: rfc3339(waiting.until),
        }),
        attempts: journey
            .attempts
            .iter()
            .map(|one| attempt(one, journey, shown, &names))
            .collect(),
    }
}

fn attempt(attempt: &AttemptJourney, journey: &Journey, shown: Shown, names: &Names<'_>) -> AttemptView {
    let started_at = match attempt.start {
        AttemptStart::NotYet => None,
        AttemptStart::AtOnce => Some(UnixMs(journey.message.unix_ms())),
        AttemptStart::Fallback { at, .. } => Some(at),
    };
    let (text, mail) = match &attempt.content {
        Content::Text(content) => (&content.text, None),
        Content::Mail(mail) => (&mail.text, Some(mail)),
    };
    AttemptView {
        channel: words::channel(attempt.kind).to_owned(),
        when: attempt.when.as_ref().map(words::condition),
        condition: attempt.when.clone().map(ConditionEntry),
        start: words::start(&attempt.start),
        fallback: match &attempt.start {
            AttemptStart::Fallback { reason, .. } => Some(words::fallback(reason)),
            AttemptStart::NotYet | AttemptStart::AtOnce => None,
        },
        started_at: started_at.map(rfc3339),
        mail: mail.map(|mail| shown.numbers.show_address(&mail.address)),
        subject: mail.map(|mail| shown.content(&mail.subject)),
        text: shown.content(text),
        attachments: mail
            .into_iter()
            .flat_map(|mail| &mail.attachments)
            .map(|attachment| shown.content(&attachment.name))
            .collect(),
        segments: (1..)
            .zip(&attempt.segments)
            .map(|(number, s)| segment(number, s, names))
            .collect(),
    }
}

fn segment(number: u32, segment: &SegmentJourney, names: &Names<'_>) -> SegmentView {
    SegmentView {
        number,
        status: words::segment(segment.state).to_owned(),
        connection: segment.connection.map(|id| names.connection(id)),
        carrier_id: segment.carrier_id.as_ref().map(carrier_id),
        code: segment.code.as_ref().map(ToString::to_string),
        steps: segment.steps.iter().map(|s| step(s, names)).collect(),
    }
}

fn step(step: &Step, names: &Names<'_>) -> StepView {
    let told = |what, words: String| StepView {
        at: rfc3339(step.at),
        what,
        words,
        reason: None,
        try_number: None,
        connection: None,
        code: None,
        error: None,
    };
    match &step.what {
        StepKind::Intent {
            connection,
            try_number,
            reason,
        } => {
            let connection = names.connection(*connection);
            let why = words::intent(*reason);
            let words = format!("written to {connection}, try {try_number}: {why}");
            StepView {
                reason: Some(words::intent_reason(*reason).to_owned()),
                try_number: Some(*try_number),
                connection: Some(connection),
                ..told(StepWhat::Intent, words)
            }
        }
        StepKind::Returned => {
            let words = "not a byte left: it may go by another connection";
            told(StepWhat::Returned, words.to_owned())
        }
        StepKind::Submitted { carrier_id: id } => {
            let words = format!("taken by the carrier as {}", carrier_id(id));
            told(StepWhat::Submitted, words)
        }
        StepKind::Rejected { code, retried } => {
            let (reason, then) = if *retried {
                ("retried", "written again after a pause")
            } else {
                ("failed", "the segment has failed")
            };
            let words = format!("refused by the carrier with {code}: {then}");
            StepView {
                reason: Some(reason.to_owned()),
                code: Some(code.to_string()),
                ..told(StepWhat::Rejected, words)
            }
        }
        StepKind::Uncertain { cause } => StepView {
            reason: Some(words::uncertain_reason(*cause).to_owned()),
            ..told(StepWhat::Uncertain, words::uncertain(*cause).to_owned())
        },
        StepKind::Receipt { status, error } => {
            let error = Some(error.to_string()).filter(|error| !error.is_empty());
            let beside = error.as_ref().map(|error| format!(", error {error}"));
            let words = format!("receipt {status}{}", beside.unwrap_or_default());
            StepView {
                code: Some(status.to_string()),
                error,
                ..told(StepWhat::Receipt, words)
            }
        }
    }
}

fn carrier_id(id: &CarrierId) -> String {
    match id {
        CarrierId::Number(number) => number.to_string(),
        CarrierId::Text(text) => text.to_string(),
    }
}

struct Names<'a>(&'a Compiled);

impl Names<'_> {
    fn connection(&self, id: ConnectionId) -> String {
        connection_name(self.0, id)
    }
}

pub fn connection_name(catalog: &Compiled, id: ConnectionId) -> String {
    named(
        catalog.snapshot().connections.get(&id).map(|c| c.name.as_str()),
        id,
    )
}

pub fn account_name(catalog: &Compiled, id: AccountId) -> String {
    named(catalog.account(id).map(|account| account.name.as_str()), id)
}

pub fn organisation_name(catalog: &Compiled, id: TenantId) -> String {
    let organisation = catalog.snapshot().organisations.get(&id);
    named(organisation.map(|organisation| organisation.name.as_str()), id)
}

fn named(name: Option<&str>, id: impl std::fmt::Display) -> String {
    name.map_or_else(|| format!("#{id}"), str::to_owned)
}
