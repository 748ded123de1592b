use super::ConnectionActor;
use crate::mail::MailActor;
use actix::dev::ToEnvelope;
use actix::{Addr, Handler, Message};

/// The actor of a connection, whatever it speaks.
#[derive(Clone)]
pub enum ConnectionAddr {
    /// A carrier, by its protocol.
    Carrier(Addr<ConnectionActor>),
    /// A mail relay.
    Relay(Addr<MailActor>),
}

impl ConnectionAddr {
    pub fn do_send<M>(&self, message: M)
    where
        M: Message + Send + 'static,
        M::Result: Send,
        ConnectionActor: Handler<M>,
        MailActor: Handler<M>,
        <ConnectionActor as actix::Actor>::Context: ToEnvelope<ConnectionActor, M>,
        <MailActor as actix::Actor>::Context: ToEnvelope<MailActor, M>,
    {
        match self {
            ConnectionAddr::Carrier(actor) => actor.do_send(message),
            ConnectionAddr::Relay(actor) => actor.do_send(message),
        }
    }
}
