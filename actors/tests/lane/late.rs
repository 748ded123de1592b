//! Receipts that come late, early, twice or without a meaning (RCP-1).

use crate::world::{ACCOUNT, HOLD, World, catalog, connection};
use carillon_actors::feed::{FeedEvent, FeedKind, read_feed};
use carillon_domain::catalog::{Protocol, Snapshot, Strategy};
use carillon_domain::fact::{CarrierId, FinalState};
use carillon_domain::ids::{ConnectionId, MessageId};
use carillon_domain::journey::MessageState;
use carillon_domain::phone::PhoneNumber;
use std::time::Duration;

const CARRIER: ConnectionId = ConnectionId(1);
const RECEIPT_WAIT: Duration = Duration::from_secs(60);

fn protocols() -> [Protocol; 3] {
    [Protocol::Cmpp20, Protocol::Cmpp30, Protocol::Smpp34]
}

fn snapshot(protocol: Protocol) -> Snapshot {
    let mut snapshot = catalog(Strategy::PrimaryBackup, vec![connection(1, protocol)]);
    for kind in snapshot.business_types.values_mut() {
        kind.receipt_wait_s = RECEIPT_WAIT.as_secs() as u32;
        kind.validity_s = kind.receipt_wait_s;
    }
    snapshot
}

/// A message that the carrier has taken, and that gives no receipt by itself.
struct Taken {
    world: World,
    id: MessageId,
    to: String,
    ids: Vec<CarrierId>,
}

impl Taken {
    fn new(protocol: Protocol, segments: u8, seed: u64) -> Taken {
        Taken::in_world(World::new(snapshot(protocol), seed), segments)
    }

    fn in_world(mut world: World, segments: u8) -> Taken {
        world.carriers.get_mut(&CARRIER).unwrap().behaviour.mute = true;
        let message = world.prepared(HOLD, segments);
        let to = message.to.unwrap().national().unwrap().to_string();
        let id = world
            .send_as(crate::world::ACCOUNT, message, None)
            .unwrap()
            .unwrap()
            .id;
        world.run(Duration::from_secs(3));
        let (_, row) = world.lane.columns().find(id).expect("it is open");
        let ids = row
            .segments
            .iter()
            .map(|segment| segment.carrier_id.clone().expect("the carrier has it"))
            .collect();
        Taken { world, id, to, ids }
    }

    /// The same after its receipt wait.
    fn sent(protocol: Protocol, segments: u8, seed: u64) -> Taken {
        let mut taken = Taken::new(protocol, segments, seed);
        taken.world.run(RECEIPT_WAIT + Duration::from_secs(3));
        assert_eq!(taken.state(), FinalState::Sent);
        taken
    }

    fn receipt(&mut self, segment: usize, status: &str) {
        let id = self.ids[segment].clone();
        self.receipt_of(&id, status);
    }

    fn receipt_of(&mut self, id: &CarrierId, status: &str) {
        let carrier = self.world.carriers.get_mut(&CARRIER).unwrap();
        carrier.send_receipt(id, &self.to, status, self.world.now);
        self.world.run(Duration::from_millis(50));
    }

    fn state(&self) -> FinalState {
        match self.world.finished[&self.id].state {
            MessageState::Final(state) => state,
            other => panic!("not at its end: {other:?}"),
        }
    }

    fn is_open(&self) -> bool {
        self.world.lane.columns().find(self.id).is_some()
    }

    /// Receipts counted as matched, duplicate and parked; ends counted as amended.
    fn counted(&self) -> [u64; 4] {
        let counters = self.world.lane.counters();
        [
            counters.receipts_matched.get(),
            counters.receipts_duplicate.get(),
            counters.receipts_parked.get(),
            counters.finals_amended.get(),
        ]
    }

    /// States as the feed told them, with whether they were amendments.
    fn told(&self) -> Vec<(FinalState, bool)> {
        let journal = &**self.world.lane.journal();
        let page = read_feed(journal, crate::world::ACCOUNT, FeedKind::Receipts, None, 1_000).unwrap();
        page.events
            .into_iter()
            .map(|placed| match placed.event {
                FeedEvent::Finished { finished, amended } if finished.message == self.id => {
                    (finished.state, amended)
                }
                other => panic!("{other:?}"),
            })
            .collect()
    }
}

