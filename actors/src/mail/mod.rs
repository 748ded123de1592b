//! E-mail as a channel: sessions with a relay, what is sent through them, and the bounces that come back (CH-MAIL).

mod actor;
mod bounce;
mod capabilities;
mod compose;
mod core;
mod events;
mod following;
mod opening;
mod options;
mod probe;
mod reader;
mod reply;
mod return_path;
mod session;
mod slot;
mod standing;
mod stuffing;
#[cfg(test)]
mod supervision_tests;
mod tls;
mod writing;

pub use actor::MailActor;
pub use bounce::{Arrived, BounceSession, Notice, read_notice, receive_bounces};
pub use capabilities::Capabilities;
pub use compose::{message_id, sender_host};
pub use opening::ProbeStep;
pub use options::MailOptions;
pub use probe::probe;
pub use reply::{REPLY_LINE_BYTES_MAX, REPLY_LINES_MAX, Reply, ReplyClass, ReplyError, ReplyReader};
pub use return_path::{RETURN_PATH_KEY_BYTES, ReturnPath, ReturnPaths};
pub use session::{MailEvent, MailSession, NotReady, Open, Outgoing, SessionEnd, Stage};
