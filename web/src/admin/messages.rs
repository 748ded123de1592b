use crate::http::{Failure, parameter};
use crate::query::{Numbers, Scope, SearchParameters, Shown, find, page, view};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_domain::ids::MessageId;
use carillon_domain::rights::Right;
use serde::Deserialize;
use std::fmt::Display;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    numbers: Option<Numbers>,
}

/// `GET /v1/admin/messages/{id}`
pub async fn message(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id: MessageId = parameter::path(&request, "id")?;
    let Asked { numbers } = parameter::query(&request)?;
    let shown = shown(&right, numbers, id)?;
    let journey = find(&state, id, None).await?;
    Ok(HttpResponse::Ok().json(view(&journey, &state.lane.catalog(), shown)))
}

/// `GET /v1/admin/messages`
pub async fn search(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let parameters: SearchParameters = parameter::query(&request)?;
    let shown = shown(&right, parameters.numbers, "search")?;
    let page = page(&state, &state.lane.catalog(), parameters, Scope::Everyone(shown)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Numbers are masked. Who asks for whole ones needs the right, and stands in the log; without it what is said to people is not
/// shown either (PII-1).
fn shown(right: &OperatorRight, numbers: Option<Numbers>, what: impl Display) -> Result<Shown, Failure> {
    let numbers = numbers.unwrap_or(Numbers::Masked);
    if numbers == Numbers::Full {
        right.require(Right::Numbers)?;
        tracing::info!(target: "carillon::audit", operator = right.name(), verb = "unmask", %what, "messages");
    }
    Ok(Shown {
        numbers,
        contents: right.rights().has(Right::Numbers),
    })
}
