use super::tests::Folder;
use carillon_domain::ids::AccountId;
use carillon_domain::journey::{Journey, StepKind};
use carillon_domain::tally::Measure;
use carillon_domain::time::UnixMs;
use carillon_storage::conformance::Random;
use carillon_storage::conformance::history::{HistoryPlace, journey, phone};
use carillon_storage::history::{
    Batch, CarrierQuery, GroupBy, History, HistoryError, OTHER_CODES, ROLLUP_ROWS_MAX, Resolution,
    RollupQuery,
};
use carillon_storage::journal::FrameSeq;
use rusqlite::Connection;
use std::time::Duration;

/// The beginning of an hour.
const START_MS: u64 = 1_769_997_600_000;
const EVERYTHING: RollupQuery = RollupQuery {
    resolution: Resolution::Day,
    from: UnixMs(0),
    until: UnixMs(u64::MAX),
    tenant: None,
    account: None,
    group_by: GroupBy {
        time: false,
        tenant: false,
        account: false,
        kind: false,
        connection: false,
        carrier: false,
        province: false,
    },
};
const CARRIERS: CarrierQuery = CarrierQuery {
    resolution: Resolution::Day,
    from: UnixMs(0),
    until: UnixMs(u64::MAX),
    by_time: false,
};

fn journeys(count: u64) -> Vec<Journey> {
    let mut random = Random::new(count);
    (0..count)
        .map(|number| journey((START_MS << 22) + number, phone(number), 1, &mut random))
        .collect()
}

fn manifest(folder: &Folder) -> Connection {
    Connection::open(folder.path().join("manifest.db")).unwrap()
}

/// All figures, in every way they can be asked for.
fn figures(history: &impl History) -> String {
    let mut all = String::new();
    for resolution in Resolution::ALL {
        let group_by = GroupBy {
            time: true,
            tenant: true,
            account: true,
            kind: true,
            connection: true,
            carrier: true,
            province: true,
        };
        let query = RollupQuery {
            resolution,
            group_by,
            ..EVERYTHING
        };
        let carriers = CarrierQuery {
            resolution,
            by_time: true,
            ..CARRIERS
        };
        all += &format!(
            "{:?}\n{:?}\n{:?}\n",
            history.rollup(&query).unwrap(),
            history.codes(&carriers).unwrap(),
            history.latencies(&carriers).unwrap()
        );
    }
    all
}

#[test]
fn figures_of_another_form_are_made_anew() {
    let folder = Folder::new(false);
    let history = folder.open();
    let all = journeys(300);
    for (part, frame) in all.chunks(70).zip(1..) {
        history.store(Batch::of(part, &[]), FrameSeq(frame)).unwrap();
    }
    // Of a message that is stored twice the last one counts.
    history.store(Batch::of(&all[..20], &[]), FrameSeq(1)).unwrap();
    let wanted = figures(&history);
    drop(history);
    let spoil = "UPDATE progress SET rollup_format = 0; DELETE FROM rollup; DROP TABLE rollup_code;
        UPDATE rollup_latency SET count = 7";
    manifest(&folder).execute_batch(spoil).unwrap();
    let history = folder.open();
    assert_eq!(figures(&history), wanted);
    assert_eq!(history.stored_upto(), FrameSeq(5));
}

/// A crash between a file and its name in the manifest: neither the messages nor their figures count, and both do when they
/// are handed over again.
#[test]
fn figures_come_with_their_messages_or_not_at_all() {
    let folder = Folder::new(false);
    let history = folder.open();
    let all = journeys(40);
    history.store(Batch::of(&all[..10], &[]), FrameSeq(1)).unwrap();
    let before = figures(&history);
    let refuse =
        "CREATE TRIGGER refuse BEFORE UPDATE ON progress BEGIN SELECT RAISE(ABORT, 'as after a crash'); END";
    manifest(&folder).execute_batch(refuse).unwrap();
    for _ in 0..3 {
        assert!(history.store(Batch::of(&all[10..], &[]), FrameSeq(2)).is_err());
    }
    assert_eq!(
        folder.data_files().len(),
        1,
        "tries without end do not fill the disk"
    );
    assert_eq!(figures(&history), before);
    drop(history);
    manifest(&folder).execute_batch("DROP TRIGGER refuse").unwrap();
    let history = folder.open();
    assert_eq!((figures(&history), history.stored_upto()), (before, FrameSeq(1)));
    history.store(Batch::of(&all[10..], &[]), FrameSeq(2)).unwrap();
    assert_eq!(accepted(&history, &EVERYTHING), 40);
}

