use super::code;
use carillon_domain::campaign::CampaignLine;
use carillon_domain::ids::{AccountId, BusinessTypeId, CampaignId, MessageId, TenantId};
use carillon_domain::journey::{AttemptJourney, Journey};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::time::UnixMs;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The form of [`Body`] this code writes.
const BODY_VERSION: u8 = 3;

/// Stands where a message has no number.
pub const NO_PHONE: u64 = 0;

/// A journey as it is stored: columns for what is searched, the rest as one text of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub id: u64,
    /// 0 for none.
    pub phone: u64,
    pub tenant: u32,
    pub account: u32,
    /// A number of the module `code`.
    pub state: u8,
    pub final_at: Option<u64>,
    pub campaign: Option<u32>,
    /// The line of the campaign; there with it.
    pub line: Option<u32>,
    /// The hash of the address by which it is found.
    pub mail: Option<i64>,
    /// A version byte and the rest of the journey in postcard's form.
    pub body: Vec<u8>,
}

/// By which messages to an address are found. Two addresses may have the same, so that what is found is compared.
pub fn mail_hash(address: &str) -> i64 {
    // FNV-1a: it stands on the disk, so it must stay the same; nobody gains by making two addresses meet.
    let hash = address.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash as i64
}

#[derive(Serialize)]
struct Body<'j> {
    business_type: BusinessTypeId,
    reference: Option<&'j str>,
    cause: Option<&'j str>,
    read_at: Option<UnixMs>,
    attempts: &'j [AttemptJourney],
}

#[derive(Deserialize)]
struct OwnedBody {
    business_type: BusinessTypeId,
    reference: Option<CompactString>,
    cause: Option<CompactString>,
    read_at: Option<UnixMs>,
    attempts: Vec<AttemptJourney>,
}

/// Replaces `body` with the stored form of what has no column.
pub fn encode_body(journey: &Journey, body: &mut Vec<u8>) -> Result<(), postcard::Error> {
    body.clear();
    body.push(BODY_VERSION);
    let rest = Body {
        business_type: journey.business_type,
        reference: journey.reference.as_deref(),
        cause: journey.cause.as_deref(),
        read_at: journey.read_at,
        attempts: &journey.attempts,
    };
    *body = postcard::to_extend(&rest, std::mem::take(body))?;
    Ok(())
}

impl Row {
    /// The stored form of what of a journey has no column.
    pub fn body_of(journey: &Journey) -> Result<Vec<u8>, postcard::Error> {
        let mut body = Vec::new();
        encode_body(journey, &mut body)?;
        Ok(body)
    }

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
        let to = match self.phone {
            NO_PHONE => None,
            phone => Some(
                PhoneNumber::from_e164(phone)
                    .map_err(|error| format!("the number of message {:016x}: {error}", self.id))?,
            ),
        };
        let campaign = self.campaign.zip(self.line).map(|(campaign, line)| CampaignLine {
            campaign: CampaignId(campaign),
            line,
        });
        Ok(Journey {
            message: MessageId(self.id),
            tenant: TenantId(self.tenant),
            account: AccountId(self.account),
            business_type: body.business_type,
            to,
            reference: body.reference,
            state,
            cause: body.cause,
            final_at: self.final_at.map(UnixMs),
            campaign,
            read_at: body.read_at,
            waiting: None,
            attempts: body.attempts,
        })
    }
}
