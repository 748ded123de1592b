//! What every history does. Each case gets a fresh, empty place.

mod cases;
mod model;
mod sample;

pub use cases::*;
pub use model::agrees_with_a_model;
pub use sample::{add_mail, journey, phone};

use crate::history::History;

/// Where a history lives: opening it again, after the one before was dropped, gives what was stored.
pub trait HistoryPlace {
    type History: History;

    fn open(&self) -> Self::History;
}
