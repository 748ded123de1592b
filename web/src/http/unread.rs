use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_util::{Stream, StreamExt};
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

/// The body of a request, kept until its answer is sent.
///
/// The server reads a dropped body of unknown length to its end, which may never come. One that is still there when the
/// answer is sent makes it close the connection instead.
pub struct Unread(Rc<RefCell<Shared>>);

struct Shared {
    payload: Payload,
    ended: bool,
}

impl Unread {
    /// The handler reads the body through this from now on.
    pub fn of(request: &mut ServiceRequest) -> Option<Unread> {
        let payload = request.take_payload();
        if matches!(payload, Payload::None) {
            return None;
        }
        let shared = Rc::new(RefCell::new(Shared {
            payload,
            ended: false,
        }));
        request.set_payload(Payload::from(
            Box::pin(Reader(shared.clone())) as Pin<Box<dyn Stream<Item = _>>>
        ));
        Some(Unread(shared))
    }

    /// The answer, which keeps what was not read of the request.
    pub fn kept_by(self, answer: BoxBody) -> BoxBody {
        if self.0.borrow().ended {
            return answer;
        }
        BoxBody::new(Answer {
            body: answer,
            _unread: self,
        })
    }
}

struct Reader(Rc<RefCell<Shared>>);

impl Stream for Reader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut shared = self.0.borrow_mut();
        let chunk = ready!(shared.payload.poll_next_unpin(context));
        shared.ended |= chunk.is_none();
        Poll::Ready(chunk)
    }
}

struct Answer {
    body: BoxBody,
    _unread: Unread,
}

impl MessageBody for Answer {
    type Error = Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body)
            .poll_next(context)
            .map_err(Error::from)
    }
}
