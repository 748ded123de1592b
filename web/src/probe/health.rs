use crate::endpoint;
use crate::http::Failure;
use crate::state::AppState;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};
use carillon_actors::status::Readiness;
use carillon_api::Code;
use std::sync::LazyLock;

/// `GET /healthz`
pub async fn health() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::plaintext())
        .body("ok\n")
}

/// `GET /readyz`
pub async fn ready(state: web::Data<AppState>) -> Result<HttpResponse, Failure> {
    let reason = match state.lane.readiness() {
        Readiness::Ready => {
            return Ok(HttpResponse::Ok()
                .content_type(ContentType::plaintext())
                .body("ready\n"));
        }
        Readiness::Starting => "starting",
        Readiness::Stopping => "stopping",
        // Why, the log tells: anybody may ask here.
        Readiness::Failed { .. } => "failed",
    };
    Err(Failure::new(Code::Unavailable, reason))
}

/// `GET /v1/openapi.json`
pub async fn openapi() -> HttpResponse {
    static DOCUMENT: LazyLock<String> =
        LazyLock::new(|| serde_json::to_string(&endpoint::document()).expect("the document is plain JSON"));
    HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(DOCUMENT.as_str())
}

/// `GET /v1/asyncapi.json`
pub async fn asyncapi() -> HttpResponse {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| endpoint::asyncapi().to_string());
    HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(DOCUMENT.as_str())
}
