//! What chance does to a life: callers, operators, carriers, disks and clocks.

use super::call::{Call, Keyed};
use super::campaign::Runner;
use super::hospital::{self, ACCOUNTS, MAIN, OTHER, TYPES};
use super::promise::Violation;
use super::trace::Event;
use super::world::World;
use carillon_actors::intake::SingleIntake;
use carillon_actors::lane::BatchJob;
use carillon_domain::campaign::CampaignChange;
use carillon_domain::catalog::Snapshot;
use carillon_domain::fact::IdempotencyKey;
use carillon_domain::ids::{AccountId, ConnectionId, TenantId};
use carillon_domain::intake::Prepared;
use rand::RngExt;
use tokio::sync::oneshot;

/// Free bytes with which neither intake nor submitting goes on.
const NEARLY_FULL: u64 = 1 << 20;

/// Does one thing. `base` is the catalog as it was in the beginning.
pub fn act(world: &mut World, base: &Snapshot) -> Result<(), Violation> {
    let id = any_connection(world);
    match world.random.random_range(0..100) {
        0..26 => singles(world),
        26..36 => batch(world),
        36..42 => repeat(world),
        42..46 => begin_campaign(world),
        46..52 => steer_campaign(world),
        52..56 => read(world),
        56..64 => change_catalog(world, base, id),
        64..69 => world.cut(id),
        69..78 => change_carrier(world, id),
        78..83 => world.begin_checkpoint(),
        83..85 => world.panic_in(id),
        85..87 => hold_or_resume(world, id),
        87..89 => world.set_disk_free(Some(NEARLY_FULL)),
        89..91 => world.set_disk_free(None),
        91..93 => set_clock(world),
        93..97 => world.crash()?,
        _ => world.compare(),
    }
    world.witness.lock().verdict()
}

fn any_connection(world: &mut World) -> ConnectionId {
    let ids = world.line_ids();
    ids[world.random.random_range(0..ids.len())]
}

fn any_account(world: &mut World) -> AccountId {
    ACCOUNTS[world.random.random_range(0..ACCOUNTS.len())]
}

/// A message that nobody has sent before.
fn message(world: &mut World, account: AccountId) -> Option<(u64, Prepared)> {
    let business_type = TYPES[world.random.random_range(0..TYPES.len())];
    let segments = match world.random.random_bool(0.2) {
        true => world.random.random_range(2..5),
        false => 1,
    };
    let number = world.make_many(account, business_type, 1);
    let mut message = hospital::message(
        &world.catalog,
        &world.ranges,
        account,
        business_type,
        number,
        segments,
    )?;
    if world.random.random_bool(0.3) {
        for attempt in 1..=world.random.random_range(1..4) {
            let group = if attempt % 2 == 1 { OTHER } else { MAIN };
            let when = hospital::any_condition(&mut world.random);
            message.plan.push(hospital::attempt(number, attempt, group, when));
        }
    }
    Some((number, message))
}

fn any_key(world: &mut World) -> IdempotencyKey {
    IdempotencyKey {
        key: world.random.random(),
        fingerprint: world.random.random(),
    }
}

fn singles(world: &mut World) {
    for _ in 0..world.random.random_range(1..8) {
        let account = any_account(world);
        let Some(line) = message(world, account) else {
            continue;
        };
        world.note(Event::Single { message: line.0 });
        if world.random.random_bool(0.7) {
            send(world, account, None, line);
            continue;
        }
        let keyed = Keyed {
            key: any_key(world),
            account,
            is_batch: false,
            lines: vec![line],
            told: None,
        };
        world.calls.keyed.push(keyed);
        send_keyed(world, world.calls.keyed.len() - 1);
    }
    world.settle();
}

fn send(world: &mut World, account: AccountId, key: Option<usize>, (number, message): (u64, Prepared)) {
    let (reply, answer) = oneshot::channel();
    let intake = SingleIntake {
        account,
        idempotency: key.map(|key| world.calls.keyed[key].key),
        message,
    };
    world.lane.take_single(intake, reply, world.now);
    world.calls.push(Call::Single { number, key, answer });
}

fn batch(world: &mut World) {
    let account = any_account(world);
    let wanted = world.random.random_range(1..20);
    let lines: Vec<_> = (0..wanted).filter_map(|_| message(world, account)).collect();
    let Some((first, _)) = lines.first() else { return };
    world.note(Event::Batch {
        first: *first,
        lines: lines.len() as u32,
    });
    let keyed = Keyed {
        key: any_key(world),
        account,
        is_batch: true,
        lines,
        told: None,
    };
    world.calls.keyed.push(keyed);
    send_keyed(world, world.calls.keyed.len() - 1);
    world.settle();
}

/// A request under its key, for the first time or again.
fn send_keyed(world: &mut World, at: usize) {
    let keyed = &world.calls.keyed[at];
    let (account, lines) = (keyed.account, keyed.lines.clone());
    if !keyed.is_batch {
        return lines
            .into_iter()
            .for_each(|line| send(world, account, Some(at), line));
    }
    let (reply, answer) = oneshot::channel();
    let numbers = lines.iter().map(|(number, _)| *number).collect();
    let prepared = lines.into_iter().map(|(_, message)| Ok(message)).collect();
    let mut job = Some(BatchJob::new(account, Some(keyed.key), prepared, reply));
    while let Some(part) = job {
        job = world.lane.take_batch_part(part, world.now);
    }
    world.calls.push(Call::Batch {
        numbers,
        key: Some(at),
        answer,
    });
}

