//! How route groups carry the same messages while the same carriers fail in the same way.

use super::hospital::{self, ACCOUNTS, HOLD, MAIN};
use super::life::settled_end;
use super::promise::Violation;
use super::world::{World, random};
use crate::sim::{Behaviour, Range, WeightedStatus};
use carillon_actors::intake::SingleIntake;
use carillon_domain::catalog::{Member, Snapshot, Strategy};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::ConnectionId;
use carillon_domain::journey::MessageState;
use std::time::Duration;
use tokio::sync::oneshot;

/// One message every so often, for so long.
const PAUSE: Duration = Duration::from_millis(50);
const DAY: Duration = Duration::from_secs(300);

/// When which carrier does badly, in seconds.
const FAILING: std::ops::Range<u64> = 30..130;
const SLOW: std::ops::Range<u64> = 70..190;
const THROTTLING: std::ops::Range<u64> = 130..230;

/// What became of the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Carried {
    pub messages: u64,
    pub delivered: u64,
    /// From acceptance to delivery, of those that were.
    pub mean_s: f64,
    pub p95_s: f64,
    /// How often a member changed its place.
    pub switches: u64,
}

/// Three carriers in the order of their preference: `roles` says which of them fails, is slow and throttles.
pub fn carry(strategy: Strategy, roles: [u16; 3], seed: u64) -> Result<Carried, Violation> {
    let snapshot = three_alike(strategy, seed);
    let mut world = World::new(snapshot, |_| sound(), random(seed));
    let [failing, slow, throttling] = roles.map(ConnectionId);
    let start = world.now.monotonic + Duration::from_secs(3);
    world.run_until(start)?;
    while world.now.monotonic < start + DAY {
        let second = (world.now.monotonic - start).as_secs();
        let receipts = if FAILING.contains(&second) { [7, 3] } else { [1, 0] };
        let behaviour = world.line(failing).carrier.behaviour();
        behaviour.receipts = statuses(receipts);
        let behaviour = world.line(slow).carrier.behaviour();
        (behaviour.response_ms, behaviour.receipt_ms) = match SLOW.contains(&second) {
            true => (range(2_000, 4_000), range(3_000, 6_000)),
            false => (sound().response_ms, sound().receipt_ms),
        };
        let busy = THROTTLING.contains(&second) && !second.is_multiple_of(4);
        world
            .line(throttling)
            .carrier
            .switch(|switches| switches.throttled = busy);
        send(&mut world);
        world.run_until(world.now.monotonic + PAUSE)?;
    }
    for id in world.line_ids() {
        world
            .line(id)
            .carrier
            .switch(|switches| switches.throttled = false);
    }
    settled_end(&mut world)?;
    Ok(carried(&world))
}

fn send(world: &mut World) {
    let number = world.make_many(ACCOUNTS[0], HOLD, 1);
    let message = hospital::message(&world.catalog, &world.ranges, ACCOUNTS[0], HOLD, number, 1);
    let (reply, _nobody_waits) = oneshot::channel();
    let intake = SingleIntake {
        account: ACCOUNTS[0],
        idempotency: None,
        message: message.expect("it can be sent"),
    };
    world.lane.take_single(intake, reply, world.now);
    world.settle();
}

fn carried(world: &World) -> Carried {
    let mut times: Vec<f64> = world
        .history
        .values()
        .filter(|(_, journey)| journey.state == MessageState::Final(FinalState::Delivered))
        .filter_map(|(_, journey)| Some(journey.final_at?.0.saturating_sub(journey.message.unix_ms())))
        .map(|ms| ms as f64 / 1_000.0)
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    Carried {
        messages: world.history.len() as u64,
        delivered: times.len() as u64,
        mean_s: times.iter().sum::<f64>() / times.len().max(1) as f64,
        p95_s: times.get(times.len() * 95 / 100).copied().unwrap_or_default(),
        switches: world.lane.counters().route_switches.get(),
    }
}

/// Three connections with the same settings in one group.
fn three_alike(strategy: Strategy, seed: u64) -> Snapshot {
    let mut random = random(seed);
    let mut snapshot = hospital::snapshot(&mut random);
    let (_, first) = snapshot.connections.pop_first().expect("there is one at least");
    let ids = [1, 2, 3].map(ConnectionId);
    for id in ids {
        let mut connection = first.clone();
        connection.id = id;
        connection.name = format!("carrier-{id}").into();
        (connection.sessions, connection.window, connection.rate_per_second) = (2, 16, 100);
        snapshot.connections.insert(id, connection);
    }
    for group in snapshot.route_groups.values_mut() {
        group.members = ids
            .map(|connection| Member {
                connection,
                weight: 1,
            })
            .to_vec();
    }
    if let Some(group) = snapshot.route_groups.get_mut(&MAIN) {
        group.strategy = strategy;
    }
    for account in snapshot.accounts.values_mut() {
        account.connections = ids.to_vec();
    }
    snapshot
}

fn sound() -> Behaviour {
    Behaviour {
        response_ms: range(20, 80),
        receipt_ms: range(300, 1_500),
        receipts: statuses([1, 0]),
        ..Behaviour::default()
    }
}

fn statuses([delivered, failed]: [u32; 2]) -> Vec<WeightedStatus> {
    let status = |status: &str, weight| WeightedStatus {
        status: status.into(),
        error: "000".into(),
        weight,
    };
    vec![status("DELIVRD", delivered), status("UNDELIV", failed)]
}

fn range(min: u64, max: u64) -> Range {
    Range { min, max }
}
