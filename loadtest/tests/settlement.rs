//! The judge: every broken promise is found, and nothing else.

use carillon_domain::ids::MessageId;
use carillon_loadtest::judge::{Judgement, Settlement, Tolerance, Violation};
use carillon_loadtest::ledger::{AccountHeader, Answer, Contract, GivenReceipt, Part, Record, Summary};
use carillon_loadtest::load::{Acknowledgement, Outcome};

const FIRST: u64 = 100;
const START_US: u64 = 1_700_000_000_000_000;

fn settlement() -> Settlement {
    Settlement::new(FIRST, START_US)
}

fn told(settlement: &mut Settlement, marker: u64, outcome: Outcome) {
    let acknowledgement = Acknowledgement {
        line: marker,
        marker: Some(marker),
        phone: "13800000001".into(),
        outcome,
    };
    settlement.told(&acknowledgement).expect("in range");
}

fn accepted(settlement: &mut Settlement, marker: u64) {
    told(settlement, marker, Outcome::Accepted(MessageId(marker)));
}

fn segment(marker: u64, answer: Answer, receipts: &[&str]) -> Record {
    let receipts = receipts.iter().map(|status| GivenReceipt {
        status: (*status).into(),
        at_us: START_US,
        acknowledged_us: Some(START_US + 5_000),
    });
    Record {
        account: 0,
        session: 0,
        at_us: START_US,
        source: "10690000".into(),
        destination: format!("{marker}").into(),
        marker: Some(marker),
        content: 0,
        part: None,
        text: None,
        carrier_id: 0,
        answer,
        receipts: receipts.collect(),
    }
}

fn part(marker: u64, number: u8, total: u8, receipts: &[&str]) -> Record {
    Record {
        marker: (number == 1).then_some(marker),
        part: Some(Part {
            reference: 9,
            total,
            number,
        }),
        ..segment(marker, Answer::Accepted, receipts)
    }
}

fn judged(mut settlement: Settlement, ends: &[(u64, &str, bool)], tolerance: Tolerance) -> Judgement {
    settlement.join_orphans(|phone| phone.parse().ok());
    settlement.index();
    for (marker, status, amended) in ends {
        settlement.ended(*marker, status, *amended);
    }
    settlement.judge(tolerance)
}

fn violations(settlement: Settlement, ends: &[(u64, &str, bool)]) -> Vec<Violation> {
    judged(settlement, ends, Tolerance::default())
        .violations
        .into_keys()
        .collect()
}

#[test]
fn a_run_in_which_everything_went_well_is_clean() {
    let mut run = settlement();
    for marker in 100..106 {
        accepted(&mut run, marker);
    }
    run.arrived(segment(100, Answer::Accepted, &["DELIVRD"]));
    run.arrived(segment(101, Answer::Accepted, &["ACCEPTD", "UNDELIV", "UNDELIV"]));
    run.arrived(segment(102, Answer::Refused(9), &[]));
    // Throttled, then accepted by another connection.
    run.arrived(segment(103, Answer::Refused(8), &[]));
    run.arrived(segment(103, Answer::Accepted, &["EXPIRED"]));
    for number in [3, 1, 2] {
        run.arrived(part(104, number, 3, &["DELIVRD"]));
    }
    run.arrived(segment(105, Answer::Accepted, &["DELIVRD", "DELIVRD"]));
    let refused = Outcome::Refused {
        code: "invalid_phone".into(),
        field: "to".into(),
    };
    told(&mut run, 106, refused.clone());
    // A doubled line has the marker of its original.
    told(&mut run, 105, refused);
    let ends = [
        (100, "delivered", false),
        (101, "failed", false),
        (102, "failed", false),
        (103, "expired", false),
        (104, "delivered", false),
        (105, "sent", false),
        (105, "delivered", true),
    ];
    let judgement = judged(run, &ends, Tolerance::default());
    assert!(judgement.is_clean(), "{judgement}");
    assert_eq!(
        (judgement.accepted, judgement.refused, judgement.delivered),
        (6, 1, 3)
    );
    assert_eq!((judgement.failed, judgement.expired, judgement.open), (2, 1, 0));
}

