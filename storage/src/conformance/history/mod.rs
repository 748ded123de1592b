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

/// The suite as tests of a crate; the argument makes a fresh place.
#[macro_export]
macro_rules! history_conformance {
    ($place:expr) => {
        $crate::history_conformance! { @cases $place;
            a_new_history_is_empty,
            what_was_stored_comes_back_whole,
            a_number_is_searched_newest_first_page_by_page,
            a_search_can_be_limited_to_one_organisation,
            a_search_can_be_limited_in_every_way,
            a_search_of_everything_is_refused,
            a_state_is_searched_as_corrected,
            handing_over_again_changes_nothing,
            progress_never_goes_back,
            a_correction_counts_whenever_it_comes,
            the_latest_correction_counts,
            a_later_journey_of_a_message_stands_for_an_earlier_one,
            edges_of_ids_and_limits_are_no_special_cases,
            hostile_text_is_only_text,
            readers_see_whole_batches_while_they_are_stored,
            every_dimension_adds_up,
            a_batch_handed_over_again_counts_once,
            corrections_are_counted_in_any_order,
            a_later_journey_counts_instead_of_an_earlier_one,
        }
    };
    (@cases $place:expr; $($case:ident),+ $(,)?) => {
        $(
            #[test]
            fn $case() {
                $crate::conformance::history::$case($place);
            }
        )+
    };
}
