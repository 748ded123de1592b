use super::board::{Board, Condition};
use super::ghost::Ghost;
use super::sample::Sample;
use super::start::LiveStart;
use crate::columns::{Standing, Tally};
use crate::lane::ClockStatus;
use crate::status::{ConnectionState, ConnectionStatus};
use carillon_domain::catalog::Carrier;
use carillon_domain::ids::{AccountId, ConnectionId, TenantId};
use carillon_domain::plan::ChannelKind;
use carillon_domain::province::Province;
use carillon_domain::quota::day_utc8;
use carillon_domain::tally::{Counts, Dimensions, Measure};
use carillon_domain::time::{Monotonic, Now, UnixMs};
use carillon_storage::history::RollupRow;
use std::time::Duration;

/// 2026-01-02T00:00:00+08:00.
const MIDNIGHT: u64 = 1_767_283_200_000;
const DAY_MS: u64 = 86_400_000;
const LINK: ConnectionId = ConnectionId(1);

fn now(ms: i64) -> Now {
    let unix = MIDNIGHT.saturating_add_signed(ms);
    Now {
        unix: UnixMs(unix),
        monotonic: Monotonic(Duration::from_millis(unix + DAY_MS - MIDNIGHT)),
    }
}

fn dimensions(tenant: u32, connection: Option<ConnectionId>) -> Dimensions {
    Dimensions {
        tenant: TenantId(tenant),
        account: AccountId(7),
        kind: ChannelKind::Sms,
        connection,
        carrier: Carrier::Mobile,
        province: Province::parse("广东"),
    }
}

fn sample(ms: i64, events: &[(i64, u32, Measure, i64)]) -> Sample {
    let mut tally = Tally::default();
    for (at, tenant, measure, by) in events {
        let connection = (*measure as usize >= Measure::SegmentsSubmitted as usize).then_some(LINK);
        tally.count(now(*at).unix, dimensions(*tenant, connection), *measure, *by);
    }
    Sample {
        now: now(ms),
        tally,
        standings: vec![(
            TenantId(1),
            Standing {
                open: 5,
                uncertain: 2,
            },
        )],
        waiting: vec![(TenantId(1), 3), (TenantId(2), 4)],
        running: Vec::new(),
        clock: ClockStatus::Steady,
        organisations: vec![TenantId(1)],
    }
}

fn status(state: ConnectionState) -> ConnectionStatus {
    ConnectionStatus {
        connection: LINK,
        state,
        sessions_bound: u8::from(matches!(state, ConnectionState::Up | ConnectionState::Throttled)),
        sessions_wanted: 1,
        in_flight: 0,
        written_last_second: 0,
        last_error: None,
    }
}

fn start(ms: i64, stored: &[(u32, Measure, i64)], rest: &[(i64, u32, Measure, i64)]) -> Board {
    Board::begin(LiveStart {
        stored: rows(stored),
        left: None,
        rest: sample(ms, rest).tally,
        ghost: Ghost::default(),
        now: now(ms).unix,
    })
}

fn rows(stored: &[(u32, Measure, i64)]) -> Vec<RollupRow> {
    let rows = stored.iter().map(|(tenant, measure, by)| {
        let dimensions = dimensions(*tenant, None);
        let mut counts = Counts::default();
        counts[*measure] = *by;
        RollupRow {
            at: None,
            tenant: Some(dimensions.tenant),
            account: None,
            kind: Some(dimensions.kind),
            connection: Some(None),
            carrier: None,
            province: Some(dimensions.province),
            counts,
        }
    });
    rows.collect()
}

fn today(board: &Board, tenant: Option<u32>, measure: Measure) -> i64 {
    let scope = board.scope(tenant.map(TenantId));
    scope.map_or(0, |scope| scope.today()[measure])
}

#[test]
fn today_is_what_was_stored_and_what_was_not_and_what_happens() {
    use Measure::{Accepted, SegmentsDelivered};
    let rest = [(5, 1, Accepted, 2), (-5, 1, Accepted, 100)];
    let mut board = start(10, &[(1, Accepted, 10), (2, Accepted, 7)], &rest);
    assert_eq!(today(&board, None, Accepted), 19);
    board.fold(
        sample(500, &[(20, 1, Accepted, 1), (30, 2, SegmentsDelivered, 3)]),
        Vec::new(),
    );
    assert_eq!(
        [None, Some(1), Some(2), Some(3)].map(|tenant| today(&board, tenant, Accepted)),
        [20, 13, 7, 0]
    );
    let scope = board.scope(None).unwrap();
    let provinces: Vec<_> = scope.provinces().map(|(_, counts)| counts[Accepted]).collect();
    let kinds: Vec<_> = scope.kinds().map(|(_, counts)| counts[Accepted]).collect();
    assert_eq!((provinces, kinds), (vec![20], vec![20]));
    assert_eq!(scope.today_by(LINK)[SegmentsDelivered], 3);
    assert_eq!(
        board
            .scope(Some(TenantId(1)))
            .unwrap()
            .connection(LINK)
            .map(|_| ()),
        None
    );
    assert_eq!(
        (scope.standing(), scope.waiting()),
        (
            Standing {
                open: 5,
                uncertain: 2
            },
            7
        )
    );
    let totals: Vec<_> = board
        .totals()
        .tenants()
        .map(|(id, count)| (id.0, count(Accepted)))
        .collect();
    assert_eq!(totals, [(1, 1)], "metrics count from the start of the process");
}

