use super::Front;
use super::pass::copy;
use super::way::target;
use crate::http::Failure;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{Message, ProtocolError, Session};
use awc::Client;
use awc::error::WsClientError;
use awc::ws::{self, Frame};
use carillon_api::Code;
use futures_util::{Sink, SinkExt, Stream, StreamExt};

/// Headers that are said anew by whoever opens a WebSocket (RFC 6455 §4.1).
const OF_THE_OPENING: &str = "sec-websocket-";

/// `GET /v1/live`: a screen looks at a lane through this node.
pub async fn open(
    request: HttpRequest,
    body: web::Payload,
    front: web::Data<Front>,
    client: web::Data<Client>,
) -> Result<HttpResponse, Failure> {
    let (_, address) = front.asked(&request)?;
    let mut asked = client.ws(format!("http://{address}{}", target(&request)));
    let mut headers = HeaderMap::new();
    copy(request.headers(), &mut headers);
    for (name, value) in headers
        .iter()
        .filter(|(name, _)| !name.as_str().starts_with(OF_THE_OPENING))
    {
        asked = asked.header(name.clone(), value.clone());
    }
    if let Some(peer) = request.peer_addr() {
        asked = asked.header(crate::login::FORWARDED_FOR, peer.ip().to_canonical().to_string());
    }
    let (_, lane) = asked.connect().await.map_err(|error| refused(&error))?;
    let (response, session, messages) = actix_ws::handle(&request, body)
        .map_err(|error| Failure::parameter("Upgrade", format!("open it as a WebSocket: {error}")))?;
    actix_web::rt::spawn(relay(lane, session, messages));
    Ok(response)
}

/// What the lane said instead of opening; its words are lost, not its meaning.
fn refused(error: &WsClientError) -> Failure {
    let WsClientError::InvalidResponseStatus(status) = error else {
        return Failure::new(Code::Unavailable, "the lane did not answer");
    };
    let code = match status.as_u16() {
        401 => Code::Unauthenticated,
        403 => Code::NotAllowed,
        _ => Code::Unavailable,
    };
    Failure::new(code, "")
}

async fn to_screen(session: &mut Session, frame: Frame) -> bool {
    let sent = match frame {
        Frame::Text(bytes) => match std::str::from_utf8(&bytes) {
            Ok(text) => session.text(text).await,
            Err(_) => return false,
        },
        Frame::Binary(bytes) => session.binary(bytes).await,
        Frame::Ping(bytes) => session.ping(&bytes).await,
        Frame::Pong(bytes) => session.pong(&bytes).await,
        Frame::Close(reason) => {
            let _it_may_be_gone = session.clone().close(reason).await;
            return false;
        }
        // Nobody of ours sends parts.
        Frame::Continuation(_) => return false,
    };
    sent.is_ok()
}

async fn to_lane(lane: &mut (impl Sink<ws::Message> + Unpin), message: Message) -> bool {
    let message = match message {
        Message::Text(text) => ws::Message::Text(text),
        Message::Binary(bytes) => ws::Message::Binary(bytes),
        Message::Ping(bytes) => ws::Message::Ping(bytes),
        Message::Pong(bytes) => ws::Message::Pong(bytes),
        Message::Close(reason) => ws::Message::Close(reason),
        Message::Continuation(_) | Message::Nop => return true,
    };
    lane.send(message).await.is_ok()
}

/// Until one of them leaves. Both bound what they send unread, and are asked no faster than they answer.
async fn relay(
    lane: impl Stream<Item = Result<Frame, ProtocolError>> + Sink<ws::Message>,
    mut session: Session,
    mut messages: actix_ws::MessageStream,
) {
    let (mut lane, mut from_lane) = lane.split();
    loop {
        let goes_on = tokio::select! {
            frame = from_lane.next() => match frame {
                Some(Ok(frame)) => to_screen(&mut session, frame).await,
                _ => false,
            },
            message = messages.next() => match message {
                Some(Ok(message)) => to_lane(&mut lane, message).await,
                _ => false,
            },
        };
        if !goes_on {
            break;
        }
    }
    let _it_may_be_closed = lane.close().await;
    let _it_may_be_closed_too = session.close(None).await;
}
