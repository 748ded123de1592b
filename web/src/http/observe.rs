use super::failure::Failure;
use super::metrics::HttpMetrics;
use super::request_id::{REQUEST_ID, request_id};
use crate::endpoint::RouteIndex;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use carillon_api::PROBLEM_CONTENT_TYPE;
use std::time::Instant;

/// Around every request: its id, the body of its problem if it fails, one log line and the counters.
///
/// The log names the path's pattern and never its values, the query or the bodies: they hold numbers and texts (PII-1).
pub async fn observe<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begin = Instant::now();
    let metrics = request.app_data::<web::Data<HttpMetrics>>().cloned();
    let id = request_id(request.headers().get(REQUEST_ID).map(HeaderValue::as_bytes));
    let mut response = next.call(request).await?.map_into_boxed_body();

    let failure = response
        .response()
        .error()
        .and_then(|error| error.as_error::<Failure>());
    let code = failure.map(|failure| failure.code);
    let problem = failure.map(|failure| {
        let mut problem = failure.problem.clone();
        problem.request_id.clone_from(&id);
        if prefers_chinese(response.request().headers()) {
            failure.code.title_zh().clone_into(&mut problem.title);
        }
        problem
    });
    if let Some(problem) = problem {
        let body = serde_json::to_vec(&problem)?;
        response = response.map_body(|head, _| {
            head.headers
                .insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_CONTENT_TYPE));
            BoxBody::new(body)
        });
    }
    let id_value = HeaderValue::from_str(&id).expect("a request id is visible ASCII");
    response
        .headers_mut()
        .insert(HeaderName::from_static(REQUEST_ID), id_value);

    let elapsed = begin.elapsed();
    let status = response.status().as_u16();
    let route = response
        .request()
        .app_data::<RouteIndex>()
        .map_or(UNMATCHED, |route| route.0);
    let method = response.request().method().as_str();
    if let Some(metrics) = metrics {
        metrics.record(route, method, status, elapsed);
    }
    let account = response
        .request()
        .extensions()
        .get::<CallerName>()
        .map(|name| name.0.clone());
    let account = account.as_deref().unwrap_or("");
    let elapsed_us = elapsed.as_micros() as u64;
    let code = code.map_or("", |code| code.word());
    match status {
        500.. => tracing::warn!(
            request_id = id,
            method,
            route,
            status,
            code,
            account,
            elapsed_us,
            "request"
        ),
        400.. => tracing::info!(
            request_id = id,
            method,
            route,
            status,
            code,
            account,
            elapsed_us,
            "request"
        ),
        _ => tracing::debug!(
            request_id = id,
            method,
            route,
            status,
            code,
            account,
            elapsed_us,
            "request"
        ),
    }
    Ok(response)
}

/// The route of requests that no endpoint takes.
pub const UNMATCHED: &str = "unmatched";

/// Who made the request; set by the rights, read for the log.
pub struct CallerName(pub String);

/// Whether Chinese stands first in `Accept-Language`.
fn prefers_chinese(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .trim_start()
                .get(..2)
                .is_some_and(|tag| tag.eq_ignore_ascii_case("zh"))
        })
}
