//! Messages with several attempts (SEND-2): two groups of one carrier each stand for two channels.

use crate::world::{ACCOUNT, HOLD, World, assert_no_doubles, assert_same_state, catalog, connection};
use carillon_actors::columns::REBIND_GRACE;
use carillon_actors::lane::{CarrierReceipt, ClockStatus, Read};
use carillon_domain::catalog::{Compiled, Member, Protocol, RouteGroup, Snapshot, Strategy};
use carillon_domain::content::{Content, MailContent};
use carillon_domain::fact::{CarrierId, FallbackReason, FinalState, PlannedAttempt, ReceiptOutcome};
use carillon_domain::ids::{ConnectionId, MessageId, RouteGroupId};
use carillon_domain::intake::Prepared;
use carillon_domain::journey::{AttemptStart, Journey, MessageState, SegmentWord};
use carillon_domain::plan::{ChannelKind, Condition};
use carillon_domain::quota::day_utc8;
use carillon_domain::time::UnixMs;
use rand::RngExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const FIRST: ConnectionId = ConnectionId(1);
const SECOND: ConnectionId = ConnectionId(2);
const FIRST_GROUP: RouteGroupId = RouteGroupId(1);
const SECOND_GROUP: RouteGroupId = RouteGroupId(2);
const HOUR: Duration = Duration::from_secs(3_600);

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One connection for each of two groups; validity and receipt wait long enough to stand in nobody's way.
fn snapshot() -> Snapshot {
    let connections = vec![connection(1, Protocol::Cmpp20), connection(2, Protocol::Smpp34)];
    let mut snapshot = catalog(Strategy::PrimaryBackup, connections);
    for (group, connection) in [(FIRST_GROUP, FIRST), (SECOND_GROUP, SECOND)] {
        let only = RouteGroup {
            id: group,
            name: format!("group-{group}").into(),
            strategy: Strategy::PrimaryBackup,
            members: vec![Member {
                connection,
                weight: 1,
            }],
        };
        snapshot.route_groups.insert(group, only);
    }
    for kind in snapshot.business_types.values_mut() {
        (kind.validity_s, kind.receipt_wait_s) = (48 * 3_600, 48 * 3_600);
    }
    snapshot
}

fn world(seed: u64) -> World {
    let mut world = World::new(snapshot(), seed);
    world.run(secs(2));
    world
}

/// A message whose later attempts go by the second group, the first group, the second …
fn planned(world: &mut World, conditions: &[Condition]) -> Prepared {
    let mut message = world.prepared(HOLD, 1);
    let text = message.text().to_owned();
    for (index, condition) in conditions.iter().enumerate() {
        let (mark, group) = match index % 2 {
            0 => ("补", SECOND_GROUP),
            _ => ("再", FIRST_GROUP),
        };
        message.plan.push(PlannedAttempt {
            kind: ChannelKind::Sms,
            group,
            segments: 1,
            when: Some(condition.clone()),
            content: Content::of_text(format!(
                "{mark}{index}{}",
                text.chars().take(40).collect::<String>()
            )),
        });
    }
    message
}

fn send(world: &mut World, conditions: &[Condition]) -> MessageId {
    let message = planned(world, conditions);
    let answer = world.send_as(ACCOUNT, message, None);
    answer.expect("it is taken").expect("it is durable").id
}

fn failed(codes: &[&str]) -> Condition {
    Condition::Failed {
        codes: codes.iter().map(|code| (*code).into()).collect(),
    }
}

fn not_delivered(seconds: u32) -> Condition {
    Condition::NotDeliveredWithin { seconds }
}

fn not_read(seconds: u32) -> Condition {
    Condition::NotReadWithin { seconds }
}

fn journey(world: &World, id: MessageId) -> Journey {
    let columns = world.lane.columns();
    let open = columns.find(id).map(|(_, row)| columns.journey(row));
    open.unwrap_or_else(|| world.finished[&id].clone())
}

fn end(world: &World, id: MessageId) -> (FinalState, Option<&str>) {
    let journey = &world.finished[&id];
    match journey.state {
        MessageState::Final(state) => (state, journey.cause.as_deref()),
        other => panic!("not at its end: {other:?}"),
    }
}

fn fallbacks(world: &World) -> [u64; 4] {
    let counters = world.lane.counters();
    [
        counters.fallbacks_not_submitted.get(),
        counters.fallbacks_failed.get(),
        counters.fallbacks_not_delivered.get(),
        counters.fallbacks_not_read.get(),
    ]
}

fn started_at(world: &World, id: MessageId, attempt: usize) -> UnixMs {
    match journey(world, id).attempts[attempt].start {
        AttemptStart::Fallback { at, .. } => at,
        ref other => panic!("no fallback: {other:?}"),
    }
}

fn behave(world: &mut World, connection: ConnectionId, change: impl FnOnce(&mut crate::world::Behaviour)) {
    change(&mut world.carriers.get_mut(&connection).unwrap().behaviour);
}

