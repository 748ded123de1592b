use super::scope;
use super::socket::Socket;
use crate::http::{Failure, parameter};
use crate::login::source;
use crate::right::LiveRight;
use crate::state::AppState;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::Code;
use serde::Deserialize;

/// A request is a few words.
const FRAME_BYTES_MAX: usize = 4 * 1024;

/// A restart takes a while.
const STOPPING_RETRY_AFTER_S: u32 = 5;

/// `GET /v1/live`
pub async fn open(
    right: LiveRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    if state.live.is_stopping() {
        return Err(
            Failure::new(Code::Unavailable, "the service is stopping").retry_after_s(STOPPING_RETRY_AFTER_S)
        );
    }
    let from = source(&request, &state.proxies);
    let Some(seat) = state.live.sources.seats.take(from) else {
        state.live.links.count_refused();
        return Err(Failure::new(
            Code::Overloaded,
            "too many screens are open, or too many from one place",
        ));
    };
    let (response, session, messages) = actix_ws::handle(&request, payload)
        .map_err(|error| Failure::parameter("Upgrade", format!("open it as a WebSocket: {error}")))?;
    let socket = Socket {
        hub: state.live.clone(),
        right,
        session,
        messages: messages.max_frame_size(FRAME_BYTES_MAX),
        seat,
    };
    actix_web::rt::spawn(socket.run());
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotParameters {
    scope: Option<String>,
    /// See [`LiveRight`].
    #[serde(rename = "as")]
    _as: Option<String>,
}

/// `GET /v1/live/snapshot`
pub async fn snapshot(
    right: LiveRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let SnapshotParameters { scope: name, .. } = parameter::query(&request)?;
    let unknown = || Failure::new(Code::NotFound, "there is no such scope");
    let catalog = state.lane.catalog();
    let scope = scope::asked(right.scope(), name.as_deref(), &catalog).ok_or_else(unknown)?;
    let snapshot = state.live.snapshot(right.scope(), scope).ok_or_else(unknown)?;
    Ok(HttpResponse::Ok()
        .insert_header(ContentType::json())
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(snapshot.into_bytes()))
}
