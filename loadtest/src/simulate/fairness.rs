//! A life about fair shares: two organisations with more waiting than their connection can take (FAIR-1).

use super::hospital::{self, ACCOUNTS, HOLD};
use super::life::{Figures, figures, settled_end};
use super::promise::{Promise, Violation};
use super::witness::SharedWitness;
use super::world::{World, random};
use crate::sim::{Behaviour, Range};
use carillon_actors::lane::BatchJob;
use carillon_domain::catalog::Snapshot;
use carillon_domain::ids::{ConnectionId, TenantId};
use rand::RngExt;
use std::time::Duration;
use tokio::sync::oneshot;

/// Over so long each gets what it is due.
const MEASURED: Duration = Duration::from_secs(10);
/// Until its sessions are bound, and the quiet second after a start is over.
const WARM_UP: Duration = Duration::from_secs(2);
/// How much of its share everybody gets at least.
const SHARE_MIN: f64 = 0.9;

pub fn live(seed: u64, on_start: impl FnOnce(SharedWitness)) -> Result<Figures, Violation> {
    let mut random = random(seed);
    let mut snapshot = hospital::snapshot(&mut random);
    let rate = random.random_range(20..60);
    one_connection(&mut snapshot, rate);
    let weight = |tenant: u16| f64::from(snapshot.organisations[&TenantId(tenant.into())].weight);
    let (first, second) = (weight(1), weight(2));
    let mut world = World::new(snapshot, |_| sound(), random);
    on_start(world.witness.clone());
    let wanted = 14 * rate;
    for account in &ACCOUNTS[..2] {
        let first = world.make_many(*account, HOLD, wanted);
        let numbers = first..first + u64::from(wanted);
        let lines = numbers.filter_map(|number| {
            hospital::message(&world.catalog, &world.ranges, *account, HOLD, number, 1).map(Ok)
        });
        let (reply, _nobody_waits) = oneshot::channel();
        let mut job = Some(BatchJob::new(*account, None, lines.collect(), reply));
        while let Some(part) = job {
            job = world.lane.take_batch_part(part, world.now);
        }
    }
    world.settle();
    world.run_until(world.now.monotonic + WARM_UP)?;
    let before = taken(&world);
    world.run_until(world.now.monotonic + MEASURED)?;
    let after = taken(&world);
    let [one, two] = [after[0] - before[0], after[1] - before[1]];
    let all = (one + two) as f64;
    for (got, weight) in [(one, first), (two, second)] {
        let due = all * weight / (first + second);
        if (got as f64) < SHARE_MIN * due {
            world.broken(
                Promise::Fair1,
                format!("{got} of {all} segments, where {due:.0} were due"),
            );
        }
    }
    settled_end(&mut world)?;
    Ok(figures(&world))
}

fn sound() -> Behaviour {
    Behaviour {
        response_ms: Range { min: 1, max: 50 },
        receipt_ms: Range { min: 0, max: 500 },
        ..Behaviour::default()
    }
}

/// Only the first connection is left, with this rate.
fn one_connection(snapshot: &mut Snapshot, rate: u32) {
    const FIRST: ConnectionId = ConnectionId(1);
    snapshot.connections.retain(|id, _| *id == FIRST);
    for connection in snapshot.connections.values_mut() {
        (connection.rate_per_second, connection.window) = (rate, 16);
    }
    for group in snapshot.route_groups.values_mut() {
        group.members.retain(|member| member.connection == FIRST);
    }
    for account in snapshot.accounts.values_mut() {
        account.connections = vec![FIRST];
    }
}

fn taken(world: &World) -> [u64; 2] {
    let witness = world.witness.lock();
    [ACCOUNTS[0], ACCOUNTS[1]].map(|account| witness.arrived_of(account))
}
