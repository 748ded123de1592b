use super::request::{self, json_body, parse};
use super::steer::find;
use crate::http::Failure;
use crate::right::CampaignRight;
use crate::send::idempotency::KeyHash;
use crate::send::{idempotency, pressure};
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::{CampaignAnswer, Code, ResendRequest, ResendState};
use carillon_domain::campaign::{CampaignDraft, CampaignState, Resend};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, CampaignId};
use carillon_domain::intake::fingerprint;

const BODY_BYTES_MAX: usize = 4 * 1024;

/// `POST /v1/campaigns/{id}/resend`
pub async fn resend(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let account = right.account().id;
    let key = idempotency::from_header(&request, account)?;
    let (_, new) = again(&state, &request, payload, Some(account), key).await?;
    Ok(created(new))
}

/// Begins a campaign of the messages of one of `account`, or of any account when `None`, that ended without delivery. Gives
/// that one and the new one.
pub async fn again(
    state: &AppState,
    request: &HttpRequest,
    payload: web::Payload,
    account: Option<AccountId>,
    key: Option<KeyHash>,
) -> Result<(CampaignId, CampaignId), Failure> {
    pressure::check(state)?;
    let body = json_body(state, request, payload, BODY_BYTES_MAX).await?;
    let asked: ResendRequest = parse(&body)?;
    let (id, before) = find(state, request, account).await?;
    let before = before.campaign;
    // While it goes on, more of its messages may fail; they would be left out, or be sent twice by another resend.
    if !before.state.is_over() || before.tally.open() > 0 {
        let detail = format!(
            "the campaign is {} and {} of its messages have not ended",
            before.state.word(),
            before.tally.open()
        );
        return Err(Failure::new(Code::CampaignState, detail));
    }
    let states = asked.states.unwrap_or_else(|| vec![ResendState::Failed]);
    let draft = CampaignDraft {
        name: match &asked.name {
            Some(name) => request::name(name)?,
            None => before.draft.name.clone(),
        },
        rate: request::rate(asked.rate_per_second, "rate_per_second")?.or(before.draft.rate),
        schedule: None,
        resend: Some(Resend {
            of: id,
            states: states.into_iter().map(final_state).collect(),
        }),
        // Over the path as well: the same body for another campaign is another request.
        idempotency: key.map(|key| key.over(fingerprint(&[id.text().as_bytes(), &body].concat()))),
        ..(*before.draft).clone()
    };
    let (new, _) = state.lane.draft_campaign(draft).await?;
    Ok((id, new))
}

pub fn created(campaign: CampaignId) -> HttpResponse {
    HttpResponse::Created().json(CampaignAnswer {
        id: campaign.text(),
        state: CampaignState::Checking.word().to_owned(),
    })
}

fn final_state(state: ResendState) -> FinalState {
    match state {
        ResendState::Failed => FinalState::Failed,
        ResendState::Rejected => FinalState::Rejected,
        ResendState::Expired => FinalState::Expired,
        ResendState::Unknown => FinalState::Unknown,
    }
}