/// One message 100, accepted; `records` at the carrier, `ends` in our feed.
fn broken_by(records: &[Record], ends: &[(&str, bool)]) -> Vec<Violation> {
    let mut run = settlement();
    accepted(&mut run, 100);
    records.iter().for_each(|record| run.arrived(record.clone()));
    let ends: Vec<_> = ends
        .iter()
        .map(|(status, amended)| (100, *status, *amended))
        .collect();
    violations(run, &ends)
}

/// What the carrier has of the message, how it ended in our feed, and what is wrong with that.
type Case<'a> = (Vec<Record>, &'a [(&'a str, bool)], &'a [Violation]);

#[test]
fn every_broken_promise_about_one_message_has_its_name() {
    let accepted = |receipts: &[&str]| segment(100, Answer::Accepted, receipts);
    let refused = || segment(100, Answer::Refused(9), &[]);
    let unanswered = || segment(100, Answer::None, &[]);
    let delivered = &[("delivered", false)][..];
    let cases: Vec<Case<'_>> = vec![
        (vec![], &[], &[Violation::Lost]),
        (vec![], delivered, &[Violation::Incomplete, Violation::WrongEnd]),
        (vec![], &[("failed", false)], &[]),
        (vec![accepted(&["DELIVRD"])], &[], &[Violation::Unfinished]),
        (vec![unanswered()], &[("unknown", false)], &[]),
        (
            vec![accepted(&["DELIVRD"]), accepted(&[])],
            delivered,
            &[Violation::Doubled],
        ),
        (
            vec![unanswered(), accepted(&["DELIVRD"])],
            delivered,
            &[Violation::Resent],
        ),
        (
            vec![accepted(&["DELIVRD"]), unanswered()],
            delivered,
            &[Violation::Resent],
        ),
        (vec![accepted(&["UNDELIV"])], delivered, &[Violation::WrongEnd]),
        (vec![accepted(&[])], delivered, &[Violation::WrongEnd]),
        (
            vec![accepted(&["DELIVRD"])],
            &[("failed", false)],
            &[Violation::WrongEnd],
        ),
        (
            vec![accepted(&["DELIVRD"])],
            &[("expired", false)],
            &[Violation::WrongEnd],
        ),
        (
            vec![refused()],
            delivered,
            &[Violation::Incomplete, Violation::WrongEnd],
        ),
        (
            vec![accepted(&["DELIVRD"])],
            &[("delivered", false), ("delivered", false)],
            &[Violation::EndedTwice],
        ),
        (
            vec![accepted(&["DELIVRD", "UNDELIV"])],
            &[("delivered", false), ("failed", true)],
            &[Violation::MovedBack],
        ),
        (
            vec![part(100, 1, 2, &["DELIVRD"])],
            delivered,
            &[Violation::Incomplete, Violation::WrongEnd],
        ),
    ];
    for (records, ends, expected) in cases {
        assert_eq!(broken_by(&records, ends), expected, "{records:?} {ends:?}");
    }
}

/// The carrier answered the first request, and a crash kept the answer from being recorded.
#[test]
fn by_policy_a_segment_may_stand_twice_in_the_ledger() {
    let mut run = settlement();
    accepted(&mut run, 100);
    for receipts in [&["DELIVRD"][..], &[]] {
        run.arrived(segment(100, Answer::Accepted, receipts));
    }
    run.index();
    run.ended(100, "delivered", false);
    let judgement = run.judge(Tolerance {
        resends: true,
        ..Tolerance::default()
    });
    assert!(judgement.is_clean(), "{judgement}");
    assert_eq!(judgement.resent, 1);
}

#[test]
fn a_status_of_which_nobody_knows_the_meaning_proves_nothing() {
    for end in ["failed", "unknown", "sent"] {
        assert_eq!(
            broken_by(&[segment(100, Answer::Accepted, &["NOSEND"])], &[(end, false)]),
            []
        );
    }
}

