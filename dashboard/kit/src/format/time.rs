//! Times of day. Everything is told in Beijing time (UTC+8), as are the server's days, wherever the screen hangs.

use crate::text::{fill, find};
pub use carillon_domain::beijing::Moment;

/// `11月24日 周二`.
pub fn date_text(moment: Moment) -> String {
    let weekday = find(&format!("weekday.{}", moment.weekday)).unwrap_or_default();
    fill(
        "date",
        &[
            ("month", &moment.month),
            ("day", &moment.day),
            ("weekday", &weekday),
        ],
    )
}

/// `10:24:36`.
pub fn clock(unix_ms: u64) -> String {
    Moment::of(unix_ms).time()
}
