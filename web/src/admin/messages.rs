use crate::http::{Failure, parameter};
use crate::query::{Numbers, Scope, find, page, view};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};

/// `GET /v1/admin/messages/{id}`
pub async fn message(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = parameter::path(&request, "id")?;
    let journey = find(&state, id, None).await?;
    Ok(HttpResponse::Ok().json(view(&journey, &state.lane.catalog(), Numbers::Full)))
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
