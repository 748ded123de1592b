use crate::http::{Failure, parameter};
use crate::query::{Numbers, Scope, SearchParameters, find, page, view};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_domain::ids::MessageId;
use serde::Deserialize;
use std::fmt::Display;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    numbers: Option<Numbers>,
}

/// `GET /v1/admin/messages/{id}`
pub async fn message(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id: MessageId = parameter::path(&request, "id")?;
    let Shown { numbers } = parameter::query(&request)?;
    audit(&right, numbers, id);
    let journey = find(&state, id, None).await?;
    let numbers = numbers.unwrap_or(Numbers::Full);
    Ok(HttpResponse::Ok().json(view(&journey, &state.lane.catalog(), numbers)))
}

/// `GET /v1/admin/messages`
pub async fn search(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let parameters: SearchParameters = parameter::query(&request)?;
    audit(&right, parameters.numbers, "search");
    let page = page(&state, &state.lane.catalog(), parameters, Scope::Everyone).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// People at a screen see numbers masked; when one asks for whole ones, that is written down (PII-1).
fn audit(right: &OperatorRight, numbers: Option<Numbers>, what: impl Display) {
    if numbers == Some(Numbers::Full) {
        tracing::info!(target: "carillon::audit", operator = right.name(), verb = "unmask", %what, "messages");
    }
}
