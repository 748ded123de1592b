use super::failure::Failure;
use super::metrics::HttpMetrics;
use super::request_id::{REQUEST_ID, RequestId, request_id};
use super::unread::Unread;
use crate::endpoint::RouteIndex;
use crate::right::Caller;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use carillon_api::PROBLEM_CONTENT_TYPE;
use std::time::{Duration, Instant};

/// The route of requests that no endpoint takes.
pub const UNMATCHED: &str = "unmatched";

/// Around every request: its id, the body of its problem if it fails, one log line and the counters.
pub async fn observe<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begin = Instant::now();
    let metrics = request.app_data::<web::Data<HttpMetrics>>().cloned();
    let id = request_id(request.headers().get(REQUEST_ID).map(HeaderValue::as_bytes));
    request.extensions_mut().insert(RequestId(id.clone()));
    let unread = Unread::of(&mut request);
    let is_act = is_act(&request);
    let called = next.call(request);
    let response = if is_act {
        to_the_end(called).await?
    } else {
        called.await?
    };
    let response = response.map_into_boxed_body();
    let mut response = with_problem(response, &id)?;
    if let Some(unread) = unread {
        response = response.map_body(|_, body| unread.kept_by(body));
    }
    let id_value = HeaderValue::from_str(&id).expect("a request id is visible ASCII");
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static(REQUEST_ID), id_value);
    keep_to_itself(headers);

    let elapsed = begin.elapsed();
    let route = response
        .request()
        .app_data::<RouteIndex>()
        .map_or(UNMATCHED, |route| route.0);
    if let Some(metrics) = metrics {
        let method = response.request().method().as_str();
        metrics.record(route, method, response.status().as_u16(), elapsed);
    }
    log(&response, &id, route, elapsed);
    Ok(response)
}

/// Whether an operator changes something.
fn is_act(request: &ServiceRequest) -> bool {
    const OF_OPERATORS: [&str; 3] = ["/v1/admin/", "/v1/password", "/v1/sessions/"];
    let path = request.path();
    !request.method().is_safe() && OF_OPERATORS.iter().any(|of| path.starts_with(of))
}

/// Goes on when the caller leaves: otherwise it might be done and not be written down.
async fn to_the_end<T: 'static>(
    called: impl Future<Output = Result<T, Error>> + 'static,
) -> Result<T, Error> {
    let ended = actix_web::rt::spawn(called).await;
    ended.map_err(|error| Failure::internal(&error))?
}

/// Answers hold numbers, texts and keys: unless one says otherwise, no cache keeps it (RFC 9111 §5.2.2.5), and no browser takes
/// it for a page or a script.
fn keep_to_itself(headers: &mut HeaderMap) {
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// Writes the body of a failed request, which needs its id and the language it prefers.
fn with_problem(
    response: ServiceResponse<BoxBody>,
    id: &str,
) -> Result<ServiceResponse<BoxBody>, serde_json::Error> {
    let Some(failure) = failure(&response) else {
        return Ok(response);
    };
    let mut problem = failure.problem.clone();
    id.clone_into(&mut problem.request_id);
    if prefers_chinese(response.request().headers()) {
        failure.code.title_zh().clone_into(&mut problem.title);
    }
    let body = serde_json::to_vec(&problem)?;
    Ok(response.map_body(|head, _| {
        head.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_CONTENT_TYPE));
        BoxBody::new(body)
    }))
}

fn failure(response: &ServiceResponse<BoxBody>) -> Option<&Failure> {
    response.response().error().and_then(|error| error.as_error())
}

/// Whether Chinese stands first in `Accept-Language`.
fn prefers_chinese(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.trim_start().get(..2))
        .is_some_and(|tag| tag.eq_ignore_ascii_case("zh"))
}

/// One line per request. It names the path's pattern and never its values, the query or the bodies: they hold numbers and
/// texts (PII-1).
fn log(response: &ServiceResponse<BoxBody>, id: &str, route: &'static str, elapsed: Duration) {
    let request = response.request();
    let method = request.method().as_str();
    let status = response.status().as_u16();
    let code = failure(response).map(|failure| failure.code.word());
    let caller = request.extensions().get::<Caller>().cloned();
    let is_known = caller.is_some();
    let caller = caller.map(tracing::field::display);
    let elapsed_us = elapsed.as_micros() as u64;
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                request_id = id,
                method,
                route,
                status,
                code,
                caller,
                elapsed_us,
                "request"
            )
        };
    }
    match status {
        500.. => line!(warn),
        // Anybody could fill the disk; the metrics count them.
        400.. if is_known => line!(info),
        _ => line!(debug),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpResponse, dev::Service as _, test};
    use std::sync::Arc;
    use tokio::sync::Notify;

    #[actix_web::test]
    async fn what_an_operator_began_is_done_although_the_browser_left() {
        let [begun, go, done] = [(); 3].map(|()| Arc::new(Notify::new()));
        let notes = (begun.clone(), go.clone(), done.clone());
        let act = move || {
            let (begun, go, done) = notes.clone();
            async move {
                begun.notify_one();
                go.notified().await;
                done.notify_one();
                HttpResponse::Ok().finish()
            }
        };
        let app = App::new()
            .wrap(from_fn(observe))
            .route("/v1/admin/act", web::post().to(act));
        let app = test::init_service(app).await;
        let mut called = Box::pin(app.call(test::TestRequest::post().uri("/v1/admin/act").to_request()));
        tokio::select! {
            _ = &mut called => panic!("it cannot have been answered"),
            () = begun.notified() => {}
        }
        drop(called);
        go.notify_one();
        let ended = tokio::time::timeout(Duration::from_secs(10), done.notified()).await;
        assert!(ended.is_ok(), "it was cut off");
    }
}