#[test]
fn a_late_receipt_amends_what_had_ended_without_one() {
    for protocol in protocols() {
        for (status, state) in [
            ("DELIVRD", FinalState::Delivered),
            ("UNDELIV", FinalState::Failed),
            ("EXPIRED", FinalState::Expired),
        ] {
            let mut taken = Taken::sent(protocol, 1, 1);
            taken.receipt(0, status);
            assert_eq!(taken.state(), state, "{protocol:?}");
            assert_eq!(taken.told(), [(FinalState::Sent, false), (state, true)]);
            assert_eq!(taken.counted(), [1, 0, 0, 1]);
        }
    }
}

#[test]
fn an_expired_message_is_amended_by_a_definite_receipt_and_then_no_more() {
    for (status, state) in [
        ("DELIVRD", FinalState::Delivered),
        ("MA:0001", FinalState::Failed),
    ] {
        let mut taken = Taken::new(Protocol::Cmpp20, 1, 2);
        taken.receipt(0, "EXPIRED");
        assert_eq!(taken.state(), FinalState::Expired);
        taken.receipt(0, "EXPIRED");
        assert_eq!(
            (taken.state(), taken.counted()),
            (FinalState::Expired, [1, 1, 0, 0])
        );
        taken.receipt(0, status);
        assert_eq!((taken.state(), taken.counted()), (state, [2, 1, 0, 1]));
        for again in ["DELIVRD", "UNDELIV", "EXPIRED", "ACCEPTD"] {
            taken.receipt(0, again);
        }
        assert_eq!((taken.state(), taken.counted()), (state, [2, 5, 0, 1]));
        assert_eq!(taken.told(), [(FinalState::Expired, false), (state, true)]);
    }
}

#[test]
fn a_long_message_is_amended_only_when_all_segments_say_so() {
    let mut taken = Taken::sent(Protocol::Cmpp30, 2, 3);
    taken.receipt(1, "DELIVRD");
    assert_eq!((taken.state(), taken.counted()), (FinalState::Sent, [1, 0, 0, 0]));
    taken.receipt(1, "DELIVRD");
    assert_eq!(
        (taken.state(), taken.counted()),
        (FinalState::Sent, [1, 1, 0, 0]),
        "not for both"
    );
    taken.receipt(0, "DELIVRD");
    assert_eq!(
        (taken.state(), taken.counted()),
        (FinalState::Delivered, [2, 1, 0, 1])
    );
    assert_eq!(
        taken.told(),
        [(FinalState::Sent, false), (FinalState::Delivered, true)]
    );
}

/// Validity bounds the write, the receipt wait what comes after it; the longer of the two does not hold the message.
#[test]
fn the_receipt_wait_ends_a_message_before_its_validity_does() {
    for crash in [None, Some(false), Some(true)] {
        let mut long = snapshot(Protocol::Cmpp20);
        for kind in long.business_types.values_mut() {
            kind.validity_s = 100 * kind.receipt_wait_s;
        }
        let mut taken = Taken::in_world(World::new(long, 12), 2);
        if let Some(checkpoint) = crash {
            if checkpoint {
                taken.world.checkpoint();
            }
            taken.world.crash(true);
        }
        taken.world.run(RECEIPT_WAIT - Duration::from_secs(5));
        assert!(taken.is_open());
        taken.world.run(Duration::from_secs(8));
        assert_eq!(taken.state(), FinalState::Sent, "{crash:?}");
    }
}

#[test]
fn a_late_receipt_completes_what_came_in_time() {
    let mut taken = Taken::new(Protocol::Cmpp20, 3, 4);
    taken.receipt(0, "DELIVRD");
    taken.receipt(2, "DELIVRD");
    assert!(taken.is_open());
    taken.world.run(RECEIPT_WAIT + Duration::from_secs(3));
    assert_eq!(taken.state(), FinalState::Sent);
    taken.receipt(1, "DELIVRD");
    assert_eq!(
        (taken.state(), taken.counted()),
        (FinalState::Delivered, [3, 0, 0, 1])
    );
}