/// The carrier is away from now on.
fn go_away(world: &mut World, connection: ConnectionId) {
    behave(world, connection, |carrier| carrier.reachable = false);
    world.cut(connection);
}

#[test]
fn a_failure_falls_back_and_the_journey_tells_why() {
    let mut world = world(1);
    behave(&mut world, FIRST, |carrier| carrier.undelivered = 1.0);
    let id = send(&mut world, &[failed(&[])]);
    assert_eq!(journey(&world, id).attempts[1].start, AttemptStart::NotYet);
    world.run_until_empty(secs(20));
    assert_eq!(end(&world, id), (FinalState::Delivered, None));
    let attempts = journey(&world, id).attempts;
    assert_eq!(attempts[0].start, AttemptStart::AtOnce);
    assert_eq!(attempts[0].segments[0].state, SegmentWord::Failed);
    assert_eq!(attempts[0].segments[0].connection, Some(FIRST));
    let reason = FallbackReason::Failed {
        code: Some("UNDELIV".into()),
    };
    let AttemptStart::Fallback { reason: told, at } = &attempts[1].start else {
        panic!("{:?}", attempts[1].start);
    };
    assert_eq!(*told, reason);
    let failed_at = attempts[0].segments[0].steps.last().unwrap().at;
    assert_eq!(*at, failed_at, "at once");
    assert_eq!(attempts[1].segments[0].state, SegmentWord::Delivered);
    assert_eq!(attempts[1].segments[0].connection, Some(SECOND));
    assert_eq!(fallbacks(&world), [0, 1, 0, 0]);
    assert!(world.ledger.entries[1].text().starts_with("补0"));
}

#[test]
fn only_the_codes_that_are_named_fall_back() {
    for (codes, state, attempts) in [
        (&["MA:0001", "UNDELIV"][..], FinalState::Delivered, 2),
        (&["MA:0001"][..], FinalState::Failed, 1),
    ] {
        let mut world = world(2);
        behave(&mut world, FIRST, |carrier| carrier.undelivered = 1.0);
        let id = send(&mut world, &[failed(codes)]);
        world.run_until_empty(secs(20));
        assert_eq!(end(&world, id).0, state, "{codes:?}");
        assert_eq!(world.ledger.entries.len(), attempts, "{codes:?}");
        if state == FinalState::Failed {
            assert_eq!(end(&world, id).1, Some("UNDELIV"));
            assert_eq!(journey(&world, id).attempts[1].start, AttemptStart::NotYet);
        }
    }
}

#[test]
fn what_was_not_submitted_falls_back_and_what_was_does_not() {
    for (rejected, state, counted) in [
        (1.0, FinalState::Delivered, [1, 0, 0, 0]),
        (0.0, FinalState::Failed, [0; 4]),
    ] {
        let mut world = world(3);
        behave(&mut world, FIRST, |carrier| {
            (carrier.rejected, carrier.undelivered) = (rejected, 1.0);
        });
        let id = send(&mut world, &[Condition::NotSubmitted]);
        world.run_until_empty(secs(20));
        assert_eq!((end(&world, id).0, fallbacks(&world)), (state, counted));
    }
}

/// What a cut left uncertain may be with the carrier: it counts as submitted.
#[test]
fn what_is_uncertain_was_submitted() {
    let mut world = world(4);
    behave(&mut world, FIRST, |carrier| carrier.silent = true);
    let id = send(&mut world, &[Condition::NotSubmitted, failed(&[])]);
    world.run(secs(1));
    world.cut(FIRST);
    world.run(secs(300));
    assert_eq!(world.lane.counters().segments_uncertain.get(), 1);
    assert_eq!(fallbacks(&world), [0; 4]);
    assert_eq!(
        journey(&world, id).attempts[0].segments[0].state,
        SegmentWord::Uncertain
    );
}

#[test]
fn a_plan_goes_on_to_its_end() {
    let mut world = world(5);
    for connection in [FIRST, SECOND] {
        behave(&mut world, connection, |carrier| carrier.undelivered = 1.0);
    }
    let id = send(&mut world, &[failed(&[]), not_delivered(600), failed(&[])]);
    world.run_until_empty(secs(30));
    assert_eq!(end(&world, id), (FinalState::Failed, Some("UNDELIV")));
    assert_eq!(world.ledger.entries.len(), 4);
    // A failure cuts the wait short.
    assert_eq!(fallbacks(&world), [0, 3, 0, 0]);
    let states: Vec<_> = journey(&world, id)
        .attempts
        .iter()
        .map(|attempt| attempt.segments[0].state)
        .collect();
    assert_eq!(states, [SegmentWord::Failed; 4]);
}

#[test]
fn silence_falls_back_after_its_time_and_not_before() {
    let mut world = world(6);
    behave(&mut world, FIRST, |carrier| carrier.mute = true);
    let id = send(&mut world, &[not_delivered(30)]);
    world.run(secs(1));
    let submitted = journey(&world, id).attempts[0].segments[0]
        .steps
        .last()
        .unwrap()
        .at;
    world.run_until_empty(secs(60));
    let waited = started_at(&world, id, 1).saturating_since(submitted);
    assert!(
        waited >= secs(30) && waited < Duration::from_millis(31_200),
        "{waited:?}"
    );
    assert_eq!(
        (end(&world, id).0, fallbacks(&world)),
        (FinalState::Delivered, [0, 0, 1, 0])
    );
}

