//! What is counted stays exact over a restart, wherever the history had come to (STAT-1, MON-1).

use crate::world::{HOLD, RESEND, World, catalog, connection};
use carillon_actors::columns::Tally;
use carillon_actors::lane::Finished;
use carillon_domain::catalog::{Protocol, Strategy};
use carillon_domain::ids::ConnectionId;
use carillon_domain::journey::{MessageState, SegmentWord};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::tally::{Counts, Dimensions, Measure, contributions};
use carillon_storage::journal::FrameSeq;
use std::collections::HashMap;
use std::time::Duration;

const FIRST: ConnectionId = ConnectionId(1);
const SECOND: ConnectionId = ConnectionId(2);

type Sums = HashMap<(u32, Dimensions), Counts>;

fn add(sums: &mut Sums, tally: &Tally) {
    for day in tally.days() {
        for (dimensions, counts) in tally.of_day(day) {
            sums.entry((day, *dimensions)).or_default().add(counts);
        }
    }
    sums.retain(|_, counts| !counts.is_zero());
}

/// What a history counts that has stored these.
fn stored(finished: &[Finished], upto: FrameSeq) -> Tally {
    let ranges = NumberRanges::default();
    let mut tally = Tally::default();
    let mut ended = HashMap::new();
    for finished in finished.iter().filter(|finished| finished.frame <= upto) {
        for journey in &finished.journeys {
            contributions(journey, &ranges, |part| tally.add(&part));
            let MessageState::Final(state) = journey.state else {
                unreachable!("it has ended");
            };
            let first = journey.attempts[0].kind;
            let message = Dimensions::of_message(journey.tenant, journey.account, first, journey.to, &ranges);
            ended.insert(journey.message, (message, state));
        }
        for amendment in &finished.amendments {
            let (message, before) = ended.get_mut(&amendment.message).expect("it ended before");
            tally.correct(*message, *before, amendment);
            *before = amendment.state;
        }
    }
    tally
}

/// The second carrier tells at last what became of the segments that it was silent about.
fn send_late_receipts(world: &mut World) {
    let mut owed = Vec::new();
    for journey in world.finished.values() {
        let Some(to) = journey.to.and_then(|to| to.national()) else {
            continue;
        };
        let segments = journey.attempts.iter().flat_map(|attempt| &attempt.segments);
        let silent = segments
            .filter(|segment| segment.connection == Some(SECOND) && segment.state == SegmentWord::Submitted);
        owed.extend(silent.filter_map(|segment| Some((segment.carrier_id.clone()?, to.to_string()))));
    }
    let second = world.carriers.get_mut(&SECOND).unwrap();
    second.behaviour.mute = false;
    for (id, to) in owed {
        second.send_receipt(&id, &to, "DELIVRD", world.now);
    }
}

#[test]
fn a_restart_counts_everything_once_wherever_the_history_is() {
    for seed in 1..=4 {
        let mut snapshot = catalog(
            Strategy::Weighted,
            vec![connection(1, Protocol::Cmpp20), connection(2, Protocol::Smpp34)],
        );
        for kind in snapshot.business_types.values_mut() {
            kind.receipt_wait_s = 60;
            kind.validity_s = 60;
        }
        let mut world = World::new(snapshot, seed);
        for carrier in world.carriers.values_mut() {
            carrier.behaviour.receipts_first = 0.2;
            carrier.behaviour.undelivered = 0.2;
            carrier.behaviour.rejected = 0.1;
            carrier.behaviour.throttled = 0.1;
        }
        let mut lived = Sums::new();
        for round in 0..4 {
            for segments in 1..=3 {
                world.send(HOLD, segments);
                world.send(RESEND, segments);
            }
            world.send_many(HOLD, 40);
            world.run(Duration::from_secs(2));
            if round == 1 {
                world.cut(FIRST);
                world.carriers.get_mut(&SECOND).unwrap().behaviour.mute = true;
            }
            add(&mut lived, &world.lane.take_tally());
        }
        // Those without a receipt end; their receipts come late and correct them.
        world.run(Duration::from_secs(70));
        send_late_receipts(&mut world);
        world.run(Duration::from_secs(2));
        world.send_many(HOLD, 20);
        world.carriers.get_mut(&FIRST).unwrap().behaviour.mute = true;
        world.run(Duration::from_secs(2));
        world.settle();
        add(&mut lived, &world.lane.take_tally());
        let of_all = |measure| lived.values().map(|counts| counts[measure]).sum::<i64>();
        assert!(of_all(Measure::Accepted) > 0 && of_all(Measure::SegmentsFailed) > 0);
        assert!(of_all(Measure::SegmentsUncertain) + of_all(Measure::SegmentsRefused) > 0);

        let last = world.lane.appended();
        let nothing_stored = world.recovered(FrameSeq::ZERO);
        let finished = nothing_stored.finished;
        let amended: usize = finished.iter().map(|finished| finished.amendments.len()).sum();
        assert!(amended > 0, "seed {seed}: late receipts correct something");
        for upto in (0..=last.0)
            .step_by((last.0 / 25).max(1) as usize)
            .chain([last.0])
        {
            let upto = FrameSeq(upto);
            let mut sums = Sums::new();
            add(&mut sums, &stored(&finished, upto));
            add(&mut sums, &world.recovered(upto).tally);
            assert_eq!(sums, lived, "seed {seed}, stored up to frame {}", upto.0);
        }
    }
}

/// The journal was lost and begins anew: nothing that ends in it counts as stored because an earlier one went further.
#[test]
fn a_history_of_an_earlier_journal_holds_nothing_of_this_one() {
    let snapshot = catalog(Strategy::Weighted, vec![connection(1, Protocol::Cmpp20)]);
    let mut world = World::new(snapshot, 5);
    world.send_many(HOLD, 40);
    world.run(Duration::from_secs(5));
    world.settle();
    let handed_over = |upto: FrameSeq| -> Vec<_> {
        let finished = world.recovered(upto).finished;
        let journeys = finished.into_iter().flat_map(|finished| finished.journeys);
        journeys.map(|journey| journey.message).collect()
    };
    let all = handed_over(FrameSeq::ZERO);
    assert_eq!(all.len(), 40);
    assert_eq!(handed_over(world.lane.appended()), []);
    assert_eq!(handed_over(FrameSeq(1_000_000)), all);
}
