//! What every catalog does. Each case gets a fresh, empty place.

use crate::catalog::{Catalog, CatalogError, NextIds};
use crate::changes::{Changes, Seen};
use carillon_domain::catalog::{
    Account, BusinessType, Cap, CapPeriod, Carrier, ConcatenationReference, Connection, MailSecurity,
    MailSettings, Member, Modules, NumberList, NumberListKind, Organisation, Priority, Protocol,
    ReceiptIdForm, RouteGroup, RouteRule, Secret, SendingStrategy, Snapshot, Strategy, StrategyStep,
    Template, UncertainPolicy, Webhook, WebhookEvent, WordList,
};
use carillon_domain::ids::{
    AccountId, BusinessTypeId, ConnectionId, NumberListId, RouteGroupId, StrategyId, TemplateId, TenantId,
    WordListId,
};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::plan::{ChannelKind, Condition};
use std::future::Future;
use std::time::{Duration, Instant};

/// One test per case of catalog, logins and alarms. `$place` makes a fresh, empty place that is one for all three.
#[macro_export]
macro_rules! catalog_conformance {
    ($place:expr) => {
        $crate::catalog_conformance! { @cases catalog, $place;
            a_new_catalog_is_empty,
            what_was_stored_comes_back_whole,
            a_change_replaces_only_the_version_it_was_made_from,
            a_change_wakes_who_waits_for_one,
            every_field_of_an_object_can_change,
            an_account_may_have_either_secret_both_or_none,
            ids_of_removed_objects_stay_taken,
            a_removed_object_can_come_back,
            hostile_text_is_only_text,
            ten_thousand_accounts_are_kept,
            settings_are_kept_by_name,
        }
        $crate::catalog_conformance! { @cases login, $place;
            a_new_store_knows_nobody,
            sessions_and_tokens_come_back_whole_and_go,
            use_is_noted,
            a_new_password_ends_the_operators_other_sessions,
            a_session_is_added_for_the_password_that_is_stored_only,
            a_password_is_changed_from_the_one_that_is_stored_and_in_a_session_that_is,
            operators_are_added_once_and_rights_are_set,
            hostile_names_are_only_text,
        }
        $crate::catalog_conformance! { @cases alarm_log, $place;
            a_new_log_is_empty,
            the_last_state_of_an_alarm_counts,
            pages_go_from_the_newest_to_the_oldest,
            what_is_long_over_is_forgotten_and_its_number_is_not,
        }
    };
    (@cases $suite:ident, $place:expr; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::conformance::$suite::$case($place).await;
            }
        )+
    };
}

/// Where a catalog lives: opening it again gives what was stored.
pub trait CatalogPlace {
    type Catalog: Catalog;

    fn open(&self) -> impl Future<Output = Self::Catalog>;
}

pub async fn a_new_catalog_is_empty(place: impl CatalogPlace) {
    let catalog = place.open().await;
    assert_eq!(catalog.snapshot().await.unwrap(), Snapshot::default());
    assert_eq!(catalog.version().await.unwrap(), 0);
    assert_eq!(catalog.next_ids().await.unwrap(), NextIds::default());
    assert_eq!(catalog.setting("first-start").await.unwrap(), None);
}

pub async fn what_was_stored_comes_back_whole(place: impl CatalogPlace) {
    let wanted = sample("示范医院");
    assert_eq!(place.open().await.replace(&wanted).await.unwrap(), 1);
    let catalog = place.open().await;
    assert_eq!(
        catalog.snapshot().await.unwrap(),
        Snapshot { version: 1, ..wanted }
    );
    let next = NextIds {
        organisation: 2,
        account: 2,
        connection: 3,
        route_group: 2,
        business_type: 2,
        template: 2,
        strategy: 2,
        word_list: 2,
        number_list: 2,
    };
    assert_eq!(catalog.next_ids().await.unwrap(), next);
}

