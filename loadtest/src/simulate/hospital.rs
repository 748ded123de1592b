//! Who sends in a simulated life, by which connections, and what they say.

use crate::marker;
use carillon_domain::catalog::{
    Account, BusinessType, Cap, CapPeriod, Compiled, ConcatenationReference, Connection, Member, Modules,
    Organisation, Priority, Protocol, ReceiptIdForm, RouteGroup, RouteRule, Secret, Snapshot, Strategy,
    UncertainPolicy,
};
use carillon_domain::content::Content;
use carillon_domain::fact::PlannedAttempt;
use carillon_domain::ids::{AccountId, BusinessTypeId, ConnectionId, RouteGroupId, TenantId};
use carillon_domain::intake::{Draft, Prepared, prepare};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::plan::{ChannelKind, Condition};
use rand::RngExt;
use rand::rngs::SmallRng;

pub const LOGIN: &str = "900001";
pub const ACCOUNTS: [AccountId; 3] = [AccountId(1), AccountId(2), AccountId(3)];
pub const TYPES: [BusinessTypeId; 3] = [HOLD, RESEND, CODE];
pub const HOLD: BusinessTypeId = BusinessTypeId(1);
const RESEND: BusinessTypeId = BusinessTypeId(2);
/// Re-sent as well, in front of the others, and a person gets few of them.
const CODE: BusinessTypeId = BusinessTypeId(3);
pub const CAP: u16 = 3;
/// Everything goes here, but what the third account sends.
pub const MAIN: RouteGroupId = RouteGroupId(1);
/// The same connections the other way round; fallbacks leave by it.
pub const OTHER: RouteGroupId = RouteGroupId(2);

/// A message has at most so many attempts; markers are numbered by it.
pub const ATTEMPTS: u64 = 8;

const STRATEGIES: [Strategy; 4] = [
    Strategy::PrimaryBackup,
    Strategy::Weighted,
    Strategy::LeastBusy,
    Strategy::Adaptive,
];

/// Two organisations with three accounts over one to three connections.
pub fn snapshot(random: &mut SmallRng) -> Snapshot {
    let count = random.random_range(1..=3);
    let connections: Vec<Connection> = (1..=count).map(|id| connection(id, random)).collect();
    let ids: Vec<ConnectionId> = connections.iter().map(|connection| connection.id).collect();
    let members = |ids: Vec<ConnectionId>, random: &mut SmallRng| {
        ids.into_iter()
            .map(|connection| Member {
                connection,
                weight: random.random_range(1..=3),
            })
            .collect()
    };
    let group = |id, strategy, members| RouteGroup {
        id,
        name: format!("group-{id}").into(),
        strategy,
        members,
    };
    let main = group(MAIN, any_strategy(random), members(ids.clone(), random));
    let reversed = ids.iter().rev().copied().collect();
    let other = group(OTHER, Strategy::PrimaryBackup, members(reversed, random));
    let granted = |number: u16| match number {
        // One may not use the last.
        2 => ids[..ids.len().saturating_sub(1).max(1)].to_vec(),
        _ => ids.clone(),
    };
    let accounts = ACCOUNTS.map(|id| (id, account(id, granted(id.0 as u16))));
    let tenant = |id: u16, weight| {
        let id = TenantId(id.into());
        let organisation = Organisation {
            id,
            name: format!("org-{id}").into(),
            weight,
            quiet_hours: None,
            lane: 0,
        };
        (id, organisation)
    };
    let rule = |name: &str, accounts, group| RouteRule {
        name: name.into(),
        accounts,
        business_types: vec![],
        carriers: vec![],
        provinces: vec![],
        group,
    };
    Snapshot {
        version: 1,
        organisations: [
            tenant(1, random.random_range(1..=4)),
            tenant(2, random.random_range(1..=4)),
        ]
        .into(),
        accounts: accounts.into(),
        connections: connections
            .into_iter()
            .map(|connection| (connection.id, connection))
            .collect(),
        route_groups: [(MAIN, main), (OTHER, other)].into(),
        route_rules: vec![rule("third", vec![ACCOUNTS[2]], OTHER), rule("all", vec![], MAIN)],
        business_types: [
            (
                HOLD,
                business_type(HOLD, "hold", UncertainPolicy::Hold, Priority::Medium),
            ),
            (
                RESEND,
                business_type(RESEND, "resend", UncertainPolicy::ResendOnce, Priority::Low),
            ),
            (
                CODE,
                business_type(CODE, "code", UncertainPolicy::ResendOnce, Priority::High),
            ),
        ]
        .into(),
        ..Snapshot::default()
    }
}

