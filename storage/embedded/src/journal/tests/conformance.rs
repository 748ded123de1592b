use super::stage::SimulatedStage;
use carillon_storage::conformance::journal::{self, WholeState};
use std::panic::{AssertUnwindSafe, catch_unwind};

carillon_storage::journal_conformance!(SimulatedStage::new());
carillon_storage::journal_conformance!(disk SimulatedStage::new());

/// A suite that cannot notice a missing sync tests nothing.
#[test]
fn the_suite_fails_when_syncs_do_nothing() {
    let cases: [fn(&dyn journal::DiskStage); 3] = [
        journal::durable_frames_survive_power_cuts_at_random_moments,
        journal::closing_makes_everything_durable,
        journal::a_power_cut_leaves_the_old_checkpoint_or_the_new,
    ];
    for (number, case) in cases.into_iter().enumerate() {
        let stage = SimulatedStage::new();
        stage.files().set_sync_works(false);
        let outcome = catch_unwind(AssertUnwindSafe(|| case(&stage)));
        assert!(
            outcome.is_err(),
            "case {number} passed on a disk that never syncs"
        );
    }
}

/// The same promises on the disk that the tests run on, as far as a process alone can see them.
#[test]
fn a_real_disk_keeps_frames_over_reopening() {
    use crate::files::RealFiles;
    use crate::journal::{EmbeddedJournal, JournalOptions};
    use carillon_storage::journal::{FrameSeq, Journal, JournalError};
    use std::sync::Arc;

    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    let open = || {
        let options = JournalOptions {
            volume_bytes: 64 * 1024,
            ..JournalOptions::default()
        };
        EmbeddedJournal::open(&dir, options, Arc::new(RealFiles))
    };
    let mut appended = Vec::new();
    for life in 0..4 {
        let journal = open().unwrap();
        assert!(matches!(open().map(drop), Err(JournalError::InUse { .. })));
        let durable = FrameSeq(appended.len() as u64);
        assert_eq!(
            journal::check_frames(&journal, &appended, durable, "real"),
            appended.len()
        );
        let more: Vec<_> = (0..200)
            .map(|number| vec![number as u8; 1 + number * 7])
            .collect();
        journal::append_all(&journal, &more);
        appended.extend(more);
        journal
            .save_state(FrameSeq(appended.len() as u64), b"state")
            .unwrap();
        if life % 2 == 0 {
            journal.close().unwrap();
        }
    }
    let journal = open().unwrap();
    journal.release(journal.durable()).unwrap();
    assert!(journal.oldest() > FrameSeq(1));
    journal::check_frames(&journal, &appended, FrameSeq(800), "real, released");
}