pub async fn a_change_replaces_only_the_version_it_was_made_from(place: impl CatalogPlace) {
    let catalog = place.open().await;
    catalog.replace(&sample("first")).await.unwrap();
    let (mut mine, mut theirs) = (
        catalog.snapshot().await.unwrap(),
        catalog.snapshot().await.unwrap(),
    );
    organisation(&mut mine).weight = 7;
    organisation(&mut theirs).weight = 9;
    assert_eq!(catalog.replace(&mine).await.unwrap(), 2);
    // Another process that has the catalog open sees it as well.
    assert_eq!(place.open().await.version().await.unwrap(), 2);
    let refused = catalog.replace(&theirs).await.unwrap_err();
    assert!(
        matches!(
            refused,
            CatalogError::Stale {
                expected: 1,
                found: 2
            }
        ),
        "{refused}"
    );
    let ahead = Snapshot { version: 3, ..theirs };
    let refused = catalog.replace(&ahead).await.unwrap_err();
    assert!(
        matches!(
            refused,
            CatalogError::Stale {
                expected: 3,
                found: 2
            }
        ),
        "{refused}"
    );
    assert_eq!(catalog.snapshot().await.unwrap(), Snapshot { version: 2, ..mine });
}

pub async fn a_change_wakes_who_waits_for_one(place: impl CatalogPlace) {
    let (here, there) = (place.open().await, place.open().await);
    let seen = here.changed(Seen::default()).await;
    there.replace(&sample("there")).await.unwrap();
    let begin = Instant::now();
    here.changed(seen).await;
    assert_eq!(here.version().await.unwrap(), 1);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

pub async fn every_field_of_an_object_can_change(place: impl CatalogPlace) {
    let catalog = place.open().await;
    catalog.replace(&sample("first")).await.unwrap();
    let mut changed = Snapshot {
        version: 1,
        ..sample("second")
    };
    connection(&mut changed).password = Secret::new("another");
    connection(&mut changed).protocol = Protocol::Cmpp30;
    connection(&mut changed).mail = None;
    let account = account(&mut changed);
    account.hmac_secret = None;
    if let Some(webhook) = &mut account.webhook {
        webhook.secret = Secret::new("another");
    }
    changed.route_rules.reverse();
    catalog.replace(&changed).await.unwrap();
    assert_eq!(
        place.open().await.snapshot().await.unwrap(),
        Snapshot {
            version: 2,
            ..changed
        }
    );
}

pub async fn an_account_may_have_either_secret_both_or_none(place: impl CatalogPlace) {
    let catalog = place.open().await;
    let mut wanted = sample("first");
    let whole = account(&mut wanted).clone();
    for (version, (webhook, hmac)) in (0..).zip([(true, false), (false, true), (false, false), (true, true)])
    {
        let account = account(&mut wanted);
        account.webhook = whole.webhook.clone().filter(|_| webhook);
        account.hmac_secret = whole.hmac_secret.clone().filter(|_| hmac);
        wanted.version = version;
        catalog.replace(&wanted).await.unwrap();
        let stored = place.open().await.snapshot().await.unwrap();
        assert_eq!(stored.accounts, wanted.accounts, "webhook {webhook}, hmac {hmac}");
    }
}

pub async fn ids_of_removed_objects_stay_taken(place: impl CatalogPlace) {
    let catalog = place.open().await;
    catalog.replace(&sample("first")).await.unwrap();
    let taken = catalog.next_ids().await.unwrap();
    catalog
        .replace(&Snapshot {
            version: 1,
            ..Snapshot::default()
        })
        .await
        .unwrap();
    assert_eq!(
        catalog.snapshot().await.unwrap(),
        Snapshot {
            version: 2,
            ..Snapshot::default()
        }
    );
    assert_eq!(place.open().await.next_ids().await.unwrap(), taken);
}

pub async fn a_removed_object_can_come_back(place: impl CatalogPlace) {
    let catalog = place.open().await;
    let wanted = sample("first");
    catalog.replace(&wanted).await.unwrap();
    catalog
        .replace(&Snapshot {
            version: 1,
            ..Snapshot::default()
        })
        .await
        .unwrap();
    catalog
        .replace(&Snapshot {
            version: 2,
            ..wanted.clone()
        })
        .await
        .unwrap();
    assert_eq!(
        catalog.snapshot().await.unwrap(),
        Snapshot { version: 3, ..wanted }
    );
}

pub async fn hostile_text_is_only_text(place: impl CatalogPlace) {
    let catalog = place.open().await;
    for (version, text) in (0..).zip(HOSTILE) {
        let wanted = Snapshot {
            version,
            ..sample(text)
        };
        catalog.replace(&wanted).await.unwrap();
        let stored = Snapshot {
            version: version + 1,
            ..wanted
        };
        assert_eq!(catalog.snapshot().await.unwrap(), stored, "{text:?}");
        catalog.set_setting(text, text).await.unwrap();
        assert_eq!(catalog.setting(text).await.unwrap().as_deref(), Some(*text));
    }
}

pub async fn ten_thousand_accounts_are_kept(place: impl CatalogPlace) {
    let catalog = place.open().await;
    let mut wanted = sample("first");
    let first = wanted.accounts[&AccountId(1)].clone();
    for number in 1..=10_000 {
        let account = Account {
            id: AccountId(number),
            name: format!("系统-{number}").into(),
            ..first.clone()
        };
        wanted.accounts.insert(account.id, account);
    }
    catalog.replace(&wanted).await.unwrap();
    let last = wanted
        .accounts
        .get_mut(&AccountId(10_000))
        .expect("it was just inserted");
    last.enabled = false;
    wanted.version = 1;
    catalog.replace(&wanted).await.unwrap();
    assert_eq!(
        catalog.snapshot().await.unwrap(),
        Snapshot { version: 2, ..wanted }
    );
    assert_eq!(catalog.next_ids().await.unwrap().account, 10_001);
}

pub async fn settings_are_kept_by_name(place: impl CatalogPlace) {
    let catalog = place.open().await;
    catalog.set_setting("mark", "1").await.unwrap();
    catalog.set_setting("mark", "").await.unwrap();
    let again = place.open().await;
    assert_eq!(again.setting("mark").await.unwrap().as_deref(), Some(""));
    assert_eq!(again.setting("Mark").await.unwrap(), None);
}

/// Names that are only text to a store.
pub(super) const HOSTILE: &[&str] = &[
    "'; DROP TABLE object; --",
    "\" OR \"\"=\"",
    "{\"id\":1}",
    "\\u0000 $1 ?1 :name @name %s",
    "line\r\nline\tend",
    "市一医院 👩‍⚕️ 𠮷 é e\u{301}",
    "\u{202e}right to left\u{202c}",
    "\u{feff}\u{200b}",
    " ",
];

/// One object of each kind, two where the order matters.
pub fn sample(name: &str) -> Snapshot {
    let named = |suffix: &str| format!("{name}{suffix}").into();
    let connection = |id: u16| Connection {
        id: ConnectionId(id),
        name: named("-线路"),
        enabled: true,
        protocol: Protocol::Smpp34,
        host: "127.0.0.1".into(),
        port: 2775,
        login: named(""),
        password: Secret::new(format!("{name}密{id}")),
        sessions: 2,
        window: 32,
        rate_per_second: 500,
        look_ahead: 8,
        source_number: "10690001".into(),
        service_id: "notice".into(),
        receipt_id_form: ReceiptIdForm::ResponseHex,
        concatenation: ConcatenationReference::SixteenBit,
        signature_reserve: 6,
        response_timeout_s: 60,
        silence_s: 10,
        verify_peer: true,
        lane: Some(3),
        mail: Some(MailSettings {
            security: MailSecurity::Tls,
            from: "notice@hospital.example".into(),
            from_name: named("-通知"),
            return_path_domain: "bounces.hospital.example".into(),
            bounce_window_s: 3600,
            ca_file: Some("/etc/carillon/ca.pem".into()),
        }),
    };
    let rule = |name: &str| RouteRule {
        name: name.into(),
        accounts: vec![AccountId(1)],
        business_types: vec![BusinessTypeId(1)],
        carriers: vec![Carrier::Mobile, Carrier::Unknown],
        provinces: vec!["广东".into()],
        group: RouteGroupId(1),
    };
    let mut snapshot = Snapshot::default();
    let organisation = Organisation {
        id: TenantId(1),
        name: named(""),
        weight: 10,
        quiet_hours: "22:00-07:00".parse().ok(),
        lane: 3,
    };
    snapshot.organisations.insert(organisation.id, organisation);
    let business_type = BusinessType {
        id: BusinessTypeId(1),
        name: named("-通知"),
        priority: Priority::High,
        uncertain: UncertainPolicy::ResendOnce,
        validity_s: 3600,
        receipt_wait_s: 7200,
        template_required: true,
        receipts: true,
        tail: named("拒收请回复R"),
        sending_window: "08:00-20:00".parse().ok(),
        ignore_quiet_hours: true,
        caps: vec![
            Cap {
                messages: 1,
                period: CapPeriod::Hour,
            },
            Cap {
                messages: 3,
                period: CapPeriod::Day,
            },
        ],
    };
    snapshot.business_types.insert(business_type.id, business_type);
    snapshot
        .connections
        .extend([1, 2].map(|id| (ConnectionId(id), connection(id))));
    let members = vec![
        Member {
            connection: ConnectionId(2),
            weight: 1,
        },
        Member {
            connection: ConnectionId(1),
            weight: 1000,
        },
    ];
    let group = RouteGroup {
        id: RouteGroupId(1),
        name: named("-组"),
        strategy: Strategy::Weighted,
        members,
    };
    snapshot.route_groups.insert(group.id, group);
    let account = Account {
        id: AccountId(1),
        tenant: TenantId(1),
        name: named("-HIS"),
        enabled: true,
        modules: Modules {
            send: true,
            query: false,
            feeds: true,
            campaigns: true,
        },
        connections: vec![ConnectionId(2), ConnectionId(1)],
        quota_per_day: Some(u64::MAX),
        weight: 1,
        extension: "01".into(),
        signature: named(""),
        business_type: BusinessTypeId(1),
        price_per_segment: 450,
        api_key_sha256: std::array::from_fn(|place| place as u8),
        webhook: Some(Webhook {
            url: "https://his.hospital.example/carillon".into(),
            secret: Secret::new(format!("{name}-webhook")),
            events: vec![WebhookEvent::Replies, WebhookEvent::Receipts],
        }),
        hmac_secret: Some(Secret::new(format!("{name}-hmac"))),
    };
    snapshot.accounts.insert(account.id, account);
    let template = Template {
        id: TemplateId(1),
        tenant: TenantId(1),
        name: named("-就诊"),
        text: format!("{name}{{name}}"),
        business_type: BusinessTypeId(1),
        subject: Some(format!("{name}{{name}}")),
        html: Some(format!("<p>{name}{{name}}</p>")),
    };
    snapshot.templates.insert(template.id, template);
    let strategy = SendingStrategy {
        id: StrategyId(1),
        tenant: TenantId(1),
        name: named("-先短信"),
        steps: steps(),
    };
    snapshot.strategies.insert(strategy.id, strategy);
    let words = WordList {
        id: WordListId(1),
        name: named("-敏感词"),
        organisations: vec![TenantId(1)],
        accounts: vec![],
        words: vec![format!("{name}赌博"), "free cash".into()],
    };
    snapshot.word_lists.insert(words.id, words);
    let numbers = NumberList {
        id: NumberListId(1),
        name: named("-白名单"),
        kind: NumberListKind::White,
        organisations: vec![],
        accounts: vec![AccountId(1)],
        numbers: vec![number(8_613_800_000_001), number(8_613_800_000_002)],
        mails: vec!["one@home.example".into()],
    };
    snapshot.number_lists.insert(numbers.id, numbers);
    snapshot.route_rules = vec![rule("first"), rule("second")];
    snapshot
}

/// Every form of a condition.
fn steps() -> Vec<StrategyStep> {
    let conditions = [
        Condition::Together,
        Condition::NotSubmitted,
        Condition::Failed { codes: vec![] },
        Condition::Failed {
            codes: vec!["UNDELIV".into()],
        },
        Condition::NotDeliveredWithin { seconds: 300 },
        Condition::NotReadWithin { seconds: 60 },
    ];
    let first = StrategyStep {
        channel: ChannelKind::Sms,
        template: None,
        when: None,
    };
    let later = conditions.map(|condition| StrategyStep {
        channel: ChannelKind::Mail,
        template: Some(TemplateId(1)),
        when: Some(condition),
    });
    [first].into_iter().chain(later).collect()
}

fn number(e164: u64) -> PhoneNumber {
    PhoneNumber::from_e164(e164).expect("a mobile number")
}

fn account(snapshot: &mut Snapshot) -> &mut Account {
    snapshot
        .accounts
        .get_mut(&AccountId(1))
        .expect("the sample has it")
}

fn organisation(snapshot: &mut Snapshot) -> &mut Organisation {
    snapshot
        .organisations
        .get_mut(&TenantId(1))
        .expect("the sample has it")
}

fn connection(snapshot: &mut Snapshot) -> &mut Connection {
    snapshot
        .connections
        .get_mut(&ConnectionId(1))
        .expect("the sample has it")
}
