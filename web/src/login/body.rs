use crate::http::{Failure, MediaType, body};
use crate::state::AppState;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Payload;
use actix_web::{HttpRequest, web};
use carillon_api::Code;
use serde::de::DeserializeOwned;

const BYTES_MAX: usize = 4 * 1024;

/// A small JSON object that must say that it is JSON: no page of another site gets a browser to send that without asking
/// us first (Fetch §3.2.2).
pub async fn read<T: DeserializeOwned>(
    state: &web::Data<AppState>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, Failure> {
    let is_json = request.headers().contains_key(CONTENT_TYPE) && MediaType::of(request)? == MediaType::Json;
    if !is_json {
        return Err(
            Failure::new(Code::UnsupportedMediaType, "use application/json").with_field("Content-Type")
        );
    }
    let body = body::read(request, payload, BYTES_MAX, state.limits.body_timeout()).await?;
    // What stands in it is not repeated: it holds secrets.
    serde_json::from_slice(&body).map_err(|error| {
        let code = if error.is_data() {
            Code::InvalidField
        } else {
            Code::InvalidJson
        };
        let mut failure = Failure::new(code, "a field is missing, unknown or of another type");
        failure.problem.line = Some(error.line() as u32);
        failure.problem.column = Some(error.column() as u32);
        failure
    })
}