#[test]
fn one_late_failure_fails_a_long_message_and_nothing_mends_it() {
    let mut taken = Taken::sent(Protocol::Smpp34, 2, 5);
    taken.receipt(0, "UNDELIV");
    assert_eq!(taken.state(), FinalState::Failed);
    taken.receipt(1, "DELIVRD");
    taken.receipt(0, "DELIVRD");
    assert_eq!(
        (taken.state(), taken.counted()),
        (FinalState::Failed, [2, 1, 0, 1])
    );
    assert_eq!(
        taken.told(),
        [(FinalState::Sent, false), (FinalState::Failed, true)]
    );
}

#[test]
fn delivered_and_failed_stay_whatever_comes() {
    for (status, state) in [
        ("DELIVRD", FinalState::Delivered),
        ("UNDELIV", FinalState::Failed),
    ] {
        for segments in [1, 2] {
            let mut taken = Taken::new(Protocol::Cmpp20, segments, 6);
            (0..usize::from(segments)).for_each(|segment| taken.receipt(segment, status));
            assert_eq!(taken.state(), state);
            for again in ["DELIVRD", "UNDELIV", "EXPIRED", "ACCEPTD"] {
                (0..usize::from(segments)).for_each(|segment| taken.receipt(segment, again));
            }
            assert_eq!(taken.state(), state);
            assert_eq!(taken.told(), [(state, false)]);
            assert_eq!(taken.world.lane.counters().finals_amended.get(), 0);
        }
    }
}

#[test]
fn an_amendment_survives_every_kind_of_restart() {
    for power in [false, true] {
        for checkpoint in [false, true] {
            let mut taken = Taken::sent(Protocol::Cmpp20, 2, 7);
            taken.receipt(0, "DELIVRD");
            if checkpoint {
                taken.world.checkpoint();
            }
            taken.world.crash(power);
            assert_eq!(taken.state(), FinalState::Sent, "half of it is not all of it");
            taken.world.run(Duration::from_secs(2));
            taken.receipt(0, "DELIVRD");
            assert_eq!(taken.counted(), [0, 1, 0, 0], "still known: {power} {checkpoint}");
            taken.receipt(1, "DELIVRD");
            assert_eq!(taken.state(), FinalState::Delivered);
            assert_eq!(taken.counted(), [1, 1, 0, 1]);
            if checkpoint {
                taken.world.checkpoint();
            }
            taken.world.crash(power);
            assert_eq!(taken.state(), FinalState::Delivered);
            taken.world.run(Duration::from_secs(2));
            taken.receipt(1, "UNDELIV");
            assert_eq!(taken.state(), FinalState::Delivered);
            assert_eq!(
                taken.told(),
                [(FinalState::Sent, false), (FinalState::Delivered, true)]
            );
        }
    }
}

/// A doubled late receipt must not be taken for the missing one of another message to the same number (UNC-1).
#[test]
fn a_doubled_late_receipt_resolves_nothing_else() {
    let mut taken = Taken::sent(Protocol::Cmpp20, 1, 8);
    let uncertain = taken.world.prepared(HOLD, 1);
    let message = carillon_domain::intake::Prepared {
        to: taken.world.finished[&taken.id].to,
        ..uncertain
    };
    taken.world.carriers.get_mut(&CARRIER).unwrap().behaviour.silent = true;
    let other = taken
        .world
        .send_as(crate::world::ACCOUNT, message, None)
        .unwrap()
        .unwrap()
        .id;
    taken.world.run(Duration::from_millis(500));
    taken.world.cut(CARRIER);
    assert_eq!(taken.world.lane.counters().segments_uncertain.get(), 1);
    taken.world.carriers.get_mut(&CARRIER).unwrap().behaviour.silent = false;
    taken.world.run(Duration::from_secs(3));
    for _ in 0..3 {
        taken.receipt(0, "DELIVRD");
    }
    assert_eq!(
        (taken.state(), taken.counted()),
        (FinalState::Delivered, [1, 2, 0, 1])
    );
    assert!(
        taken.world.lane.columns().find(other).is_some(),
        "the other is as uncertain as before"
    );
}

