//! What every file store promises, as cases over a [`Stage`]: a backend and the ways to hurt it.
//!
//! `files_conformance!(expression)` makes one `#[test]` per case; the expression gives a fresh stage.

mod cases;
mod stage;

pub use cases::*;
pub use stage::Stage;

/// One `#[test]` per case of the suite, each on a stage of its own.
#[macro_export]
macro_rules! files_conformance {
    ($stage:expr) => {
        $crate::files_conformance! { @cases $stage;
            a_file_comes_back_by_its_hash,
            files_of_every_size_come_back,
            the_same_content_is_the_same_file,
            reading_starts_anywhere,
            what_is_not_there_is_none,
            an_unfinished_file_is_never_seen,
            a_file_over_its_limit_is_refused,
            a_removed_file_is_gone_and_readers_read_on,
            finished_files_survive_power_cuts_at_any_moment,
            a_failed_sync_is_told,
            a_full_disk_is_told,
        }
    };
    (@cases $stage:expr; $($case:ident),+ $(,)?) => {
        $(
            #[test]
            fn $case() {
                $crate::conformance::files::$case(&$stage);
            }
        )+
    };
}
