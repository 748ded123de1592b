use super::change::{Remote, answer, terms};
use super::entry::ENTRY_BYTES_MAX;
use crate::http::{Failure, body, parameter};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::Code;
use carillon_domain::catalog::apply::ApplyFile;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    #[serde(default)]
    dry_run: bool,
}

/// `POST /v1/admin/apply`
pub async fn apply(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let parameters: Parameters = parameter::query(&request)?;
    let mut terms = terms(&request)?;
    terms.dry_run = parameters.dry_run;
    let body = body::read(&request, payload, ENTRY_BYTES_MAX, state.limits.body_timeout()).await?;
    let wanted = parse(&request, &body)?;
    let remote = Remote::new()?;
    let applied = state
        .catalog
        .change(terms, &remote, |file| {
            *file = wanted;
            Ok(())
        })
        .await?;
    answer(&right, "apply", "the whole configuration", terms, applied)
}

fn parse(request: &HttpRequest, body: &[u8]) -> Result<ApplyFile, Failure> {
    let media_type = request.headers().get(CONTENT_TYPE);
    let media_type = media_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let invalid = |detail: String| Failure::new(Code::InvalidField, detail);
    match essence {
        "application/json" => serde_json::from_slice(body).map_err(|error| invalid(error.to_string())),
        "application/toml" => {
            let text = std::str::from_utf8(body).map_err(|error| invalid(error.to_string()))?;
            toml::from_str(text).map_err(|error| invalid(error.to_string()))
        }
        _ => Err(Failure::new(
            Code::UnsupportedMediaType,
            "use application/toml or application/json",
        )
        .with_field("Content-Type")),
    }
}