/// The manifest takes a merge or not; a file that it did not take goes, however often it is tried.
#[test]
fn a_merge_that_fails_leaves_nothing_behind() {
    let folder = Folder::new(false);
    let history = folder.open();
    let all = journeys(80);
    history.store(Batch::of(&all[..40], &[]), FrameSeq(1)).unwrap();
    history.store(Batch::of(&all[40..], &[]), FrameSeq(2)).unwrap();
    let refuse =
        "CREATE TRIGGER refuse BEFORE DELETE ON file BEGIN SELECT RAISE(ABORT, 'as on a full disk'); END";
    manifest(&folder).execute_batch(refuse).unwrap();
    for _ in 0..3 {
        assert!(history.merge_due().is_err());
    }
    assert_eq!(
        (folder.data_files().len(), accepted(&history, &EVERYTHING)),
        (2, 80)
    );
    manifest(&folder).execute_batch("DROP TRIGGER refuse").unwrap();
    history.merge_due().unwrap();
    assert_eq!((folder.data_files().len(), history.size().rows), (1, 80));
}

fn accepted(history: &impl History, query: &RollupQuery) -> i64 {
    let rows = history.rollup(query).unwrap();
    rows.iter().map(|row| row.counts[Measure::Accepted]).sum()
}

/// However many organisations and accounts there are, a bucket has a bounded number of rows and its sums are right.
#[test]
fn too_many_rows_lose_their_origin_and_no_count() {
    const MESSAGES: u64 = 9_000;
    let folder = Folder::new(false);
    let history = folder.open();
    let mut all = journeys(MESSAGES);
    for (number, journey) in all.iter_mut().enumerate() {
        // 3,000 accounts, each to three origins.
        journey.account = AccountId(number as u32 / 3);
        journey.to = Some(phone([0, 1, 10_000][number % 3]));
        journey.attempts[0].segments.clear();
    }
    for (part, frame) in all.chunks(2_500).zip(1..) {
        history.store(Batch::of(part, &[]), FrameSeq(frame)).unwrap();
    }
    let rows: i64 = manifest(&folder)
        .query_row("SELECT count(*) FROM rollup WHERE resolution = 0", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert!((4_096..=4_096 + 3_000).contains(&rows), "{rows} rows");
    let by_account = RollupQuery {
        resolution: Resolution::Minute,
        group_by: GroupBy {
            account: true,
            ..GroupBy::default()
        },
        ..EVERYTHING
    };
    let by_account = history.rollup(&by_account).unwrap();
    assert_eq!(by_account.len(), 3_000);
    assert!(by_account.iter().all(|row| row.counts[Measure::Accepted] == 3));
    let by_province = RollupQuery {
        resolution: Resolution::Minute,
        group_by: GroupBy {
            province: true,
            ..GroupBy::default()
        },
        ..EVERYTHING
    };
    assert_eq!(accepted(&history, &by_province), MESSAGES as i64);
    // Hours have more room.
    let known = RollupQuery {
        resolution: Resolution::Hour,
        ..by_province
    };
    let of_known: i64 = history
        .rollup(&known)
        .unwrap()
        .iter()
        .filter(|row| row.province.is_some_and(|province| province.is_known()))
        .map(|row| row.counts[Measure::Accepted])
        .sum();
    assert_eq!(of_known, MESSAGES as i64);
}

/// A carrier that makes up a code for every message.
#[test]
fn too_many_codes_are_counted_together() {
    const MESSAGES: u64 = 3_000;
    let folder = Folder::new(false);
    let history = folder.open();
    let mut all = journeys(MESSAGES);
    for (number, journey) in all.iter_mut().enumerate() {
        let segment = &mut journey.attempts[0].segments[0];
        segment
            .steps
            .retain(|step| matches!(step.what, StepKind::Receipt { .. }));
        for step in &mut segment.steps {
            if let StepKind::Receipt { status, .. } = &mut step.what {
                *status = format!("E{number}").into();
            }
        }
    }
    for (part, frame) in all.chunks(1_000).zip(1..) {
        history.store(Batch::of(part, &[]), FrameSeq(frame)).unwrap();
    }
    let codes = history.codes(&CARRIERS).unwrap();
    let delivered: i64 = codes.iter().map(|row| row.count).sum();
    let told: i64 = history
        .rollup(&EVERYTHING)
        .unwrap()
        .iter()
        .map(|row| row.counts[Measure::SegmentsDelivered])
        .sum();
    assert_eq!(delivered, told);
    assert!(codes.iter().any(|row| row.code == OTHER_CODES));
    assert!(codes.len() <= 1_024 + 4, "{} codes", codes.len());
}

#[test]
fn more_rows_than_can_be_given_are_refused_and_not_cut_short() {
    let folder = Folder::new(false);
    let history = folder.open();
    drop(history);
    let fill = format!(
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n <= {ROLLUP_ROWS_MAX})
         INSERT INTO rollup SELECT 2, 86400000 * n, 1, 1, 0, -1, 0, 0, 1, {} FROM number",
        ["0"; 13].join(", ")
    );
    manifest(&folder).execute_batch(&fill).unwrap();
    let history = folder.open();
    let by_day = RollupQuery {
        group_by: GroupBy {
            time: true,
            ..GroupBy::default()
        },
        ..EVERYTHING
    };
    assert!(matches!(
        history.rollup(&by_day),
        Err(HistoryError::TooManyRows { max: ROLLUP_ROWS_MAX })
    ));
    assert_eq!(accepted(&history, &EVERYTHING), ROLLUP_ROWS_MAX as i64 + 1);
}

