//! How a client session ends when the peer says so.

use super::event::ClientEvent;
use crate::session::link::Link;
use crate::session::{CloseReason, SessionState};

pub(super) fn close(reason: CloseReason, link: &mut Link, events: &mut Vec<ClientEvent>) {
    link.close();
    events.push(ClientEvent::Closed { reason });
}

pub(super) fn refuse_bind(code: u32, reason: &'static str, link: &mut Link, events: &mut Vec<ClientEvent>) {
    events.push(ClientEvent::BindRefused { code, reason });
    close(CloseReason::BindRefused, link, events);
}

/// The peer's unbind.
pub(super) fn unbound_by_peer(sequence: u32, link: &mut Link, events: &mut Vec<ClientEvent>) {
    link.answer_unbind(sequence);
    events.push(ClientEvent::PeerUnbound);
    close(CloseReason::PeerUnbound, link, events);
}

/// The peer's answer to our unbind.
pub(super) fn unbind_answered(link: &mut Link, events: &mut Vec<ClientEvent>) {
    if link.state() != SessionState::Unbinding {
        link.ignored.answers += 1;
        return;
    }
    close(CloseReason::Unbound, link, events);
}
