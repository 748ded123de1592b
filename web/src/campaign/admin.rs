use super::list::everyone;
use super::refused::{one_page, whole_list};
use super::resend::{again, created};
use super::steer::{answer, asked_rate, find, id_of};
use super::view::view;
use crate::http::Failure;
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::http::StatusCode;
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
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(&right, &state, &request, "start", CampaignChange::Started).await
}

/// `POST /v1/admin/campaigns/{id}/resend`
pub async fn resend(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let (of, new) = again(&state, &request, payload, None, None).await?;
    tracing::info!(target: "carillon::audit", operator = right.name(), verb = "resend", what = of.text(), new = new.text(), "campaign");
    Ok(created(new))
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
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(&right, &state, &request, "pause", CampaignChange::Paused).await
}

/// `POST /v1/admin/campaigns/{id}/resume`
pub async fn resume(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(&right, &state, &request, "resume", CampaignChange::Resumed).await
}

/// `POST /v1/admin/campaigns/{id}/stop`
pub async fn stop(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    change(&right, &state, &request, "stop", CampaignChange::Stopped).await
}

/// `PUT /v1/admin/campaigns/{id}/rate`
pub async fn rate(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let rate = asked_rate(&state, &request, payload).await?;
    change(&right, &state, &request, "rate", CampaignChange::Rate(rate)).await
}

async fn change(
    right: &OperatorRight,
    state: &AppState,
    request: &HttpRequest,
    verb: &'static str,
    change: CampaignChange,
) -> Result<HttpResponse, Failure> {
    let id = id_of(request)?;
    let rate = match &change {
        CampaignChange::Rate(rate) => *rate,
        _ => None,
    };
    state.lane.change_campaign(None, id, change).await?;
    tracing::info!(target: "carillon::audit", operator = right.name(), verb, what = id.text(), rate, "campaign");
    answer(state, None, id, StatusCode::OK).await
}
