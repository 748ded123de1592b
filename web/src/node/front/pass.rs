use super::Front;
use super::way::{LANE_COOKIE, target};
use crate::http::{Failure, REQUEST_ID, RequestId};
use crate::login::{FORWARDED_FOR, set_cookie};
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use awc::error::{ConnectError, SendRequestError};
use awc::{Client, ClientRequest, ClientResponse};
use carillon_api::Code;
use carillon_kafka::cluster::LaneAddress;
use futures_util::Stream;
use std::net::SocketAddr;

/// What is between two neighbours and not passed on (RFC 9110 §7.6.1).
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Passes a request on to its lane, and the answer back, while both come in.
pub async fn pass(
    request: HttpRequest,
    body: web::Payload,
    front: web::Data<Front>,
    client: web::Data<Client>,
) -> Result<HttpResponse, Failure> {
    let (owner, address) = front.asked(&request)?;
    let passed = to_lane(&client, &request, address);
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let has_body =
        length.is_some_and(|length| length > 0) || request.headers().contains_key("transfer-encoding");
    let answered = async {
        match length {
            _ if !has_body => passed.send().await,
            Some(length) => passed.send_body(SizedStream::new(length, body)).await,
            None => passed.send_stream(body).await,
        }
    };
    let answer = tokio::select! {
        biased;
        answer = answered => answer.map_err(|error| not_answered(&owner, &error))?,
        () = front.until_replaced(&owner) => {
            return Err(Failure::new(Code::Interrupted, "the lane was taken over"));
        }
    };
    let mut response = from_lane(answer);
    if let Some(lane) = front.named(&request)? {
        let cookie = set_cookie(LANE_COOKIE, &lane.to_string(), None, false);
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

fn to_lane(client: &Client, request: &HttpRequest, address: SocketAddr) -> ClientRequest {
    let url = format!("http://{address}{}", target(request));
    let mut passed = client.request(request.method().clone(), url).no_decompress();
    // What it brings again replaces nothing: there may be several of a name.
    copy(request.headers(), passed.headers_mut());
    if let Some(peer) = request.peer_addr() {
        passed = passed.append_header((FORWARDED_FOR, peer.ip().to_canonical().to_string()));
    }
    if let Some(id) = request.extensions().get::<RequestId>() {
        passed = passed.insert_header((REQUEST_ID, id.0.clone()));
    }
    passed
}

pub(super) fn copy(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        if !is_hop_by_hop(name) && name != CONTENT_LENGTH {
            to.append(name.clone(), value.clone());
        }
    }
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(&name.as_str())
}

/// Whether anything of the request can have reached the lane decides what the caller is told.
fn not_answered(owner: &LaneAddress, error: &SendRequestError) -> Failure {
    tracing::debug!(lane = owner.lane, node = owner.node, %error, "a lane did not answer");
    let code = match error {
        SendRequestError::Url(_) | SendRequestError::Connect(ConnectError::Io(_) | ConnectError::Timeout) => {
            Code::Unavailable
        }
        _ => Code::Interrupted,
    };
    Failure::new(code, format!("lane {} did not answer", owner.lane))
}

fn from_lane<S>(answer: ClientResponse<S>) -> HttpResponse
where
    S: Stream<Item = Result<web::Bytes, awc::error::PayloadError>> + Unpin + 'static,
{
    let status = answer.status();
    let mut response = HttpResponse::new(status);
    copy(answer.headers(), response.headers_mut());
    let length = answer.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let has_none = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    match length {
        _ if has_none => response.map_into_boxed_body(),
        Some(length) => response
            .set_body(SizedStream::new(length, answer))
            .map_into_boxed_body(),
        None => response
            .set_body(actix_web::body::BodyStream::new(answer))
            .map_into_boxed_body(),
    }
}