/// A caller that asks again, or makes a mistake with its key.
fn repeat(world: &mut World) {
    let count = world.calls.keyed.len();
    if count == 0 {
        return;
    }
    let at = world.random.random_range(0..count);
    world.note(Event::Repeat { key: at });
    let keyed = &world.calls.keyed[at];
    if keyed.told.is_some() && world.random.random_bool(0.3) {
        let (account, mut key) = (keyed.account, keyed.key);
        key.fingerprint = key.fingerprint.wrapping_add(1);
        let message = keyed.lines[0].1.clone();
        let (reply, answer) = oneshot::channel();
        let intake = SingleIntake {
            account,
            idempotency: Some(key),
            message,
        };
        world.lane.take_single(intake, reply, world.now);
        world.calls.push(Call::Conflict { answer });
    } else {
        send_keyed(world, at);
    }
    world.settle();
}

fn begin_campaign(world: &mut World) {
    let account = any_account(world);
    let tenant = world
        .catalog
        .account(account)
        .map_or(TenantId(1), |account| account.tenant);
    let lines = world.random.random_range(1..40);
    let rate = world
        .random
        .random_bool(0.5)
        .then(|| world.random.random_range(1..50));
    if let Some(runner) = Runner::begin(world, account, tenant, lines, rate) {
        world.campaigns.push(runner);
    }
    world.settle();
}

fn steer_campaign(world: &mut World) {
    if world.campaigns.is_empty() {
        return;
    }
    let at = world.random.random_range(0..world.campaigns.len());
    let (change, to) = match world.random.random_range(0..10) {
        0..5 => (CampaignChange::Started, "start"),
        5 | 6 => (CampaignChange::Paused, "pause"),
        7 | 8 => (CampaignChange::Resumed, "resume"),
        _ => (CampaignChange::Stopped, "stop"),
    };
    let id = world.campaigns[at].id;
    world.note(Event::Steer { campaign: id.0, to });
    if world.lane.change_campaign(id, change, world.now).is_ok() {
        let now = world.now.monotonic;
        world.campaigns[at].wake(now);
    }
    world.settle();
}

/// A caller says that a person has read a message.
fn read(world: &mut World) {
    let told: Vec<_> = world.calls.told().collect();
    if told.is_empty() {
        return;
    }
    let message = told[world.random.random_range(0..told.len())];
    let Some(number) = world.witness.lock().number_of(message) else {
        return;
    };
    world.note(Event::Read { message: number });
    let account = world.witness.lock().made[number as usize].account;
    let (reply, answer) = oneshot::channel();
    world.lane.mark_read(account, message, reply, world.now);
    world.calls.push(Call::Read { answer });
    world.settle();
}

fn change_catalog(world: &mut World, base: &Snapshot, id: ConnectionId) {
    let mut snapshot = (**world.catalog.snapshot()).clone();
    let random = &mut world.random;
    let what = random.random_range(0..8);
    let several = snapshot.connections.len() > 1;
    let connection = snapshot.connections.get_mut(&id);
    let change = match (what, connection) {
        (0, Some(connection)) => {
            connection.window = random.random_range(1..=16);
            "window"
        }
        (1, Some(connection)) => {
            connection.rate_per_second = random.random_range(10..=200);
            "rate"
        }
        (2, Some(connection)) => {
            connection.sessions = random.random_range(1..=3);
            "sessions"
        }
        (3, Some(connection)) => {
            connection.enabled = !connection.enabled;
            "enabled"
        }
        (4, _) => {
            let group = snapshot.route_groups.get_mut(&MAIN).expect("it is never removed");
            group.strategy = hospital::any_strategy(random);
            "strategy"
        }
        (5, Some(_)) if several => {
            remove(&mut snapshot, id);
            "removed"
        }
        (_, None) => {
            snapshot = base.clone();
            "as in the beginning"
        }
        _ => {
            let group = snapshot.route_groups.get_mut(&MAIN).expect("it is never removed");
            group.members.rotate_left(1);
            group.members[0].weight = random.random_range(1..=5);
            "order"
        }
    };
    world.install(snapshot, change);
}

fn remove(snapshot: &mut Snapshot, id: ConnectionId) {
    snapshot.connections.remove(&id);
    for group in snapshot.route_groups.values_mut() {
        group.members.retain(|member| member.connection != id);
    }
    for account in snapshot.accounts.values_mut() {
        account.connections.retain(|granted| *granted != id);
    }
}

fn change_carrier(world: &mut World, id: ConnectionId) {
    let what = world.random.random_range(0..6);
    let seconds = world.random.random_range(1..4);
    let line = world.line(id);
    let habit = match what {
        0 => {
            line.is_reachable = !line.is_reachable;
            "reachable or not"
        }
        1 => {
            line.carrier.switch(|switches| switches.silent = !switches.silent);
            "silent or not"
        }
        2 => {
            line.carrier
                .switch(|switches| switches.throttled = !switches.throttled);
            "throttled or not"
        }
        3 => {
            line.torn_share = if line.torn_share > 0.0 { 0.0 } else { 0.05 };
            "torn or not"
        }
        4 => {
            line.carrier.behaviour().cut_after = seconds * 20;
            "cuts after some"
        }
        _ => {
            line.carrier.behaviour().response_ms.max = seconds * 400;
            "slower"
        }
    };
    world.note(Event::Carrier {
        connection: id,
        habit,
    });
}

fn hold_or_resume(world: &mut World, id: ConnectionId) {
    if !world.lane.hold_back(id) || world.random.random_bool(0.5) {
        world.lane.resume(id);
    }
    world.settle();
}

fn set_clock(world: &mut World) {
    let by_ms = world.random.random_range(-20_000..20_000);
    world.clock_offset_ms += by_ms;
    world.note(Event::Clock { by_ms });
}
