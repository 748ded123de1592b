//! A small catalog for tests: a hospital and a school, a CMPP and an SMPP connection and a mail relay.

use super::*;
use crate::ids::{
    AccountId, BusinessTypeId, ConnectionId, NumberListId, RouteGroupId, StrategyId, TemplateId, TenantId,
    WordListId,
};
use crate::phone::PhoneNumber;
use crate::plan::{ChannelKind, Condition};
use compact_str::CompactString;
use std::sync::Arc;

pub const HOSPITAL: TenantId = TenantId(1);
pub const SCHOOL: TenantId = TenantId(2);
/// May send by every connection.
pub const HIS: AccountId = AccountId(1);
/// May send by CMPP only.
pub const LIS: AccountId = AccountId(2);
/// Is granted nothing yet.
pub const FRESH: AccountId = AccountId(3);
/// Does not exist.
pub const NOBODY: AccountId = AccountId(99);
pub const CMPP: ConnectionId = ConnectionId(1);
pub const SMPP: ConnectionId = ConnectionId(2);
pub const RELAY: ConnectionId = ConnectionId(3);
pub const BOTH: RouteGroupId = RouteGroupId(1);
pub const ONLY_SMPP: RouteGroupId = RouteGroupId(2);
pub const MAILS: RouteGroupId = RouteGroupId(3);
pub const NOTICE: BusinessTypeId = BusinessTypeId(1);
/// Needs a template.
pub const CODE: BusinessTypeId = BusinessTypeId(2);
/// Has a tail.
pub const CAMPAIGN: BusinessTypeId = BusinessTypeId(3);
pub const VISIT: TemplateId = TemplateId(1);
pub const LOGIN_CODE: TemplateId = TemplateId(2);
/// Has a subject and an HTML form.
pub const REPORT: TemplateId = TemplateId(3);
pub const SMS_THEN_MAIL: StrategyId = StrategyId(1);
/// For everybody.
pub const LAW: WordListId = WordListId(1);
/// For everybody, black.
pub const REFUSED: NumberListId = NumberListId(1);

pub fn compiled() -> Compiled {
    Compiled::new(Arc::new(snapshot())).expect("the fixture is sound")
}

pub fn snapshot() -> Snapshot {
    Snapshot {
        version: 7,
        organisations: [
            organisation(HOSPITAL, "示范医院"),
            organisation(SCHOOL, "示范学校"),
        ]
        .map(|organisation| (organisation.id, organisation))
        .into(),
        accounts: [
            account(HIS, "his", vec![CMPP, SMPP, RELAY], "示范医院"),
            account(LIS, "lis", vec![CMPP], ""),
            account(FRESH, "fresh", vec![], ""),
        ]
        .map(|account| (account.id, account))
        .into(),
        connections: [
            connection(CMPP, Protocol::Cmpp20, ConcatenationReference::EightBit, 8),
            connection(SMPP, Protocol::Smpp34, ConcatenationReference::SixteenBit, 0),
            relay(),
        ]
        .map(|connection| (connection.id, connection))
        .into(),
        route_groups: [
            group(BOTH, &[CMPP, SMPP]),
            group(ONLY_SMPP, &[SMPP]),
            group(MAILS, &[RELAY]),
        ]
        .map(|group| (group.id, group))
        .into(),
        route_rules: vec![
            RouteRule {
                business_types: vec![CODE],
                ..rule("codes", ONLY_SMPP)
            },
            RouteRule {
                carriers: vec![Carrier::Telecom],
                ..rule("telecom", ONLY_SMPP)
            },
            RouteRule {
                provinces: vec!["上海".into()],
                ..rule("上海", ONLY_SMPP)
            },
            rule("all", BOTH),
            rule("mails", MAILS),
        ],
        business_types: [
            business_type(NOTICE, "notice", false, ""),
            business_type(CODE, "code", true, ""),
            business_type(CAMPAIGN, "campaign", false, "，退订回T"),
        ]
        .map(|business_type| (business_type.id, business_type))
        .into(),
        templates: [
            template(VISIT, "visit", "{姓名}，请于{date:date}就诊。", NOTICE),
            template(LOGIN_CODE, "login", "验证码{code:code}", CODE),
            Template {
                subject: Some("{姓名}的报告".into()),
                html: Some("<p>{姓名}</p>".into()),
                ..template(REPORT, "report", "{姓名}的报告已出。", NOTICE)
            },
        ]
        .map(|template| (template.id, template))
        .into(),
        strategies: [(SMS_THEN_MAIL, sms_then_mail())].into(),
        word_lists: [
            word_list(LAW, "law", vec![], &["free cash", "赌博", "赌博网站"]),
            word_list(WordListId(2), "his only", vec![HIS], &["内部"]),
        ]
        .map(|list| (list.id, list))
        .into(),
        number_lists: [
            NumberList {
                mails: vec!["gone@home.example".into()],
                ..number_list(REFUSED, "refused", NumberListKind::Black, vec![], &[1, 2])
            },
            number_list(
                NumberListId(2),
                "on call",
                NumberListKind::White,
                vec![HIS],
                &[2, 3],
            ),
        ]
        .map(|list| (list.id, list))
        .into(),
    }
}