#[test]
fn a_receipt_for_an_unknown_id_is_parked_and_matched_when_its_response_comes() {
    for protocol in protocols() {
        for statuses in [
            &["DELIVRD"][..],
            &["ACCEPTD", "DELIVRD"],
            &["EXPIRED", "DELIVRD"],
            &["DELIVRD", "ACCEPTD"],
        ] {
            let mut world = World::new(snapshot(protocol), 9);
            world.run(Duration::from_secs(2));
            let behaviour = &mut world.carriers.get_mut(&CARRIER).unwrap().behaviour;
            (behaviour.mute, behaviour.latency) = (true, Duration::from_secs(2));
            let message = world.prepared(HOLD, 1);
            let to = message.to.unwrap().national().unwrap().to_string();
            let id = world
                .send_as(crate::world::ACCOUNT, message, None)
                .unwrap()
                .unwrap()
                .id;
            world.run(Duration::from_millis(200));
            assert_eq!(world.ledger.entries.len(), 1);
            let carrier_id = world.carriers[&CARRIER].last_id();
            let mut taken = Taken {
                world,
                id,
                to,
                ids: vec![carrier_id],
            };
            statuses.iter().for_each(|status| taken.receipt(0, status));
            assert_eq!(taken.counted()[0], 0, "nothing matches before the response");
            assert!(taken.is_open());
            taken.world.run(Duration::from_secs(3));
            assert_eq!(taken.state(), FinalState::Delivered, "{protocol:?} {statuses:?}");
            assert_eq!(taken.told(), [(FinalState::Delivered, false)]);
            taken.receipt(0, "DELIVRD");
            assert_eq!(taken.counted()[0], 1, "once (RCP-1)");
        }
    }
}

#[test]
fn a_receipt_for_an_id_that_never_comes_harms_nobody() {
    let mut taken = Taken::new(Protocol::Cmpp20, 1, 10);
    for _ in 0..2 {
        taken.receipt_of(&CarrierId::Number(1), "UNDELIV");
    }
    assert_eq!(taken.counted(), [0, 1, 1, 0]);
    assert!(taken.is_open());
    taken.receipt(0, "DELIVRD");
    assert_eq!(taken.state(), FinalState::Delivered);
}

#[test]
fn a_status_without_meaning_moves_nothing() {
    for status in ["ACCEPTD", "ENROUTE", "UNKNOWN", "NOSEND", "", "CB:0000"] {
        let mut taken = Taken::new(Protocol::Smpp34, 1, 11);
        // However often it comes: the wait is not longer, and what is kept of it is bounded.
        for _ in 0..50 {
            taken.receipt(0, status);
            taken.world.run(Duration::from_millis(950));
        }
        assert!(taken.is_open(), "{status:?}");
        let (_, row) = taken.world.lane.columns().find(taken.id).unwrap();
        assert!(row.segments[0].steps.len() < 20, "{status:?}");
        taken.world.run(Duration::from_secs(13));
        assert_eq!(taken.state(), FinalState::Sent, "{status:?}");
        taken.receipt(0, status);
        assert_eq!(
            (taken.state(), taken.counted()[3]),
            (FinalState::Sent, 0),
            "{status:?}"
        );
        taken.receipt(0, "DELIVRD");
        assert_eq!(taken.state(), FinalState::Delivered, "{status:?}");
    }
}

/// What is still owed for a message that has failed belongs to it, and to no other one of unknown outcome (UNC-1).
#[test]
fn the_rest_of_a_failed_message_resolves_nothing_else() {
    let mut taken = Taken::new(Protocol::Cmpp20, 2, 12);
    taken.receipt(0, "UNDELIV");
    assert_eq!(taken.state(), FinalState::Failed);
    let mut message = taken.world.prepared(HOLD, 1);
    message.to = PhoneNumber::parse(&taken.to).ok();
    let behaviour = &mut taken.world.carriers.get_mut(&CARRIER).unwrap().behaviour;
    behaviour.silent = true;
    let other = taken.world.send_as(ACCOUNT, message, None).unwrap().unwrap().id;
    taken.world.run(Duration::from_millis(500));
    taken.world.cut(CARRIER);
    taken.world.carriers.get_mut(&CARRIER).unwrap().behaviour.silent = false;
    taken.world.run(Duration::from_secs(3));
    assert_eq!(taken.world.lane.counters().segments_uncertain.get(), 1);
    for status in ["DELIVRD", "UNDELIV"] {
        taken.receipt(1, status);
        assert!(
            taken.world.lane.columns().find(other).is_some(),
            "its fate is not known"
        );
    }
    assert_eq!(
        (taken.state(), taken.counted()),
        (FinalState::Failed, [2, 1, 0, 0])
    );
}