/// Two hours without the carrier, or without the service, set off nothing: only bound time counts.
#[test]
fn an_outage_sets_off_no_storm_of_fallbacks() {
    for service_down in [false, true] {
        let mut world = world(7);
        behave(&mut world, FIRST, |carrier| carrier.mute = true);
        let ids: Vec<_> = (0..50).map(|_| send(&mut world, &[not_delivered(600)])).collect();
        world.run(secs(100));
        let outage = world.now.unix;
        if service_down {
            world.now.unix = world.now.unix + 2 * HOUR;
            world.now.monotonic = world.now.monotonic + 2 * HOUR;
            world.crash(true);
        } else {
            go_away(&mut world, FIRST);
            world.run(2 * HOUR);
            behave(&mut world, FIRST, |carrier| carrier.reachable = true);
        }
        world.run(secs(60));
        assert_eq!(fallbacks(&world), [0; 4], "service down: {service_down}");
        // What was waited before counts on.
        world.run(secs(600));
        assert_eq!(fallbacks(&world), [0, 0, 50, 0], "service down: {service_down}");
        for id in ids {
            let after = started_at(&world, id, 1).saturating_since(outage);
            assert!(
                after >= 2 * HOUR + secs(480) && after < 2 * HOUR + secs(640),
                "{after:?}"
            );
        }
    }
}

/// Right after a rebind the carrier sends what it held back: the first minute decides nothing.
#[test]
fn a_rebind_has_its_grace() {
    for late_receipt in [true, false] {
        let mut world = world(8);
        behave(&mut world, FIRST, |carrier| carrier.mute = true);
        let id = send(&mut world, &[not_delivered(30)]);
        world.run(secs(25));
        let (_, row) = world.lane.columns().find(id).unwrap();
        let carrier_id = row.segments[0].carrier_id.clone().unwrap();
        let to = row.to.unwrap().national().unwrap().to_string();
        go_away(&mut world, FIRST);
        world.run(secs(40));
        behave(&mut world, FIRST, |carrier| carrier.reachable = true);
        world.run(secs(20));
        let bound_at = world.now.unix;
        world.run(secs(20));
        assert_eq!(fallbacks(&world), [0; 4]);
        if late_receipt {
            let carrier = world.carriers.get_mut(&FIRST).unwrap();
            carrier.send_receipt(&carrier_id, &to, "DELIVRD", world.now);
            world.run(secs(1));
            assert_eq!(end(&world, id).0, FinalState::Delivered);
            assert_eq!((fallbacks(&world), world.ledger.entries.len()), ([0; 4], 1));
            continue;
        }
        world.run(secs(45));
        assert_eq!(fallbacks(&world), [0, 0, 1, 0]);
        let waited = started_at(&world, id, 1).saturating_since(bound_at);
        assert!(waited <= REBIND_GRACE, "{waited:?}");
    }
}

#[test]
fn several_channels_at_once_end_with_the_first_that_is_delivered() {
    let mut world = world(9);
    behave(&mut world, FIRST, |carrier| carrier.receipt_after = secs(20));
    let id = send(&mut world, &[Condition::Together]);
    assert_eq!(journey(&world, id).attempts[1].start, AttemptStart::AtOnce);
    world.run(secs(3));
    assert_eq!(end(&world, id).0, FinalState::Delivered);
    assert_eq!(world.ledger.entries.len(), 2);
    assert_eq!(
        world.finished[&id].attempts[0].segments[0].state,
        SegmentWord::Submitted
    );
    // The other one's receipt still finds its message, and moves nothing.
    let parked = world.lane.counters().receipts_parked.get();
    world.run(secs(30));
    assert_eq!(world.lane.counters().receipts_parked.get(), parked);
    assert_eq!(world.lane.counters().receipts_matched.get(), 2);
    assert_eq!(end(&world, id).0, FinalState::Delivered);
}

#[test]
fn one_of_several_at_once_may_fail_and_a_fallback_brings_its_companion() {
    let mut world = world(10);
    behave(&mut world, FIRST, |carrier| carrier.undelivered = 1.0);
    let id = send(&mut world, &[failed(&[]), Condition::Together]);
    world.run(secs(3));
    let attempts = journey(&world, id).attempts;
    assert_eq!(attempts[1].start, attempts[2].start);
    assert!(matches!(attempts[2].start, AttemptStart::Fallback { .. }));
    world.run_until_empty(secs(10));
    assert_eq!(end(&world, id).0, FinalState::Delivered);
    assert_eq!(world.ledger.entries.len(), 3);
    assert_eq!(fallbacks(&world), [0, 1, 0, 0]);
}

