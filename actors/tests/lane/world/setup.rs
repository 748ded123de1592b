use carillon_domain::catalog::{
    Account, BusinessType, Compiled, ConcatenationReference, Connection, Member, Modules, Organisation,
    Priority, Protocol, ReceiptIdForm, RouteGroup, RouteRule, Secret, Snapshot, Strategy, UncertainPolicy,
};
use carillon_domain::ids::{AccountId, BusinessTypeId, ConnectionId, RouteGroupId, TenantId};
use carillon_domain::intake::{Draft, Prepared, prepare};
use carillon_domain::number_range::NumberRanges;

pub const ACCOUNT: AccountId = AccountId(1);
pub const HOLD: BusinessTypeId = BusinessTypeId(1);
pub const RESEND: BusinessTypeId = BusinessTypeId(2);
const TENANT: TenantId = TenantId(1);
const GROUP: RouteGroupId = RouteGroupId(1);

/// One organisation with one account over the given connections, in one group.
pub fn catalog(strategy: Strategy, connections: Vec<Connection>) -> Snapshot {
    let ids: Vec<_> = connections.iter().map(|connection| connection.id).collect();
    let members = ids
        .iter()
        .map(|id| Member {
            connection: *id,
            weight: 1,
        })
        .collect();
    Snapshot {
        version: 1,
        organisations: [(
            TENANT,
            Organisation {
                id: TENANT,
                name: "示范医院".into(),
                weight: 1,
                quiet_hours: None,
                lane: 0,
            },
        )]
        .into(),
        accounts: [(ACCOUNT, account(ids))].into(),
        connections: connections
            .into_iter()
            .map(|connection| (connection.id, connection))
            .collect(),
        route_groups: [(
            GROUP,
            RouteGroup {
                id: GROUP,
                name: "all".into(),
                strategy,
                members,
            },
        )]
        .into(),
        route_rules: vec![RouteRule {
            name: "all".into(),
            accounts: vec![],
            business_types: vec![],
            carriers: vec![],
            provinces: vec![],
            group: GROUP,
        }],
        business_types: [
            (HOLD, business_type(HOLD, "hold", UncertainPolicy::Hold)),
            (
                RESEND,
                business_type(RESEND, "resend", UncertainPolicy::ResendOnce),
            ),
        ]
        .into(),
        ..Snapshot::default()
    }
}

pub fn connection(id: u16, protocol: Protocol) -> Connection {
    Connection {
        id: ConnectionId(id),
        name: format!("carrier-{id}").into(),
        enabled: true,
        protocol,
        host: "127.0.0.1".into(),
        port: 1,
        login: "900001".into(),
        password: Secret::new("secret"),
        sessions: 2,
        window: 16,
        rate_per_second: 500,
        look_ahead: 0,
        source_number: "10690000".into(),
        service_id: "TEST".into(),
        receipt_id_form: ReceiptIdForm::AsIs,
        concatenation: ConcatenationReference::EightBit,
        signature_reserve: 0,
        response_timeout_s: 20,
        silence_s: 10,
        verify_peer: false,
        lane: None,
        mail: None,
    }
}

fn account(connections: Vec<ConnectionId>) -> Account {
    Account {
        id: ACCOUNT,
        tenant: TENANT,
        name: "his".into(),
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
        extension: "01".into(),
        signature: "示范医院".into(),
        business_type: HOLD,
        price_per_segment: 0,
        api_key_sha256: [7; 32],
        webhook: None,
        hmac_secret: None,
    }
}

fn business_type(id: BusinessTypeId, name: &str, uncertain: UncertainPolicy) -> BusinessType {
    BusinessType {
        id,
        name: name.into(),
        priority: Priority::Medium,
        uncertain,
        validity_s: 3_600,
        receipt_wait_s: 7_200,
        template_required: false,
        receipts: true,
        tail: "".into(),
        sending_window: None,
        ignore_quiet_hours: false,
        caps: vec![],
    }
}

/// A text that needs so many segments and carries its number in each of them.
pub fn text(number: u32, segments: u8) -> String {
    let units = if segments <= 1 {
        40
    } else {
        67 * usize::from(segments) - 20
    };
    format!("#{number}#请").chars().cycle().take(units).collect()
}

pub fn prepared(
    catalog: &Compiled,
    account: AccountId,
    business_type: BusinessTypeId,
    text: &str,
    to: u64,
) -> Prepared {
    let account = catalog.account(account).expect("the account is there");
    let name = &catalog
        .business_type(business_type)
        .expect("the type is there")
        .name;
    let to = format!("+{to}");
    let draft = Draft {
        business_type: Some(name),
        ..Draft::of_text(&to, text)
    };
    prepare(catalog, account, &NumberRanges::default(), &draft).expect("the message is sound")
}
