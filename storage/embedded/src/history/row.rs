use super::code;
use carillon_domain::ids::{AccountId, BusinessTypeId, MessageId, TemplateId, TenantId};
use carillon_domain::journey::{AttemptJourney, Journey};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::time::UnixMs;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The form of [`Body`] this code writes.
const BODY_VERSION: u8 = 1;

/// A journey as it is stored: columns for what is searched, the rest as one text of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub id: u64,
    pub phone: u64,
    pub tenant: u32,
    pub account: u32,
    pub state: u8,
    pub final_at: Option<u64>,
    /// A version byte and the rest of the journey in postcard's form.
    pub body: Vec<u8>,
}

#[derive(Serialize)]
struct Body<'j> {
    business_type: BusinessTypeId,
    template: Option<TemplateId>,
    text: &'j str,
    reference: Option<&'j str>,
    cause: Option<&'j str>,
    attempts: &'j [AttemptJourney],
}

#[derive(Deserialize)]
struct OwnedBody {
    business_type: BusinessTypeId,
    template: Option<TemplateId>,
    text: Box<str>,
    reference: Option<CompactString>,
    cause: Option<CompactString>,
    attempts: Vec<AttemptJourney>,
}

/// Replaces `body` with the stored form of what has no column.
pub(super) fn encode_body(journey: &Journey, body: &mut Vec<u8>) -> Result<(), postcard::Error> {
    body.clear();
    body.push(BODY_VERSION);
    let rest = Body {
        business_type: journey.business_type,
        template: journey.template,
        text: &journey.text,
        reference: journey.reference.as_deref(),
        cause: journey.cause.as_deref(),
        attempts: &journey.attempts,
    };
    *body = postcard::to_extend(&rest, std::mem::take(body))?;
    Ok(())
}

impl Row {
    /// The journey, or what is wrong with the row.
    pub fn decode(&self) -> Result<Journey, String> {
        let body = match self.body.split_first() {
            Some((&BODY_VERSION, rest)) => postcard::from_bytes::<OwnedBody>(rest),
            Some((version, _)) => return Err(format!("message {:016x} has form {version}", self.id)),
            None => return Err(format!("message {:016x} is empty", self.id)),
        };
        let body = body.map_err(|error| format!("message {:016x}: {error}", self.id))?;
        let state = code::decode(self.state);
        let state = state.ok_or_else(|| format!("message {:016x} has state {}", self.id, self.state))?;
        let to = PhoneNumber::from_e164(self.phone);
        let to = to.map_err(|error| format!("the number of message {:016x}: {error}", self.id))?;
        Ok(Journey {
            message: MessageId(self.id),
            tenant: TenantId(self.tenant),
            account: AccountId(self.account),
            business_type: body.business_type,
            template: body.template,
            to,
            text: body.text,
            reference: body.reference,
            state,
            cause: body.cause,
            final_at: self.final_at.map(UnixMs),
            attempts: body.attempts,
        })
    }
}