pub fn any_strategy(random: &mut SmallRng) -> Strategy {
    STRATEGIES[random.random_range(0..STRATEGIES.len())]
}

fn connection(id: u16, random: &mut SmallRng) -> Connection {
    let protocols = [Protocol::Cmpp20, Protocol::Cmpp30, Protocol::Smpp34];
    Connection {
        id: ConnectionId(id),
        name: format!("carrier-{id}").into(),
        enabled: true,
        protocol: protocols[random.random_range(0..protocols.len())],
        host: "127.0.0.1".into(),
        port: 1,
        login: LOGIN.into(),
        password: Secret::new("secret"),
        sessions: random.random_range(1..=3),
        window: random.random_range(1..=16),
        rate_per_second: random.random_range(10..=200),
        look_ahead: if random.random_bool(0.2) { 4 } else { 0 },
        source_number: "10690000".into(),
        service_id: "TEST".into(),
        receipt_id_form: ReceiptIdForm::AsIs,
        concatenation: ConcatenationReference::EightBit,
        signature_reserve: 0,
        response_timeout_s: RESPONSE_TIMEOUT_S,
        silence_s: 3,
        verify_peer: false,
        lane: None,
        mail: None,
    }
}

pub const RESPONSE_TIMEOUT_S: u16 = 8;

fn account(id: AccountId, connections: Vec<ConnectionId>) -> Account {
    Account {
        id,
        tenant: if id == ACCOUNTS[1] {
            TenantId(2)
        } else {
            TenantId(1)
        },
        name: format!("account-{id}").into(),
        enabled: true,
        modules: Modules {
            send: true,
            query: true,
            feeds: true,
            campaigns: true,
        },
        connections,
        quota_per_day: None,
        weight: 1,
        extension: format!("0{id}").into(),
        signature: "示范医院".into(),
        business_type: HOLD,
        price_per_segment: 0,
        api_key_sha256: [id.0 as u8; 32],
        webhook: None,
        hmac_secret: None,
    }
}

fn business_type(
    id: BusinessTypeId,
    name: &str,
    uncertain: UncertainPolicy,
    priority: Priority,
) -> BusinessType {
    BusinessType {
        id,
        name: name.into(),
        priority,
        uncertain,
        validity_s: 90,
        receipt_wait_s: 60,
        template_required: false,
        receipts: true,
        tail: "".into(),
        sending_window: None,
        ignore_quiet_hours: false,
        caps: if id == CODE {
            vec![Cap {
                messages: CAP,
                period: CapPeriod::Day,
            }]
        } else {
            vec![]
        },
    }
}

/// A message of the given account with its number in every segment.
pub fn message(
    catalog: &Compiled,
    ranges: &NumberRanges,
    account: AccountId,
    business_type: BusinessTypeId,
    number: u64,
    segments: u8,
) -> Option<Prepared> {
    let account = catalog.account(account)?;
    let name = &catalog.business_type(business_type)?.name;
    // Some get several: a receipt without an owner may then speak of more than one.
    let to = format!("+{}", 8_613_800_000_000 + number % 23);
    let text = text(number * ATTEMPTS, segments);
    let draft = Draft {
        business_type: Some(name),
        ..Draft::of_text(&to, &text)
    };
    prepare(catalog, account, ranges, &draft).ok()
}

/// A later attempt of a message.
pub fn attempt(number: u64, attempt: u64, group: RouteGroupId, when: Condition) -> PlannedAttempt {
    PlannedAttempt {
        kind: ChannelKind::Sms,
        group,
        segments: 1,
        when: Some(when),
        content: Content::of_text(text(number * ATTEMPTS + attempt, 1)),
    }
}

pub fn any_condition(random: &mut SmallRng) -> Condition {
    match random.random_range(0..6) {
        0 => Condition::Together,
        1 => Condition::NotSubmitted,
        2 => Condition::Failed { codes: vec![] },
        3 => Condition::Failed {
            codes: vec!["UNDELIV".into()],
        },
        4 => Condition::NotDeliveredWithin {
            seconds: random.random_range(5..20),
        },
        _ => Condition::NotReadWithin {
            seconds: random.random_range(5..20),
        },
    }
}

/// As long as so many segments, with the marker whole in each.
fn text(number: u64, segments: u8) -> String {
    let units = match segments {
        0 | 1 => 40,
        _ => 67 * usize::from(segments) - 20,
    };
    format!("{}请", marker::text(number))
        .chars()
        .cycle()
        .take(units)
        .collect()
}
