use super::list::page;
use super::steer::{change, change_rate, find};
use super::view::view;
use crate::http::Failure;
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_domain::campaign::CampaignChange;

/// `GET /v1/admin/campaigns`
pub async fn list(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    page(&state, &state.lane.catalog(), &request, None).await
}

/// `GET /v1/admin/campaigns/{id}`
pub async fn show(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let (_, campaign) = find(&state, &request, None).await?;
    Ok(HttpResponse::Ok().json(view(&campaign, &state.lane.catalog())))
}

/// `POST /v1/admin/campaigns/{id}/pause`
pub async fn pause(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(&state, &request, None, CampaignChange::Paused).await
}

/// `POST /v1/admin/campaigns/{id}/resume`
pub async fn resume(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(&state, &request, None, CampaignChange::Resumed).await
}

/// `POST /v1/admin/campaigns/{id}/stop`
pub async fn stop(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(&state, &request, None, CampaignChange::Stopped).await
}

/// `PUT /v1/admin/campaigns/{id}/rate`
pub async fn rate(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    change_rate(&state, &request, payload, None).await
}