fn organisation(id: TenantId, name: &str) -> Organisation {
    Organisation {
        id,
        name: name.into(),
        weight: 1,
        quiet_hours: None,
        lane: 0,
    }
}

fn account(id: AccountId, name: &str, connections: Vec<ConnectionId>, signature: &str) -> Account {
    Account {
        id,
        tenant: HOSPITAL,
        name: name.into(),
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
        signature: signature.into(),
        business_type: NOTICE,
        price_per_segment: 450,
        api_key_sha256: [id.0 as u8; 32],
        webhook: None,
        hmac_secret: None,
    }
}

fn connection(
    id: ConnectionId,
    protocol: Protocol,
    concatenation: ConcatenationReference,
    signature_reserve: u8,
) -> Connection {
    Connection {
        id,
        name: CompactString::default(),
        enabled: true,
        protocol,
        host: "127.0.0.1".into(),
        port: 7890,
        login: "900001".into(),
        password: Secret::new("secret"),
        sessions: 1,
        window: 16,
        rate_per_second: 100,
        look_ahead: 0,
        source_number: "10690001".into(),
        service_id: CompactString::default(),
        receipt_id_form: ReceiptIdForm::AsIs,
        concatenation,
        signature_reserve,
        response_timeout_s: 60,
        silence_s: 10,
        verify_peer: false,
        lane: None,
        mail: None,
    }
}

fn relay() -> Connection {
    Connection {
        port: 587,
        window: 1,
        source_number: CompactString::default(),
        mail: Some(MailSettings {
            security: MailSecurity::Starttls,
            from: "notice@hospital.example".into(),
            from_name: "示范医院".into(),
            return_path_domain: "bounces.hospital.example".into(),
            bounce_window_s: 86_400,
            ca_file: None,
        }),
        ..connection(RELAY, Protocol::Smtp, ConcatenationReference::EightBit, 0)
    }
}

fn group(id: RouteGroupId, members: &[ConnectionId]) -> RouteGroup {
    let members = members
        .iter()
        .map(|connection| Member {
            connection: *connection,
            weight: 1,
        })
        .collect();
    RouteGroup {
        id,
        name: CompactString::default(),
        strategy: Strategy::PrimaryBackup,
        members,
    }
}

fn rule(name: &str, group: RouteGroupId) -> RouteRule {
    RouteRule {
        name: name.into(),
        accounts: vec![],
        business_types: vec![],
        carriers: vec![],
        provinces: vec![],
        group,
    }
}

fn business_type(id: BusinessTypeId, name: &str, template_required: bool, tail: &str) -> BusinessType {
    BusinessType {
        id,
        name: name.into(),
        priority: if template_required {
            Priority::High
        } else {
            Priority::Medium
        },
        uncertain: UncertainPolicy::Hold,
        validity_s: 86_400,
        receipt_wait_s: 172_800,
        template_required,
        receipts: true,
        tail: tail.into(),
        sending_window: None,
        ignore_quiet_hours: template_required,
        caps: vec![],
    }
}

fn template(id: TemplateId, name: &str, text: &str, business_type: BusinessTypeId) -> Template {
    Template {
        id,
        tenant: HOSPITAL,
        name: name.into(),
        text: text.into(),
        business_type,
        subject: None,
        html: None,
    }
}

fn sms_then_mail() -> SendingStrategy {
    SendingStrategy {
        id: SMS_THEN_MAIL,
        tenant: HOSPITAL,
        name: "sms then mail".into(),
        steps: vec![
            StrategyStep {
                channel: ChannelKind::Sms,
                template: None,
                when: None,
            },
            StrategyStep {
                channel: ChannelKind::Mail,
                template: Some(REPORT),
                when: Some(Condition::NotDeliveredWithin { seconds: 300 }),
            },
        ],
    }
}

fn word_list(id: WordListId, name: &str, accounts: Vec<AccountId>, words: &[&str]) -> WordList {
    WordList {
        id,
        name: name.into(),
        organisations: vec![],
        accounts,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    }
}

/// Of numbers like 13800000001.
fn number_list(
    id: NumberListId,
    name: &str,
    kind: NumberListKind,
    accounts: Vec<AccountId>,
    numbers: &[u64],
) -> NumberList {
    let numbers = numbers
        .iter()
        .map(|number| PhoneNumber::from_e164(8_613_800_000_000 + number).expect("a mobile number"));
    NumberList {
        id,
        name: name.into(),
        kind,
        organisations: vec![],
        accounts,
        numbers: numbers.collect(),
        mails: vec![],
    }
}