/// A receipt before the fallback's INTENT cancels it.
#[test]
fn a_late_delivery_makes_a_waiting_fallback_superfluous() {
    let mut snapshot = snapshot();
    snapshot.accounts.get_mut(&ACCOUNT).unwrap().quota_per_day = Some(10);
    let mut world = World::new(snapshot, 11);
    world.run(secs(2));
    go_away(&mut world, SECOND);
    behave(&mut world, FIRST, |carrier| carrier.receipt_after = secs(60));
    let id = send(&mut world, &[not_delivered(30)]);
    let day = day_utc8(world.now.unix);
    world.run(secs(40));
    assert_eq!(fallbacks(&world), [0, 0, 1, 0]);
    assert_eq!(world.lane.columns().quota_used(ACCOUNT, day), 2);
    world.run_until_empty(secs(40));
    behave(&mut world, SECOND, |carrier| carrier.reachable = true);
    world.run(secs(60));
    assert_eq!(end(&world, id).0, FinalState::Delivered);
    assert_eq!(world.ledger.entries.len(), 1);
    assert_eq!(world.lane.columns().quota_used(ACCOUNT, day), 1, "given back");
    assert_eq!(
        world.finished[&id].attempts[1].segments[0].state,
        SegmentWord::Waiting
    );
}

fn report_read(world: &mut World, account: carillon_domain::ids::AccountId, id: MessageId) -> Read {
    let (reply, mut answer) = tokio::sync::oneshot::channel();
    world.lane.mark_read(account, id, reply, world.now);
    assert!(answer.try_recv().is_err(), "not before it is durable (ACK-1)");
    world.settle();
    answer.try_recv().expect("it is durable")
}

#[test]
fn what_is_read_is_delivered_and_falls_back_no_more() {
    let mut world = world(12);
    let id = send(&mut world, &[not_read(60)]);
    world.run(secs(30));
    assert_eq!(
        journey(&world, id).attempts[0].segments[0].state,
        SegmentWord::Delivered
    );
    assert!(world.lane.columns().find(id).is_some(), "it waits to be read");
    let stranger = carillon_domain::ids::AccountId(99);
    assert_eq!(report_read(&mut world, stranger, id), Read::Unknown);
    let now = world.now.unix;
    assert_eq!(report_read(&mut world, ACCOUNT, id), Read::Done);
    assert_eq!(end(&world, id).0, FinalState::Delivered);
    assert_eq!(world.finished[&id].read_at, Some(now));
    assert_eq!(report_read(&mut world, ACCOUNT, id), Read::Unknown);
    world.run(secs(100));
    assert_eq!((fallbacks(&world), world.ledger.entries.len()), ([0; 4], 1));
}

#[test]
fn what_nobody_reads_falls_back_though_it_was_delivered() {
    let mut world = world(13);
    behave(&mut world, SECOND, |carrier| carrier.receipt_after = secs(30));
    let id = send(&mut world, &[not_read(60), failed(&[])]);
    world.run(secs(70));
    assert_eq!(fallbacks(&world), [0, 0, 0, 1]);
    assert!(
        world.lane.columns().find(id).is_some(),
        "the delivery of the first is not enough"
    );
    world.run_until_empty(secs(60));
    assert_eq!(end(&world, id).0, FinalState::Delivered);
    assert_eq!(world.ledger.entries.len(), 2);
}

#[test]
fn a_single_message_may_be_read_as_well() {
    let mut world = world(14);
    for connection in [FIRST, SECOND] {
        behave(&mut world, connection, |carrier| carrier.mute = true);
    }
    let submitted = send(&mut world, &[]);
    world.run(secs(1));
    go_away(&mut world, FIRST);
    let waiting = send(&mut world, &[]);
    assert_eq!(report_read(&mut world, ACCOUNT, submitted), Read::Done);
    assert_eq!(report_read(&mut world, ACCOUNT, waiting), Read::Done);
    assert_eq!(end(&world, submitted), (FinalState::Delivered, None));
    assert_eq!(end(&world, waiting), (FinalState::Cancelled, Some("read")));
    behave(&mut world, FIRST, |carrier| carrier.reachable = true);
    world.run(secs(60));
    assert_eq!(
        world.ledger.entries.len(),
        1,
        "nobody needs the other one any more"
    );
}

/// What is in flight while the report comes is answered first: no answer is thrown away.
#[test]
fn a_read_message_ends_when_nothing_of_it_is_in_flight() {
    let mut world = world(15);
    behave(&mut world, FIRST, |carrier| carrier.latency = secs(3));
    let id = send(&mut world, &[]);
    world.run(secs(1));
    assert_eq!(report_read(&mut world, ACCOUNT, id), Read::Done);
    assert_eq!(report_read(&mut world, ACCOUNT, id), Read::Done, "twice is once");
    assert!(world.lane.columns().find(id).is_some());
    world.run_until_empty(secs(10));
    assert_eq!(end(&world, id).0, FinalState::Delivered);
    assert_eq!(world.lane.counters().answers_outdated.get(), 0);
}

