use super::list::everyone;
use super::refused::{one_page, whole_list};
use super::resend::again;
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
    everyone(&state, &request).await
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

/// `POST /v1/admin/campaigns/{id}/start`
pub async fn start(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(&state, &request, None, CampaignChange::Started).await
}

/// `POST /v1/admin/campaigns/{id}/resend`
pub async fn resend(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    again(&state, &request, payload, None, None).await
}

/// `GET /v1/admin/campaigns/{id}/refused`
pub async fn refused(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    one_page(&state, &request, None).await
}

/// `GET /v1/admin/campaigns/{id}/refused.csv`
pub async fn refused_csv(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    whole_list(&state, &request, None).await
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
