//! What the protocols share on the server's side besides the link.

use super::bind::{BindRequest, BindRole};
use super::config::ServerConfig;
use super::event::ServerEvent;
use crate::session::link::Link;
use crate::session::{SessionState, SubmitError};

pub(super) struct Desk {
    pub config: ServerConfig,
    pub bind: Option<BindRequest>,
}

/// Why a submit is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwelcome {
    NotBound,
    BeyondWindow,
}

impl Desk {
    /// Whether a bind would be the first and only one.
    pub fn awaits_bind(&self, link: &Link) -> bool {
        link.state() == SessionState::Binding && self.bind.is_none()
    }

    /// Counts one more submit that waits for its answer, if it may.
    pub fn admit_submit(&self, link: &mut Link) -> Result<(), Unwelcome> {
        if link.state() != SessionState::Bound || !self.role_is_not(BindRole::Receiver) {
            link.ignored.commands += 1;
            return Err(Unwelcome::NotBound);
        }
        if link.owed >= usize::from(self.config.window) {
            link.ignored.beyond_window += 1;
            return Err(Unwelcome::BeyondWindow);
        }
        link.owed += 1;
        Ok(())
    }

    /// Whether the client takes receipts and replies.
    pub fn check_receives(&self) -> Result<(), SubmitError> {
        if self.role_is_not(BindRole::Transmitter) {
            Ok(())
        } else {
            Err(SubmitError::NotBound)
        }
    }

    fn role_is_not(&self, role: BindRole) -> bool {
        self.bind.as_ref().is_some_and(|request| request.role != role)
    }
}

/// An answer to a receipt or reply.
pub(super) fn deliver_answered(sequence: u32, code: u32, link: &mut Link, events: &mut Vec<ServerEvent>) {
    match link.answered(sequence) {
        Some(answered) if !answered.late => {
            events.push(ServerEvent::DeliverAnswered {
                token: answered.token,
                code,
            });
        }
        Some(_) => link.ignored.answers += 1,
        None => {}
    }
}
