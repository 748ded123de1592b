//! How journeys and their sums are stored, whatever the store: numbers of words, the rest of a journey as bytes, sums by their keys.

pub mod code;
mod fold;
mod key;
mod row;
mod search;

pub use fold::{CODES_MAX, Fold, cells_max};
pub use key::{CodeKey, LatencyKey, Link, Meaningless, Place};
pub use key::{account, carrier, connection, kind, latency_bucket, measure, province, tenant};
pub use row::{NO_PHONE, Row, encode_body, mail_hash};
pub use search::{Key, Search};

use super::Batch;
use carillon_domain::journey::{Amendment, Journey};

/// In the order of their ids; of several of one message the one handed over last.
pub fn each_once<'j>(batch: &Batch<'j>) -> Vec<&'j Journey> {
    let mut journeys = batch.journeys.clone();
    // Stable, and reversed so that the last one is the first of its message, which stays.
    journeys.reverse();
    journeys.sort_by_key(|journey| journey.message);
    journeys.dedup_by_key(|journey| journey.message);
    journeys
}

/// Which of two corrections counts: the later one, and of two at one moment the one that came last.
pub fn later<'a>(known: &'a Amendment, brought: &'a Amendment) -> &'a Amendment {
    if known.at <= brought.at { brought } else { known }
}

pub fn counting<'a>(known: Option<&'a Amendment>, brought: Option<&'a Amendment>) -> Option<&'a Amendment> {
    match (known, brought) {
        (Some(known), Some(brought)) => Some(later(known, brought)),
        (known, brought) => brought.or(known),
    }
}