#[test]
fn a_used_up_quota_ends_the_plan() {
    let mut snapshot = snapshot();
    snapshot.accounts.get_mut(&ACCOUNT).unwrap().quota_per_day = Some(1);
    let mut world = World::new(snapshot, 16);
    behave(&mut world, FIRST, |carrier| carrier.undelivered = 1.0);
    let id = send(&mut world, &[failed(&[]), failed(&[])]);
    world.run_until_empty(secs(20));
    assert_eq!(end(&world, id), (FinalState::Failed, Some("quota")));
    assert_eq!(world.ledger.entries.len(), 1);
    assert_eq!(world.lane.counters().plans_ended.get(), 1);
    assert_eq!(fallbacks(&world), [0; 4]);
}

#[test]
fn a_group_that_is_gone_ends_the_plan() {
    let mut world = world(17);
    behave(&mut world, FIRST, |carrier| {
        (carrier.undelivered, carrier.receipt_after) = (1.0, secs(5));
    });
    let id = send(&mut world, &[failed(&[])]);
    world.run(secs(1));
    let mut without = snapshot();
    without.version += 1;
    without.route_groups.remove(&SECOND_GROUP);
    without.route_rules.clear();
    let without = Arc::new(Compiled::new(Arc::new(without)).unwrap());
    world.lane.install(without, world.now);
    world.run_until_empty(secs(20));
    assert_eq!(end(&world, id), (FinalState::Failed, Some("no_route")));
}

/// An attempt that has not started yet goes where the rules lead by then, as one that waits does.
#[test]
fn a_later_attempt_finds_its_way_when_its_group_went() {
    let mut world = world(25);
    behave(&mut world, FIRST, |carrier| {
        (carrier.undelivered, carrier.receipt_after) = (1.0, secs(5));
    });
    let id = send(&mut world, &[failed(&[])]);
    world.run(secs(1));
    world.install(|snapshot| {
        let group = snapshot.route_groups.remove(&SECOND_GROUP).unwrap();
        let id = RouteGroupId(9);
        snapshot.route_groups.insert(id, RouteGroup { id, ..group });
        snapshot.route_rules[0].group = id;
    });
    world.run_until_empty(secs(20));
    assert_eq!(end(&world, id).0, FinalState::Delivered);
    assert_eq!(world.ledger.entries[1].connection, SECOND);
    assert_eq!(world.lane.counters().messages_rerouted.get(), 1);
    let replayed = world.replayed();
    assert_same_state(&world.lane.columns().state().unwrap(), &replayed, 25);
}

/// No rule leads one of several attempts anywhere for a while: it goes when one does again.
#[test]
fn an_attempt_without_a_way_waits_for_one_while_another_is_under_way() {
    let mut world = world(26);
    behave(&mut world, FIRST, |carrier| carrier.mute = true);
    go_away(&mut world, SECOND);
    let id = send(&mut world, &[Condition::Together]);
    world.run(secs(1));
    let rules = snapshot().route_rules;
    world.install(|snapshot| {
        snapshot.route_groups.remove(&SECOND_GROUP);
        snapshot.route_rules.clear();
    });
    world.run(secs(5));
    behave(&mut world, SECOND, |carrier| carrier.reachable = true);
    world.install(|snapshot| {
        let group = RouteGroup {
            id: RouteGroupId(9),
            name: "again".into(),
            strategy: Strategy::PrimaryBackup,
            members: vec![Member {
                connection: SECOND,
                weight: 1,
            }],
        };
        snapshot.route_groups.insert(group.id, group);
        snapshot.route_rules = rules;
        snapshot.route_rules[0].group = RouteGroupId(9);
    });
    world.run_until_empty(secs(60));
    assert_eq!(end(&world, id).0, FinalState::Delivered);
    assert_eq!(world.ledger.entries.len(), 2);
}

/// No rule leads an attempt that nobody began to send anywhere any more: the next one is not the worse for it.
#[test]
fn an_attempt_whose_group_went_was_not_submitted() {
    for (condition, state) in [
        (Condition::NotSubmitted, FinalState::Delivered),
        (failed(&["UNDELIV"]), FinalState::Failed),
    ] {
        let mut world = world(22);
        go_away(&mut world, FIRST);
        let id = send(&mut world, &[condition]);
        let mut without = snapshot();
        without.version += 1;
        without.route_groups.remove(&FIRST_GROUP);
        without.route_rules.clear();
        let without = Arc::new(Compiled::new(Arc::new(without)).unwrap());
        world.lane.install(without, world.now);
        world.settle();
        world.run_until_empty(secs(20));
        assert_eq!(end(&world, id).0, state);
        if state == FinalState::Failed {
            assert_eq!(end(&world, id).1, Some("no_route"));
        }
    }
}

