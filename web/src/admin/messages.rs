use crate::http::{Failure, parameter};
use crate::query::{Numbers, Scope, find, page, view};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    numbers: Option<Numbers>,
}

/// `GET /v1/admin/messages/{id}`
pub async fn message(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = parameter::path(&request, "id")?;
    let Shown { numbers } = parameter::query(&request)?;
    let journey = find(&state, id, None).await?;
    let numbers = numbers.unwrap_or(Numbers::Full);
    Ok(HttpResponse::Ok().json(view(&journey, &state.lane.catalog(), numbers)))
}

/// `GET /v1/admin/messages`
pub async fn search(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let parameters = parameter::query(&request)?;
    let page = page(&state, &state.lane.catalog(), parameters, Scope::Everyone).await?;
    Ok(HttpResponse::Ok().json(page))
}