#[test]
fn a_day_begins_at_midnight_and_what_is_of_yesterday_stays_there() {
    use Measure::{Accepted, SegmentsFailed};
    let mut board = start(-60_000, &[(1, Accepted, 10)], &[]);
    board.fold(sample(-500, &[(-600, 1, Accepted, 1)]), Vec::new());
    assert_eq!(today(&board, None, Accepted), 11);
    let crossing = [(-100, 1, Accepted, 5), (100, 1, Accepted, 2)];
    board.fold(sample(200, &crossing), Vec::new());
    assert_eq!(today(&board, None, Accepted), 2);
    // A receipt takes back what an earlier one said yesterday.
    board.fold(
        sample(700, &[(-100, 1, SegmentsFailed, -1), (600, 1, Accepted, 1)]),
        Vec::new(),
    );
    assert_eq!(
        (today(&board, None, Accepted), today(&board, None, SegmentsFailed)),
        (3, 0)
    );
    // The clock steps back over midnight: nothing is counted twice, nothing is lost.
    board.fold(sample(-300, &[(-350, 1, Accepted, 9)]), Vec::new());
    assert_eq!(today(&board, None, Accepted), 3);
    // Ids that run ahead begin the day; those of another year do not.
    let mut board = start(-60_000, &[], &[]);
    board.fold(sample(-20, &[(3, 1, Accepted, 4)]), Vec::new());
    assert_eq!(today(&board, None, Accepted), 4);
    let year = 365 * DAY_MS as i64;
    board.fold(sample(500, &[(year, 1, Accepted, 4)]), Vec::new());
    assert_eq!(today(&board, None, Accepted), 4);
}

/// A clock that was wrong for a while: nobody sees another day for longer, and nothing is lost of the right one.
#[test]
fn a_day_that_the_clock_came_to_by_mistake_is_left_again() {
    use Measure::{Accepted, SegmentsSubmitted};
    const HOUR: i64 = 3_600_000;
    for by in [5 * HOUR, 24 * HOUR, 365 * 24 * HOUR] {
        let evening = -3 * HOUR;
        let mut board = start(evening, &[(1, Accepted, 10)], &[]);
        let submitted = |board: &Board| board.scope(None).unwrap().today_by(LINK)[SegmentsSubmitted];
        board.fold(
            sample(evening + 500, &[(evening, 1, SegmentsSubmitted, 4)]),
            Vec::new(),
        );
        let wrong = evening + by;
        board.fold(sample(wrong, &[(wrong, 1, Accepted, 1)]), Vec::new());
        assert_eq!((today(&board, None, Accepted), submitted(&board)), (1, 0));
        // What was on its way still counts where it belongs.
        let late = (evening + 900, 1, SegmentsSubmitted, 1);
        board.fold(sample(wrong + 500, &[late]), Vec::new());
        board.fold(
            sample(evening + 1_500, &[(evening + 1_100, 1, SegmentsSubmitted, 2)]),
            Vec::new(),
        );
        for tenant in [None, Some(1)] {
            assert_eq!(today(&board, tenant, Accepted), 10, "after {by}");
        }
        assert_eq!(submitted(&board), 7);
        // The right midnight comes all the same.
        board.fold(sample(10, &[(5, 1, Accepted, 3)]), Vec::new());
        let of_the_morning = 3 + i64::from(by <= 24 * HOUR);
        assert_eq!(today(&board, None, Accepted), of_the_morning, "after {by}");
    }
}

/// A machine whose clock is only set right some seconds after the start, as one without a battery.
#[test]
fn a_day_that_the_clock_comes_to_after_the_start_is_whole() {
    use Measure::Accepted;
    let evening = -3 * 3_600_000;
    for (wrong, right) in [(evening, 7_200_000), (7_200_000, evening)] {
        let mut board = Board::begin(LiveStart {
            stored: rows(&[(1, Accepted, 1_000)]),
            left: Some((
                day_utc8(now(right).unix),
                rows(&[(1, Accepted, 10), (2, Accepted, 7)]),
            )),
            rest: sample(wrong, &[(right - 100, 1, Accepted, 5)]).tally,
            ghost: Ghost::default(),
            now: now(wrong).unix,
        });
        board.fold(sample(wrong + 500, &[]), Vec::new());
        assert_eq!(today(&board, None, Accepted), 1_000);
        board.fold(sample(right, &[(right, 2, Accepted, 1)]), Vec::new());
        assert_eq!(
            [None, Some(1), Some(2)].map(|tenant| today(&board, tenant, Accepted)),
            [23, 15, 8]
        );
    }
}