#[test]
fn no_attempt_starts_after_the_validity() {
    let mut snapshot = snapshot();
    snapshot
        .business_types
        .values_mut()
        .for_each(|kind| (kind.validity_s, kind.receipt_wait_s) = (60, 90));
    let mut world = World::new(snapshot, 18);
    world.run(secs(2));
    behave(&mut world, FIRST, |carrier| carrier.mute = true);
    let id = send(&mut world, &[not_delivered(80)]);
    world.run_until_empty(secs(120));
    assert_eq!(end(&world, id), (FinalState::Sent, Some("no_receipt")));
    assert_eq!((fallbacks(&world), world.ledger.entries.len()), ([0; 4], 1));
}

/// An attempt whose own wait is over while the plan goes on is not looked at again and again.
#[test]
fn an_attempt_that_has_ended_by_time_is_left_alone() {
    let mut snapshot = snapshot();
    for kind in snapshot.business_types.values_mut() {
        kind.receipt_wait_s = 60;
    }
    snapshot.connections.get_mut(&FIRST).unwrap().rate_per_second = 1_000;
    let mut world = World::new(snapshot, 23);
    world.run(secs(2));
    behave(&mut world, FIRST, |carrier| carrier.mute = true);
    // As many as are looked at in one go.
    let lines = (0..2_000).map(|_| Ok(planned(&mut world, &[not_delivered(600)])));
    let lines = lines.collect();
    world.batch(None, lines).unwrap();
    world.run(secs(100));
    assert_eq!(world.lane.columns().len(), 2_000);
    assert!(!world.lane.end_due(world.now), "there is more to look at");
    world.run(secs(600));
    assert_eq!(fallbacks(&world), [0, 0, 2_000, 0]);
}

/// What is heard of one attempt does not make another one miss its next try.
#[test]
fn a_mail_put_off_is_tried_again_whatever_comes_of_its_companion() {
    const RELAY: ConnectionId = ConnectionId(3);
    let mut snapshot = snapshot();
    let relay = connection(3, Protocol::Cmpp20);
    snapshot
        .accounts
        .get_mut(&ACCOUNT)
        .unwrap()
        .connections
        .push(RELAY);
    snapshot.connections.insert(RELAY, relay);
    let only = RouteGroup {
        id: RouteGroupId(3),
        name: "mails".into(),
        strategy: Strategy::PrimaryBackup,
        members: vec![Member {
            connection: RELAY,
            weight: 1,
        }],
    };
    snapshot.route_groups.insert(only.id, only);
    let mut world = World::new(snapshot, 27);
    // It is played by hand.
    behave(&mut world, RELAY, |carrier| carrier.reachable = false);
    world.run(Duration::from_millis(2_300));
    behave(&mut world, FIRST, |carrier| carrier.mute = true);
    let mut message = planned(&mut world, &[Condition::Together]);
    message.plan[1] = PlannedAttempt {
        kind: ChannelKind::Mail,
        group: RouteGroupId(3),
        content: Content::Mail(Box::new(MailContent {
            address: "p@home.example".into(),
            subject: "检查报告".into(),
            text: "请查收".into(),
            html: None,
            template: None,
            attachments: vec![],
        })),
        ..message.plan[1].clone()
    };
    let id = world.send_as(ACCOUNT, message, None).unwrap().unwrap().id;
    world.run(secs(1));
    let pulled = world.lane.pull(RELAY, 1, world.now);
    let write = world.lane.intend(pulled[0], RELAY, 0, 1, 0, world.now).unwrap();
    world.lane.rejected(write, "450".into(), true, world.now);
    assert!(world.lane.pull(RELAY, 1, world.now).is_empty(), "too early");
    world.run(world.options.mail_retry_first);
    // Its time has come; the second in which it is looked at has not.
    let (_, row) = world.lane.columns().find(id).unwrap();
    let carrier_id = row.segments[0].carrier_id.clone().unwrap();
    world.lane.receipt(FIRST, pending(carrier_id), world.now);
    world.run(secs(2));
    assert_eq!(world.lane.pull(RELAY, 1, world.now), pulled);
}

/// A receipt that moves nothing.
fn pending(carrier_id: CarrierId) -> CarrierReceipt {
    CarrierReceipt {
        carrier_id,
        status: "ACCEPTD".into(),
        error: "".into(),
        outcome: ReceiptOutcome::Pending,
        to: "".into(),
        submit_time: "".into(),
        done_time: "".into(),
        segment: None,
    }
}

