//! Files that go with mails: stored before they are named by a message.

mod sizes;
mod upload;

pub use sizes::StoredSizes;
pub use upload::upload;
