use super::steer::find;
use super::view::view;
use crate::http::{Failure, parameter};
use crate::right::CampaignRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::campaign::CampaignQuery;
use carillon_api::CampaignsPage;
use carillon_domain::campaign::CampaignState;
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::CampaignId;
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
    let Page { before, limit } = parameter::query(&request)?;
    let query = CampaignQuery {
        account: Some(right.account().id),
        ..query(before.as_deref(), limit)?
    };
    page(&state, &right.catalog, query).await
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

/// What operators may ask for besides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    before: Option<String>,
    limit: Option<u32>,
    account: Option<String>,
    state: Option<String>,
    name: Option<String>,
}

/// `GET /v1/admin/campaigns`
pub async fn everyone(state: &AppState, request: &HttpRequest) -> Result<HttpResponse, Failure> {
    let wanted: Wanted = parameter::query(request)?;
    let catalog = state.lane.catalog();
    let account = match wanted.account.as_deref() {
        None => None,
        Some(name) => Some(
            catalog
                .account_by_name(name)
                .ok_or_else(|| Failure::parameter("account", "there is no account of this name"))?
                .id,
        ),
    };
    let states = match wanted.state.as_deref() {
        None => Vec::new(),
        Some(words) => words.split(',').map(state_of).collect::<Result<_, _>>()?,
    };
    let name = wanted.name.unwrap_or_default().trim().to_lowercase();
    let query = CampaignQuery {
        account,
        states,
        name,
        ..query(wanted.before.as_deref(), wanted.limit)?
    };
    page(state, &catalog, query).await
}

fn state_of(word: &str) -> Result<CampaignState, Failure> {
    let mut states = CampaignState::ALL.into_iter();
    states.find(|state| state.word() == word.trim()).ok_or_else(|| {
        let known = CampaignState::ALL.map(CampaignState::word).join(", ");
        Failure::parameter("state", format!("one or more of {known}"))
    })
}

fn query(before: Option<&str>, limit: Option<u32>) -> Result<CampaignQuery, Failure> {
    let before = before
        .map(CampaignId::of_text)
        .transpose()
        .map_err(|error| Failure::parameter("before", error.to_string()))?;
    Ok(CampaignQuery {
        before,
        limit: parameter::limit(limit, LIMIT_DEFAULT, LIMIT_MAX)?,
        ..CampaignQuery::default()
    })
}

async fn page(state: &AppState, catalog: &Compiled, query: CampaignQuery) -> Result<HttpResponse, Failure> {
    let limit = query.limit;
    let found = state.lane.campaigns(query).await?;
    let next = found
        .last()
        .filter(|_| found.len() == limit)
        .map(|last| last.id.text());
    let campaigns = found.iter().map(|campaign| view(campaign, catalog)).collect();
    Ok(HttpResponse::Ok().json(CampaignsPage { campaigns, next }))
}