#[test]
fn a_late_receipt_amends_in_the_light_of_all_attempts() {
    for (first, second, state) in [
        ("DELIVRD", None, FinalState::Delivered),
        ("UNDELIV", None, FinalState::Sent),
        ("UNDELIV", Some("MA:0001"), FinalState::Failed),
    ] {
        let mut snapshot = snapshot();
        snapshot
            .business_types
            .values_mut()
            .for_each(|kind| (kind.validity_s, kind.receipt_wait_s) = (60, 60));
        let mut world = World::new(snapshot, 19);
        world.run(secs(2));
        for connection in [FIRST, SECOND] {
            behave(&mut world, connection, |carrier| carrier.mute = true);
        }
        let id = send(&mut world, &[Condition::Together]);
        world.run(secs(2));
        let columns = world.lane.columns();
        let ids: Vec<_> = columns
            .attempts_from(id, 0)
            .map(|at| columns.row(at).unwrap().segments[0].carrier_id.clone().unwrap())
            .collect();
        let to = columns.find(id).unwrap().1.to.unwrap();
        world.run_until_empty(secs(120));
        assert_eq!(end(&world, id).0, FinalState::Sent);
        world.checkpoint();
        world.crash(false);
        world.run(secs(2));
        let told = [
            (FIRST, &ids[0], Some(first), to.national().unwrap().to_string()),
            (SECOND, &ids[1], second, to.as_u64().to_string()),
        ];
        for (connection, carrier_id, status, to) in told {
            if let Some(status) = status {
                let carrier = world.carriers.get_mut(&connection).unwrap();
                carrier.send_receipt(carrier_id, &to, status, world.now);
                world.run(secs(1));
            }
        }
        assert_eq!(end(&world, id).0, state, "{first} {second:?}");
    }
}

#[test]
fn a_jump_of_the_wall_clock_holds_the_waits() {
    for by_s in [7_200i64, -7_200] {
        for confirm in [false, true] {
            let mut world = world(20);
            behave(&mut world, FIRST, |carrier| carrier.mute = true);
            let id = send(&mut world, &[not_delivered(30)]);
            world.run(secs(20));
            world.now.unix = UnixMs(world.now.unix.0.saturating_add_signed(by_s * 1_000));
            world.run(secs(30));
            assert_eq!(fallbacks(&world), [0; 4], "{by_s}");
            assert_eq!(world.lane.counters().clock_jumps.get(), 1);
            assert!(matches!(
                world.lane.clock_status(world.now),
                ClockStatus::Held { .. }
            ));
            let held_for = if confirm {
                world.lane.confirm_clock(world.now);
                assert_eq!(world.lane.clock_status(world.now), ClockStatus::Steady);
                2
            } else {
                32
            };
            world.run(secs(held_for));
            assert_eq!(fallbacks(&world), [0, 0, 1, 0], "{by_s} {confirm}");
            world.run(secs(2));
            assert_eq!(end(&world, id).0, FinalState::Delivered);
        }
    }
}

/// The wall clock jumps, as after a suspend, and the first to be seen is that the session is gone.
#[test]
fn a_session_lost_right_after_a_jump_was_not_bound_for_it() {
    let mut world = world(21);
    behave(&mut world, FIRST, |carrier| carrier.mute = true);
    send(&mut world, &[not_delivered(600)]);
    world.run(secs(5));
    world.now.unix = world.now.unix + 2 * HOUR;
    world.cut(FIRST);
    world.run(secs(200));
    assert_eq!(fallbacks(&world), [0; 4]);
}

/// The same when a receipt that moves nothing is the first to be seen.
#[test]
fn a_receipt_right_after_a_jump_sets_off_nothing() {
    let mut world = world(24);
    behave(&mut world, FIRST, |carrier| carrier.mute = true);
    let id = send(&mut world, &[not_delivered(600)]);
    world.run(secs(5));
    let (_, row) = world.lane.columns().find(id).unwrap();
    let carrier_id = row.segments[0].carrier_id.clone().unwrap();
    world.now.unix = world.now.unix + 2 * HOUR;
    world.lane.receipt(FIRST, pending(carrier_id), world.now);
    world.run(secs(200));
    assert_eq!(fallbacks(&world), [0; 4]);
}

/// However far a message has come, a crash there changes nothing but what is uncertain: it ends once, and the state that was
/// lived is the one that its facts give.
#[test]
fn a_crash_anywhere_in_a_plan() {
    let plans: [&[Condition]; 4] = [
        &[failed(&[]), Condition::Together, not_delivered(10)],
        &[Condition::Together, failed(&[])],
        &[not_delivered(10), failed(&[])],
        &[not_read(10), not_delivered(10)],
    ];
    for (seed, plan) in plans.into_iter().enumerate() {
        for step in 0..24 {
            let mut world = World::new(snapshot(), seed as u64);
            world.run(secs(2));
            behave(&mut world, FIRST, |carrier| {
                (carrier.undelivered, carrier.receipt_after) = (0.5, secs(1));
            });
            behave(&mut world, SECOND, |carrier| carrier.undelivered = 0.5);
            let id = send(&mut world, plan);
            let ms = if step < 12 { step * 7 } else { (step - 11) * 1_500 };
            world.run(Duration::from_millis(ms));
            if step % 3 == 0 {
                world.checkpoint();
            }
            world.crash(step % 2 == 0);
            let replayed = world.replayed();
            let lived = world.lane.columns().state().unwrap();
            assert_same_state(&lived, &replayed, step);
            world.run_until_empty(60 * HOUR);
            assert!(world.finished.contains_key(&id), "(MSG-1)");
            assert_no_doubles(&world);
        }
    }
}

