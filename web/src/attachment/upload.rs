use crate::http::{Failure, stored_body};
use crate::right::SendRight;
use crate::send::pressure;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::{Code, FileAnswer};
use carillon_domain::intake::ATTACHMENT_BYTES_MAX;

/// `POST /v1/files`
pub async fn upload(
    _right: SendRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    pressure::check(&state)?;
    let stored = stored_body::store(&state, &request, payload, ATTACHMENT_BYTES_MAX).await?;
    if stored.bytes == 0 {
        return Err(Failure::new(Code::AttachmentInvalid, "the file is empty"));
    }
    Ok(HttpResponse::Created().json(FileAnswer {
        file: stored.file.to_string(),
        bytes: stored.bytes,
    }))
}
