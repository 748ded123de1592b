//! How a server session ends when the peer says so.

use super::event::ServerEvent;
use crate::session::link::Link;
use crate::session::{CloseReason, SessionState};

pub(super) fn close(reason: CloseReason, link: &mut Link, events: &mut Vec<ServerEvent>) {
    link.close();
    events.push(ServerEvent::Closed { reason });
}

/// The peer's unbind.
pub(super) fn unbound_by_peer(sequence: u32, link: &mut Link, events: &mut Vec<ServerEvent>) {
    link.answer_unbind(sequence);
    events.push(ServerEvent::PeerUnbound);
    close(CloseReason::PeerUnbound, link, events);
}

/// The peer's answer to our unbind.
pub(super) fn unbind_answered(link: &mut Link, events: &mut Vec<ServerEvent>) {
    if link.state() != SessionState::Unbinding {
        link.ignored.answers += 1;
        return;
    }
    close(CloseReason::Unbound, link, events);
}