/// Plans in the midst of everything that can go wrong.
#[test]
fn storms_with_plans() {
    let mut reasons = BTreeMap::new();
    for seed in 200..220 {
        let world = storm(seed);
        let attempts = world.finished.values().flat_map(|journey| &journey.attempts);
        for attempt in attempts {
            if let AttemptStart::Fallback { reason, .. } = &attempt.start {
                *reasons.entry(word(reason)).or_insert(0) += 1;
            }
        }
    }
    assert!(
        reasons.len() == 4 && reasons.values().all(|count| *count > 10),
        "every reason occurs: {reasons:?}"
    );
}

fn word(reason: &FallbackReason) -> &'static str {
    match reason {
        FallbackReason::NotSubmitted { .. } => "not submitted",
        FallbackReason::Failed { .. } => "failed",
        FallbackReason::NotDelivered { .. } => "not delivered",
        FallbackReason::NotRead { .. } => "not read",
    }
}

fn any_condition(world: &mut World) -> Condition {
    match world.rng.random_range(0..6) {
        0 => Condition::Together,
        1 => Condition::NotSubmitted,
        2 => failed(&[]),
        3 => failed(&["UNDELIV"]),
        4 => not_delivered(world.rng.random_range(10..40)),
        _ => not_read(world.rng.random_range(10..40)),
    }
}

/// Plans under everything that can go wrong, to their ends.
fn storm(seed: u64) -> World {
    let mut snapshot = snapshot();
    for kind in snapshot.business_types.values_mut() {
        (kind.validity_s, kind.receipt_wait_s) = (600, 900);
    }
    let mut world = World::new(snapshot, seed);
    for carrier in world.carriers.values_mut() {
        carrier.behaviour.receipts_first = 0.2;
        carrier.behaviour.receipts_twice = 0.2;
        carrier.behaviour.throttled = 0.02;
        carrier.behaviour.rejected = 0.1;
        carrier.behaviour.undelivered = 0.3;
        carrier.behaviour.torn_writes = 0.01;
    }
    let mut sent = Vec::new();
    for _ in 0..120 {
        for _ in 0..world.rng.random_range(0..8) {
            let conditions: Vec<_> = (0..world.rng.random_range(0..4))
                .map(|_| any_condition(&mut world))
                .collect();
            sent.push(send(&mut world, &conditions));
        }
        let time = world.rng.random_range(5..2_000);
        world.run(Duration::from_millis(time));
        let connection = ConnectionId(world.rng.random_range(1..=2));
        match world.rng.random_range(0..30) {
            0 => world.cut(connection),
            1 => world.crash(false),
            2 => world.crash(true),
            3 => world.checkpoint(),
            4 => behave(&mut world, connection, |carrier| {
                carrier.reachable = !carrier.reachable;
            }),
            5 => behave(&mut world, connection, |carrier| carrier.silent = !carrier.silent),
            6 => behave(&mut world, connection, |carrier| carrier.mute = !carrier.mute),
            7 => {
                let by_ms = world.rng.random_range(-20_000..20_000);
                world.now.unix = UnixMs(world.now.unix.0.saturating_add_signed(by_ms));
            }
            8..=12 => {
                let which = world.rng.random_range(0..sent.len().max(1));
                if let Some(id) = sent.get(which).copied()
                    && world.lane.columns().find(id).is_some()
                {
                    assert_eq!(report_read(&mut world, ACCOUNT, id), Read::Done);
                }
            }
            13 | 14 => {
                let replayed = world.replayed();
                let lived = world.lane.columns().state().unwrap();
                assert_same_state(&lived, &replayed, seed);
            }
            _ => {}
        }
    }
    for carrier in world.carriers.values_mut() {
        carrier.behaviour.reachable = true;
        carrier.behaviour.silent = false;
        carrier.behaviour.torn_writes = 0.0;
    }
    world.run_until_empty(2 * HOUR);
    assert_no_doubles(&world);
    for id in sent {
        let journey = world
            .finished
            .get(&id)
            .unwrap_or_else(|| panic!("seed {seed}: {id} is lost (ACK-1, MSG-1)"));
        let reached = |state| {
            let mut segments = journey.attempts.iter().flat_map(|attempt| &attempt.segments);
            segments.any(|segment| segment.state == state)
        };
        let delivered = journey.state == MessageState::Final(FinalState::Delivered);
        assert!(
            !delivered || journey.read_at.is_some() || reached(SegmentWord::Delivered),
            "seed {seed}: {journey:#?}"
        );
        assert!(
            !(reached(SegmentWord::Delivered) && journey.state == MessageState::Final(FinalState::Failed)),
            "seed {seed}: {journey:#?}"
        );
        // An attempt starts in its turn or never.
        let not_yet =
            |attempt: &&carillon_domain::journey::AttemptJourney| attempt.start == AttemptStart::NotYet;
        let first_missing = journey.attempts.iter().position(|attempt| not_yet(&attempt));
        if let Some(first) = first_missing {
            assert!(journey.attempts[first..].iter().all(|attempt| not_yet(&attempt)));
        }
    }
    world
}
