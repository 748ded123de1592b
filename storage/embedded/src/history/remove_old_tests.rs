use super::tests::{Folder, all, batch};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::{Amendment, Journey};
use carillon_domain::time::UnixMs;
use carillon_storage::conformance::Random;
use carillon_storage::conformance::history::{HistoryPlace, journey, phone};
use carillon_storage::history::{
    Batch, CarrierQuery, GroupBy, History, HistorySize, Resolution, RollupQuery, SearchQuery,
};
use carillon_storage::journal::FrameSeq;
use std::time::Duration;

const DAY_MS: u64 = 86_400_000;
const START_MS: u64 = 1_770_000_000_000;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Files of messages accepted on one day each, kept for three days.
fn of_days(days: u64) -> (Folder, Vec<Vec<Journey>>) {
    let mut folder = Folder::new(false);
    folder.options.rows_full = 10;
    folder.options.keep.journeys = 3 * DAY;
    folder.options.keep.minutes = 2 * DAY;
    folder.options.keep.hours = 4 * DAY;
    let mut random = Random::new(days);
    let of_day = |day: u64| {
        let id = |number: u64| (START_MS + day * DAY_MS + number) << 22;
        (0..10)
            .map(|number| journey(id(number), phone(1), 1, &mut random))
            .collect()
    };
    (folder, (0..days).map(of_day).collect())
}

fn day(number: u64) -> UnixMs {
    UnixMs(START_MS + number * DAY_MS)
}

fn amendment(journey: &Journey) -> Amendment {
    Amendment {
        message: journey.message,
        state: FinalState::Delivered,
        cause: None,
        at: UnixMs(journey.message.unix_ms() + 1),
    }
}

#[test]
fn whole_files_go_when_their_newest_message_is_old() {
    let (folder, days) = of_days(5);
    let history = folder.open();
    for (journeys, frame) in days.iter().zip(1..) {
        let amendments = [amendment(&journeys[0])];
        history
            .store(Batch::of(journeys, &amendments), FrameSeq(frame))
            .unwrap();
    }
    let rows = || history.size().rows;
    // The newest message of the first day came 9 ms after its first.
    history.remove_old(UnixMs(day(3).0 + 9)).unwrap();
    assert_eq!((rows(), folder.data_files().len()), (50, 5));
    history.remove_old(UnixMs(day(3).0 + 10)).unwrap();
    assert_eq!((rows(), folder.data_files().len()), (40, 4));
    assert_eq!(history.journey(days[0][0].message).unwrap(), None);
    assert!(history.journey(days[1][0].message).unwrap().is_some());
    history.remove_old(day(5)).unwrap();
    let size = history.size();
    assert_eq!(
        size,
        HistorySize {
            files: 3,
            rows: 30,
            oldest: Some(day(2)),
            removed_rows: 20,
            ..size
        }
    );
    let on_disk: u64 = folder
        .data_files()
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert_eq!(size.bytes, on_disk);
    // Corrections go with their messages, and no other.
    assert_eq!(
        history.shared().manifest.amendment(days[1][0].message).unwrap(),
        None
    );
    assert!(
        history
            .shared()
            .manifest
            .amendment(days[2][0].message)
            .unwrap()
            .is_some()
    );
    drop(history);
    let history = folder.open();
    assert_eq!(all(&history).len(), 30);
    history.remove_old(day(1_000)).unwrap();
    assert_eq!((history.size().files, folder.data_files().len()), (0, 0));
    assert_eq!(history.stored_upto(), FrameSeq(5));
    assert_eq!(
        history.shared().manifest.amendment(days[4][0].message).unwrap(),
        None
    );
    // And it goes on.
    history.store(Batch::of(&days[0], &[]), FrameSeq(6)).unwrap();
    assert_eq!(all(&history).len(), 10);
}

/// Six files of the same size, a day apart.
fn six_days_in(bytes_max: impl FnOnce(u64) -> u64) -> (Folder, Vec<Vec<Journey>>) {
    let (mut folder, days) = of_days(6);
    folder.options.keep.journeys = 1_000 * DAY;
    folder.options.keep.floor = 2 * DAY;
    let history = folder.open();
    for (journeys, frame) in days.iter().zip(1..) {
        let amendments = [amendment(&journeys[0])];
        history
            .store(Batch::of(journeys, &amendments), FrameSeq(frame))
            .unwrap();
    }
    history.remove_old(day(6)).unwrap();
    assert_eq!(history.size().files, 6, "without a limit of room all stay");
    folder.options.keep.bytes_max = Some(bytes_max(history.size().bytes));
    (folder, days)
}

#[test]
fn the_oldest_files_go_when_all_take_too_much_room() {
    let (folder, days) = six_days_in(|all| all / 2);
    let history = folder.open();
    history.remove_old(day(6)).unwrap();
    let size = history.size();
    assert_eq!(
        size,
        HistorySize {
            files: 3,
            rows: 30,
            oldest: Some(day(3)),
            removed_rows: 0,
            removed_for_room_rows: 30,
            ..size
        }
    );
    assert!(Some(size.bytes) <= folder.options.keep.bytes_max);
    assert_eq!(folder.data_files().len(), 3, "the room is given back");
    let corrected = |day: usize| {
        let message = days[day][0].message;
        history.shared().manifest.amendment(message).unwrap().is_some()
    };
    assert!(
        !corrected(2) && corrected(3),
        "corrections go with their messages"
    );
    history.remove_old(day(6)).unwrap();
    assert_eq!(history.size(), size, "what fits stays");
}

