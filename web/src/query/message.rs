use super::view::{Shown, view};
use crate::http::{Failure, parameter};
use crate::right::QueryRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::Code;
use carillon_domain::ids::{AccountId, MessageId};
use carillon_domain::journey::Journey;

/// `GET /v1/messages/{id}`
pub async fn message(
    right: QueryRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = parameter::path(&request, "id")?;
    let journey = find(&state, id, Some(right.account().id)).await?;
    Ok(HttpResponse::Ok().json(view(&journey, &right.catalog, Shown::OWN)))
}

/// The journey of a message; one of another account is not found.
pub async fn find(state: &AppState, id: MessageId, account: Option<AccountId>) -> Result<Journey, Failure> {
    let journey = state.lane.journey(id).await?;
    journey
        .filter(|journey| account.is_none_or(|account| journey.account == account))
        .ok_or_else(|| Failure::new(Code::NotFound, "there is no such message"))
}
