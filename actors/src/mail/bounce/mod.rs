//! Bounces: a small SMTP receiver for mails to our return paths, and what they say.

mod receiver;
mod report;
mod reported;
mod session;

pub use receiver::receive_bounces;
pub use report::{Notice, read_notice};
pub use session::{Arrived, BounceSession};
