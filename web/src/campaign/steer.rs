use super::failure::not_found;
use super::request::{self, json_body, parse};
use crate::http::{Failure, time};
use crate::right::CampaignRight;
use crate::state::AppState;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::campaign::CampaignView;
use carillon_api::{CampaignAnswer, RateRequest, ScheduleRequest};
use carillon_domain::campaign::CampaignChange;
use carillon_domain::ids::{AccountId, CampaignId};

const SMALL_BODY_BYTES_MAX: usize = 4 * 1024;

/// `POST /v1/campaigns/{id}/start`
pub async fn start(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(
        &state,
        &request,
        Some(right.account().id),
        CampaignChange::Started,
    )
    .await
}

/// `POST /v1/campaigns/{id}/pause`
pub async fn pause(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(&state, &request, Some(right.account().id), CampaignChange::Paused).await
}

/// `POST /v1/campaigns/{id}/resume`
pub async fn resume(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(
        &state,
        &request,
        Some(right.account().id),
        CampaignChange::Resumed,
    )
    .await
}

/// `POST /v1/campaigns/{id}/stop`
pub async fn stop(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(
        &state,
        &request,
        Some(right.account().id),
        CampaignChange::Stopped,
    )
    .await
}

/// `PUT /v1/campaigns/{id}/rate`
pub async fn rate(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let rate = asked_rate(&state, &request, payload).await?;
    let account = Some(right.account().id);
    change(&state, &request, account, CampaignChange::Rate(rate)).await
}

/// `PUT /v1/campaigns/{id}/schedule`
pub async fn schedule(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let body = json_body(&state, &request, payload, SMALL_BODY_BYTES_MAX).await?;
    let asked: ScheduleRequest = parse(&body)?;
    let schedule = request::schedule(&asked, "", time::now())?;
    let account = Some(right.account().id);
    change(&state, &request, account, CampaignChange::Scheduled(schedule)).await
}

/// Messages a second; `None` for no bound.
pub async fn asked_rate(
    state: &AppState,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Option<u32>, Failure> {
    let body = json_body(state, request, payload, SMALL_BODY_BYTES_MAX).await?;
    let asked: RateRequest = parse(&body)?;
    request::rate(asked.per_second, "per_second")
}

/// Records the change and answers with the state after it.
async fn change(
    state: &AppState,
    request: &HttpRequest,
    account: Option<AccountId>,
    change: CampaignChange,
) -> Result<HttpResponse, Failure> {
    let id = id_of(request)?;
    state.lane.change_campaign(account, id, change).await?;
    answer(state, account, id, StatusCode::OK).await
}

pub async fn answer(
    state: &AppState,
    account: Option<AccountId>,
    id: CampaignId,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let campaign = state.lane.campaign(account, id).await?.ok_or_else(not_found)?;
    Ok(HttpResponse::build(status).json(CampaignAnswer {
        id: id.text(),
        state: campaign.campaign.state.word().to_owned(),
    }))
}

/// The campaign that the path names; one of another account is not found.
pub async fn find(
    state: &AppState,
    request: &HttpRequest,
    account: Option<AccountId>,
) -> Result<(CampaignId, CampaignView), Failure> {
    let id = id_of(request)?;
    let found = state.lane.campaign(account, id).await?;
    Ok((id, found.ok_or_else(not_found)?))
}

pub fn id_of(request: &HttpRequest) -> Result<CampaignId, Failure> {
    let text = request.match_info().get("id").unwrap_or_default();
    CampaignId::of_text(text).map_err(|_| not_found())
}
