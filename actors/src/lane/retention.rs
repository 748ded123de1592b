use super::options::LaneOptions;
use crate::columns::JournalMark;
use carillon_domain::time::UnixMs;
use carillon_storage::journal::FrameSeq;
use std::time::Duration;

/// Frames that no feed reaches any more: by age, or by the bytes they take once they are older than
/// [`LaneOptions::journal_keep_least`]. What is younger holds the answers of known idempotency keys (IDEM-1); a disk that is too small for
/// it stops intake.
///
/// `marks` say when which frame was written, oldest first: one for each checkpoint since what was released last.
pub fn releasable(marks: &[JournalMark], now: UnixMs, disk_bytes: u64, options: &LaneOptions) -> FrameSeq {
    let newest_before = |marks: &[JournalMark], age: Duration| {
        let until = now.0.saturating_sub(age.as_millis() as u64);
        marks
            .iter()
            .rev()
            .find(|mark| mark.unix_ms <= until)
            .map(|mark| mark.frame)
    };
    let over = disk_bytes.saturating_sub(options.journal_keep_bytes);
    // Checkpoints are about equally far apart in bytes. There may be fewer of them than that: they come late under load.
    let marks_over = usize::try_from(over / options.checkpoint_bytes.max(1)).unwrap_or(usize::MAX);
    let by_size = newest_before(&marks[..marks_over.min(marks.len())], options.journal_keep_least);
    let by_age = newest_before(marks, options.feed_retention.max(options.journal_keep_least));
    FrameSeq(by_age.max(by_size).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::KEY_LIFE_MAX;

    const HOUR_MS: u64 = 3_600_000;
    const NOW: UnixMs = UnixMs(1_000 * HOUR_MS);

    /// A checkpoint of 10 bytes every two hours, the newest now; feeds reach back 72 hours, 200 bytes are kept for them.
    fn at(checkpoints: u64, disk_bytes: u64) -> u64 {
        at_least(KEY_LIFE_MAX, checkpoints, disk_bytes)
    }

    fn at_least(journal_keep_least: Duration, checkpoints: u64, disk_bytes: u64) -> u64 {
        let options = LaneOptions {
            journal_keep_least,
            checkpoint_bytes: 10,
            feed_retention: Duration::from_secs(72 * 3600),
            journal_keep_bytes: 200,
            ..LaneOptions::default()
        };
        let marks: Vec<_> = (1..=checkpoints)
            .map(|frame| JournalMark {
                frame,
                unix_ms: NOW.0 - (checkpoints - frame) * 2 * HOUR_MS,
            })
            .collect();
        releasable(&marks, NOW, disk_bytes, &options).0
    }

    #[test]
    fn what_the_feeds_reach_stays_unless_it_takes_too_much_room() {
        for (checkpoints, disk_bytes, released) in [
            (0, 0, 0),
            (36, 200, 0),
            // The first is 72 hours old now.
            (37, 200, 1),
            (100, 200, 64),
            // Ten bytes more than may be are one checkpoint's.
            (36, 209, 0),
            (36, 210, 1),
            (36, 250, 5),
            // What known keys may need stays, whatever it takes: 30 hours are fifteen checkpoints.
            (36, 100_000, 21),
            (15, 100_000, 0),
            (16, 100_000, 1),
        ] {
            assert_eq!(
                at(checkpoints, disk_bytes),
                released,
                "{checkpoints} checkpoints, {disk_bytes} bytes"
            );
        }
    }

    #[test]
    fn how_long_everything_stays_is_a_choice() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        // A checkpoint every two hours.
        for (least, released) in [(hours(24), 24), (hours(4), 34), (hours(0), 36), (hours(80), 0)] {
            assert_eq!(at_least(least, 36, 100_000), released, "{least:?}");
        }
    }
}
