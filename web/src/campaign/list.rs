use super::steer::find;
use super::view::view;
use crate::http::{Failure, parameter};
use crate::right::CampaignRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::campaign::CampaignQuery;
use carillon_api::CampaignsPage;
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::{AccountId, CampaignId};
use serde::Deserialize;

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    before: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/campaigns`
pub async fn list(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    page(&state, &right.catalog, &request, Some(right.account().id)).await
}

/// `GET /v1/campaigns/{id}`
pub async fn show(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let (_, campaign) = find(&state, &request, Some(right.account().id)).await?;
    Ok(HttpResponse::Ok().json(view(&campaign, &right.catalog)))
}

pub async fn page(
    state: &AppState,
    catalog: &Compiled,
    request: &HttpRequest,
    account: Option<AccountId>,
) -> Result<HttpResponse, Failure> {
    let Page { before, limit } = parameter::query(request)?;
    let limit = parameter::limit(limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let before = before
        .map(|text| CampaignId::of_text(&text))
        .transpose()
        .map_err(|error| Failure::parameter("before", error.to_string()))?;
    let query = CampaignQuery {
        account,
        before,
        limit,
    };
    let found = state.lane.campaigns(query).await?;
    let next = found
        .last()
        .filter(|_| found.len() == limit)
        .map(|last| last.id.text());
    let campaigns = found.iter().map(|campaign| view(campaign, catalog)).collect();
    Ok(HttpResponse::Ok().json(CampaignsPage { campaigns, next }))
}