/// The clock says that everything is old; what goes for want of room is counted from the newest message all the same.
#[test]
fn what_the_feeds_reach_stays_however_large_it_is() {
    let (folder, _) = six_days_in(|_| 1);
    let history = folder.open();
    for _ in 0..2 {
        history.remove_old(day(900)).unwrap();
        let size = history.size();
        assert_eq!((size.files, size.oldest), (3, Some(day(3))));
    }
}

#[test]
fn a_reader_keeps_an_old_file_until_it_is_done() {
    let (folder, days) = of_days(1);
    let history = folder.open();
    history.store(Batch::of(&days[0], &[]), FrameSeq(1)).unwrap();
    let held = history.shared().shelf.files();
    history.remove_old(day(100)).unwrap();
    assert_eq!(all(&history), Vec::<u64>::new());
    let id = days[0][3].message.0;
    assert_eq!(held[0].get(id).unwrap().map(|row| row.id), Some(id));
    assert_eq!(folder.data_files().len(), 1);
    drop(held);
    assert_eq!(folder.data_files().len(), 0);
}

/// A search goes page by page while files go: each page is whole, and what is kept is found.
#[test]
fn searches_go_on_while_old_files_go() {
    let (folder, days) = of_days(20);
    let history = folder.open();
    for (journeys, frame) in days.iter().zip(1..) {
        history.store(Batch::of(journeys, &[]), FrameSeq(frame)).unwrap();
    }
    let mut query = SearchQuery {
        phone: Some(phone(1)),
        ..SearchQuery::newest(7)
    };
    let mut found: Vec<MessageId> = Vec::new();
    for now in 5.. {
        let page = history.search(&query).unwrap();
        found.extend(page.journeys.iter().map(|journey| journey.message));
        history.remove_old(day(now)).unwrap();
        let Some(next) = page.next else { break };
        query.before = Some(next);
    }
    assert!(found.windows(2).all(|pair| pair[0] > pair[1]));
    let kept = days.iter().flatten().map(|journey| journey.message);
    let oldest = history.size().oldest.unwrap();
    let kept = kept.filter(|message| message.unix_ms() >= oldest.0).count();
    assert!(found.len() >= kept && kept > 0, "{} of {kept}", found.len());
}

#[test]
fn a_file_that_is_removed_while_others_are_merged_stays_away() {
    let (mut folder, days) = of_days(4);
    folder.options.rows_full = 20;
    let history = folder.open();
    for (journeys, frame) in days.iter().zip(1..) {
        history.store(Batch::of(journeys, &[]), FrameSeq(frame)).unwrap();
    }
    history.merge_due().unwrap();
    assert_eq!(history.size().files, 2);
    // A merged file goes by its newest message.
    history.remove_old(UnixMs(day(3).0 + 10)).unwrap();
    assert_eq!(history.size().files, 2);
    history.remove_old(UnixMs(day(4).0 + 10)).unwrap();
    assert_eq!((history.size().files, folder.data_files().len()), (1, 1));
    drop(history);
    assert_eq!(all(&folder.open()).len(), 20);
}

#[test]
fn figures_of_days_outlive_those_of_minutes_and_hours_and_the_messages() {
    let (folder, days) = of_days(1);
    let history = folder.open();
    history.store(Batch::of(&days[0], &[]), FrameSeq(1)).unwrap();
    let rows = |resolution| {
        let query = RollupQuery {
            resolution,
            from: UnixMs(0),
            until: UnixMs(u64::MAX),
            tenant: None,
            account: None,
            group_by: GroupBy::default(),
        };
        let carriers = CarrierQuery {
            resolution,
            from: UnixMs(0),
            until: UnixMs(u64::MAX),
            by_time: false,
        };
        (
            history.rollup(&query).unwrap().len(),
            history.latencies(&carriers).unwrap().is_empty(),
            history.codes(&carriers).unwrap().is_empty(),
        )
    };
    let (there, gone) = ((1, false, false), (0, true, true));
    for (now, minutes, hours) in [(1, there, there), (3, gone, there), (5, gone, gone)] {
        history.remove_old(day(now)).unwrap();
        assert_eq!(rows(Resolution::Minute), minutes, "day {now}");
        assert_eq!(rows(Resolution::Hour), hours, "day {now}");
        assert_eq!(rows(Resolution::Day), there, "day {now}");
    }
    assert_eq!(history.size().rows, 0);
}

#[test]
fn nothing_goes_by_a_clock_that_stands_before_it() {
    let folder = Folder::new(false);
    let history = folder.open();
    history.store(Batch::of(&batch(0, 10), &[]), FrameSeq(1)).unwrap();
    history.remove_old(UnixMs(0)).unwrap();
    assert_eq!(history.size().rows, 10);
}