#[test]
fn an_organisation_that_is_gone_is_forgotten_after_two_days() {
    use Measure::Accepted;
    let mut board = start(0, &[(1, Accepted, 1), (2, Accepted, 1), (3, Accepted, 1)], &[]);
    let known = |board: &Board| [1, 2, 3].map(|tenant| board.scope(Some(TenantId(tenant))).is_some());
    let day = |number: i64, tenant: u32| {
        let at = number * DAY_MS as i64;
        let mut sample = sample(at + 500, &[(at, tenant, Accepted, 1)]);
        sample.waiting.clear();
        sample.standings = vec![(TenantId(3), Standing::default())];
        sample
    };
    board.fold(day(1, 2), Vec::new());
    assert_eq!(
        known(&board),
        [true, true, true],
        "what was yesterday may still be corrected"
    );
    board.fold(day(2, 2), Vec::new());
    assert_eq!(known(&board), [true, true, false]);
    for number in 3..6 {
        board.fold(day(number, 4), Vec::new());
    }
    assert_eq!(
        known(&board),
        [true, false, false],
        "one that is configured stays"
    );
}

#[test]
fn a_connection_that_comes_and_goes_is_down_until_it_is_up() {
    use ConnectionState::{BreakerOpen, Connecting, Degraded, Down, Draining, Failed, Off, Throttled, Up};
    let mut board = start(0, &[], &[]);
    let steps = [
        (Connecting, Condition::Degraded, 0),
        (Down, Condition::Failed, 1),
        (Connecting, Condition::Failed, 1),
        (Down, Condition::Failed, 1),
        (Up, Condition::Ok, 4),
        (Connecting, Condition::Failed, 5),
        (Degraded, Condition::Degraded, 6),
        (Throttled, Condition::Ok, 7),
        (BreakerOpen, Condition::Failed, 8),
        (Failed, Condition::Failed, 8),
        (Draining, Condition::Off, 10),
        (Off, Condition::Off, 10),
        (Connecting, Condition::Degraded, 12),
    ];
    for (second, (state, condition, since)) in (0..).zip(steps) {
        board.fold(sample(second * 1_000, &[]), vec![status(state)]);
        let link = board.link(LINK).unwrap();
        assert_eq!(link.condition, condition, "{state:?} at {second}");
        assert_eq!(link.since, now(since * 1_000).unix, "{state:?} at {second}");
    }
    board.fold(sample(99_000, &[]), Vec::new());
    assert_eq!(board.links().count(), 0);
}

#[test]
fn a_connection_that_only_ever_connects_is_down_from_its_second_try() {
    let mut board = start(0, &[], &[]);
    let mut connecting = status(ConnectionState::Connecting);
    board.fold(sample(0, &[]), vec![connecting.clone()]);
    assert_eq!(board.link(LINK).unwrap().condition, Condition::Degraded);
    connecting.last_error = Some("the bind was not answered".to_owned());
    board.fold(sample(10_000, &[]), vec![connecting]);
    assert_eq!(board.link(LINK).unwrap().condition, Condition::Failed);
}

#[test]
fn a_connection_that_is_slowed_down_again_and_again_is_degraded_until_that_is_over() {
    use ConnectionState::{Throttled, Up};
    let mut board = start(0, &[], &[]);
    let mut looks = 0;
    let mut look = |state: ConnectionState, bound: u8| {
        looks += 1;
        let status = ConnectionStatus {
            sessions_bound: bound,
            ..status(state)
        };
        board.fold(sample(looks * 500, &[]), vec![status]);
        let link = board.link(LINK).unwrap();
        (link.condition, link.is_throttled())
    };
    let (fine, slow) = ((Condition::Ok, false), (Condition::Degraded, true));
    let begin: Vec<_> = (0..12).map(|_| look(Throttled, 1)).collect();
    assert_eq!((&begin[..9], &begin[9..]), (&[fine; 9][..], &[slow; 3][..]));
    assert_eq!(look(Up, 1), slow, "between two times");
    let end: Vec<_> = (0..30).map(|_| look(Up, 1)).collect();
    assert_eq!((end[0], end[29]), (slow, fine));
    assert!(end.is_sorted_by_key(|(_, throttled)| !throttled), "once");
    assert_eq!(look(Throttled, 0), (Condition::Failed, false));
}

#[test]
fn speeds_begin_with_the_second_look() {
    use Measure::Accepted;
    let mut board = start(0, &[], &[]);
    board.fold(sample(1, &[(0, 1, Accepted, 1_000_000)]), Vec::new());
    assert_eq!(board.scope(None).unwrap().rate().accepted, 0.0);
    board.fold(sample(501, &[(400, 1, Accepted, 50)]), Vec::new());
    assert_eq!(board.scope(Some(TenantId(1))).unwrap().rate().accepted, 100.0);
}
