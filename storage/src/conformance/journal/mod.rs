//! What every journal promises, as cases over a [`Stage`]: a backend and the ways to hurt it; and what one on a disk of its own
//! promises besides ([`DiskStage`]).
//!
//! `journal_conformance!(expression)` and `journal_conformance!(disk expression)` make one `#[test]` per case; the expression gives a
//! fresh stage.

mod checkpoints;
mod crashes;
mod failures;
mod frames;
mod helpers;
mod order;
mod parts;
mod readers;
mod release;
mod stage;
mod whole_state;

pub use checkpoints::*;
pub use crashes::*;
pub use failures::*;
pub use frames::*;
pub use helpers::{Watch, append_all, check_frames, read_frames};
pub use order::*;
pub use parts::*;
pub use readers::*;
pub use release::*;
pub use stage::{DiskStage, Stage};
pub use whole_state::{Checkpoint, WholeState};

/// One `#[test]` per case of the suite, each on a stage of its own.
#[macro_export]
macro_rules! journal_conformance {
    ($stage:expr) => {
        $crate::journal_conformance! { @cases $stage;
            frames_are_numbered_and_read_in_order,
            payloads_of_every_size_come_back,
            sizes_outside_the_limits_are_refused,
            the_callback_runs_after_what_it_tells_is_durable,
            a_closed_journal_takes_nothing,
            frames_go_on_over_reopening,
            durable_frames_survive_a_kill,
            a_checkpoint_comes_back,
            a_checkpoint_names_a_frame_that_exists,
            parts_that_do_not_change_stay,
            released_frames_go_and_stay_gone,
            release_spares_what_the_checkpoint_needs,
            readers_follow_the_writer,
            readers_start_anywhere,
            a_reader_outlives_release_or_says_what_is_gone,
            single_frames_are_read_in_any_order,
            a_single_frame_is_gone_or_not_yet_there,
        }
    };
    (disk $stage:expr) => {
        $crate::journal_conformance! { @cases $stage;
            closing_makes_everything_durable,
            status_adds_up,
            only_one_opens_it,
            durable_frames_survive_power_cuts_at_random_moments,
            power_cuts_while_reopening_lose_nothing,
            a_failed_sync_is_the_end,
            a_full_disk_loses_nothing_that_was_durable,
            a_power_cut_leaves_the_old_checkpoint_or_the_new,
            a_full_disk_keeps_the_old_checkpoint,
            a_power_cut_leaves_the_parts_of_the_old_checkpoint_or_the_new,
            released_frames_give_their_room_back,
            power_cuts_while_releasing_leave_a_whole_journal,
            a_reader_never_sees_what_is_not_durable,
        }
    };
    (@cases $stage:expr; $($case:ident),+ $(,)?) => {
        $(
            #[test]
            fn $case() {
                $crate::conformance::journal::$case(&$stage);
            }
        )+
    };
}
