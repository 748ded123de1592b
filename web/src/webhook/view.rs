use carillon_actors::feed::{Cursor, FeedKind};
use carillon_domain::fact::WebhookOff;
use carillon_domain::time::UnixMs;
use carillon_domain::webhook::Standing;

/// A webhook as it is now.
pub struct LineView {
    pub standing: Standing,
    pub last_error: Option<String>,
    pub last_taken_at: Option<UnixMs>,
    /// Events since the start of the process.
    pub delivered: u64,
    /// When the oldest event happened that the receiver was called with and has not taken.
    pub oldest: Option<UnixMs>,
    pub places: Vec<(FeedKind, Cursor)>,
}

pub fn off_word(off: WebhookOff) -> &'static str {
    match off {
        WebhookOff::Gone => "gone",
        WebhookOff::Failing => "failing",
    }
}
