use super::signed::Pending;
use crate::state::AppState;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, Data};
use futures_util::{Stream, StreamExt};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The body of a signed request. Whoever reads it to its end reads an error there when the signature is wrong.
pub struct SignedBody {
    body: Payload,
    pending: Option<Pending>,
    state: Data<AppState>,
}

impl SignedBody {
    /// The handler reads the body through this from now on.
    pub fn around(payload: &mut Payload, pending: Pending, state: Data<AppState>) {
        let body = SignedBody {
            body: payload.take(),
            pending: Some(pending),
            state,
        };
        *payload = Payload::from(Box::pin(body) as Pin<Box<dyn Stream<Item = _>>>);
    }
}

impl Stream for SignedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(self.body.poll_next_unpin(context));
        match (&chunk, &mut self.pending) {
            (Some(Ok(bytes)), Some(pending)) => pending.update(bytes),
            (None, pending) => {
                if let Some(pending) = pending.take()
                    && let Err(error) = pending.finish(&self.state.nonces)
                {
                    return Poll::Ready(Some(Err(PayloadError::Io(io::Error::other(error)))));
                }
            }
            _ => {}
        }
        Poll::Ready(chunk)
    }
}
