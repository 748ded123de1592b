//! What every history does. Each case gets a fresh, empty place.

mod cases;
mod model;
mod recount;
mod rollups;
mod sample;

pub use cases::*;
pub use model::agrees_with_a_model;
pub use rollups::{
    a_batch_handed_over_again_counts_once, a_later_journey_counts_instead_of_an_earlier_one,
    corrections_are_counted_in_any_order, every_dimension_adds_up,
};
pub use sample::{add_mail, journey, phone, ranges};

use crate::history::History;

/// Where a history lives: opening it again, after the one before was dropped, gives what was stored. It counts carriers and
/// provinces by [`ranges`].
pub trait HistoryPlace {
    type History: History;

    fn open(&self) -> Self::History;
}
