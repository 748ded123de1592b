use crate::http::{Failure, parameter};
use crate::right::SendRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::lane::Read;
use carillon_api::Code;

/// `POST /v1/messages/{id}/read`
pub async fn read(
    right: SendRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = parameter::path(&request, "id")?;
    match state.lane.mark_read(right.account().id, id).await? {
        // That it came too late changes nothing for the caller: there is no fallback to come.
        Read::Done | Read::AlreadyEnded => Ok(HttpResponse::Accepted().finish()),
        Read::Unknown => Err(Failure::new(Code::NotFound, "there is no such message")),
    }
}