#[test]
fn what_nobody_asked_for_is_found_unless_strangers_are_expected() {
    let mut run = settlement();
    told(
        &mut run,
        100,
        Outcome::Refused {
            code: "text_empty".into(),
            field: "text".into(),
        },
    );
    told(&mut run, 101, Outcome::Unanswered);
    for marker in [100, 101, 102] {
        run.arrived(segment(marker, Answer::Accepted, &[]));
    }
    run.arrived(Record {
        marker: None,
        ..segment(103, Answer::Accepted, &[])
    });
    run.arrived(segment(99, Answer::Accepted, &[]));
    let judgement = judged(run, &[], Tolerance::default());
    assert_eq!(judgement.count(Violation::SentRefused), 1);
    // 102, the one without a marker, and the one of another run.
    assert_eq!(judgement.count(Violation::Unasked), 3);
    assert_eq!((judgement.unanswered, judgement.unjoined), (1, 2));

    let mut run = settlement();
    run.arrived(segment(102, Answer::Accepted, &[]));
    run.arrived(segment(99, Answer::Accepted, &[]));
    assert!(
        judged(
            run,
            &[],
            Tolerance {
                strangers: true,
                ..Tolerance::default()
            }
        )
        .is_clean()
    );
}

#[test]
fn two_ids_for_one_line_break_the_idempotency() {
    let mut run = settlement();
    accepted(&mut run, 100);
    told(&mut run, 100, Outcome::Accepted(MessageId(7)));
    run.arrived(segment(100, Answer::Accepted, &["DELIVRD"]));
    assert_eq!(
        violations(run, &[(7, "delivered", false)]),
        [Violation::ToldTwice]
    );
}

#[test]
fn uncertain_messages_are_counted_and_bounded() {
    let run = || {
        let mut run = settlement();
        accepted(&mut run, 100);
        accepted(&mut run, 101);
        run.index();
        run.uncertain(100);
        run.uncertain(101);
        assert_eq!(run.open_count(), 0);
        run
    };
    for (max, clean) in [(None, true), (Some(2), true), (Some(1), false)] {
        let mut run = run();
        run.arrived(segment(100, Answer::Accepted, &["DELIVRD"]));
        let judgement = run.judge(Tolerance {
            uncertain_max: max,
            ..Tolerance::default()
        });
        assert_eq!((judgement.uncertain, judgement.is_clean()), (2, clean));
        assert_eq!(
            (judgement.uncertain_unsent, judgement.uncertain_with_receipts),
            (1, 1)
        );
    }
}

#[test]
fn rates_and_windows_are_held_against_the_contract() {
    let contract = Contract {
        rate_per_second: 100,
        window: 16,
        sessions: 2,
    };
    let header = AccountHeader {
        account: 0,
        carrier: "a".into(),
        login: "1".into(),
        contract: Some(contract),
    };
    for (peak_per_second, peak_in_flight, expected) in [
        (137, 16, &[][..]),
        (138, 16, &[Violation::Rate]),
        (137, 17, &[Violation::Window]),
    ] {
        let mut run = settlement();
        run.account(header.clone());
        run.summary(Summary {
            peak_per_second,
            peak_in_flight,
            ..Summary::default()
        });
        assert_eq!(violations(run, &[]), expected);
    }
}

#[test]
fn parts_without_their_first_are_joined_by_phone() {
    let mut run = settlement();
    accepted(&mut run, 100);
    run.arrived(part(100, 2, 2, &["DELIVRD"]));
    let judgement = judged(run, &[(100, "unknown", false)], Tolerance::default());
    assert!(judgement.is_clean(), "{judgement}");
    assert_eq!((judgement.unjoined, judgement.uncertain), (0, 1));
}

#[test]
fn latencies_run_from_acceptance_to_arrival_and_receipt() {
    let mut run = settlement();
    let id = MessageId::new(START_US / 1_000 + 10, 0, 0);
    told(&mut run, 100, Outcome::Accepted(id));
    let mut record = segment(100, Answer::Accepted, &["DELIVRD"]);
    record.at_us = START_US + 25_000;
    record.receipts[0].acknowledged_us = Some(START_US + 110_000);
    run.arrived(record);
    let (arrival, receipt) = run.latencies();
    assert_eq!(
        (
            arrival.percentiles().p50.round(),
            receipt.percentiles().p50.round()
        ),
        (15.0, 100.0)
    );
}

#[test]
fn a_marker_far_outside_the_run_is_refused() {
    let mut run = settlement();
    let far = Acknowledgement {
        line: 1,
        marker: Some(FIRST + (1 << 40)),
        phone: "".into(),
        outcome: Outcome::Unanswered,
    };
    assert!(run.told(&far).is_err());
}