/// Years of figures hold neither a thread nor those who ask after them for longer than they may.
#[test]
fn figures_that_take_too_long_are_given_up() {
    let mut folder = Folder::new(false);
    let fill = format!(
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 50000)
         INSERT INTO rollup SELECT 2, 86400000 * n, 1, 1, 0, -1, 0, 0, 1, {} FROM number",
        ["0"; 13].join(", ")
    );
    drop(folder.open());
    manifest(&folder).execute_batch(&fill).unwrap();
    folder.options.figures_time_max = Duration::ZERO;
    let history = folder.open();
    for _ in 0..2 {
        let refused = history.rollup(&EVERYTHING);
        assert!(
            matches!(refused, Err(HistoryError::TooSlow { max: Duration::ZERO })),
            "{refused:?}"
        );
    }
    drop(history);
    folder.options.figures_time_max = Duration::from_secs(60);
    assert_eq!(accepted(&folder.open(), &EVERYTHING), 50_000);
}

#[test]
fn figures_that_mean_nothing_are_told() {
    let folder = Folder::new(false);
    folder
        .open()
        .store(Batch::of(&journeys(5), &[]), FrameSeq(1))
        .unwrap();
    let spoil = "UPDATE rollup SET carrier = carrier + 77; UPDATE rollup_code SET measure = measure + 77;
        UPDATE rollup_latency SET bucket = bucket + 777";
    manifest(&folder).execute_batch(spoil).unwrap();
    let history = folder.open();
    let by_carrier = RollupQuery {
        group_by: GroupBy {
            carrier: true,
            ..GroupBy::default()
        },
        ..EVERYTHING
    };
    assert!(history.rollup(&by_carrier).is_err());
    assert!(history.codes(&CARRIERS).is_err());
    assert!(history.latencies(&CARRIERS).is_err());
    // What does not ask for it is answered.
    assert_eq!(accepted(&history, &EVERYTHING), 5);
}
