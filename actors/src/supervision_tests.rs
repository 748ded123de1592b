//! Panics in actors over real sockets and the real journal: the actor comes back with its state, and nothing is lost.

use crate::campaign;
use crate::connection::SocketFault;
use crate::intake::{BatchIntake, IntakeError, SingleIntake};
use crate::lane::SharedLane;
use crate::status::{ConnectionState, Readiness};
use crate::tenant::Fault;
use crate::test_carrier::Carrier;
use crate::{LaneHandle, NodeOptions, start_node};
use carillon_domain::campaign::{
    CampaignChange, CampaignDraft, CampaignMessage, CampaignState, CampaignWords, Duplicates, LineColumns,
};
use carillon_domain::catalog::{
    Account, BusinessType, Compiled, ConcatenationReference, Connection, Member, Modules, Organisation,
    Priority, Protocol, ReceiptIdForm, RouteGroup, RouteRule, Secret, Snapshot, Strategy, UncertainPolicy,
};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, BusinessTypeId, ConnectionId, MessageId, RouteGroupId, TenantId};
use carillon_domain::intake::{Draft, Prepared, prepare};
use carillon_domain::journey::MessageState;
use carillon_domain::number_range::NumberRanges;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::state::SegmentState;
use carillon_embedded::blobs::EmbeddedFiles;
use carillon_embedded::files::RealFiles;
use carillon_embedded::history::{EmbeddedHistory, HistoryOptions};
use carillon_embedded::journal::{EmbeddedJournal, JournalOptions};
use carillon_storage::journal::Journal;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

pub const ACCOUNT: AccountId = AccountId(1);
pub const TENANT: TenantId = TenantId(1);
pub const CONNECTION: ConnectionId = ConnectionId(1);
pub const WAIT: Duration = Duration::from_secs(30);

#[actix::test]
async fn a_tenant_that_panics_comes_back_and_loses_nothing() {
    let carrier = Carrier::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (handle, _journal) = node(folder.path(), carrier.port);
    let before = send(&handle, "before").await.unwrap();

    handle
        .ask(|lane: &Rc<SharedLane>| lane.tenant(TENANT).unwrap().do_send(Fault))
        .await
        .unwrap();
    let lost = send(&handle, "during").await;
    assert!(lost.is_err(), "the caller is told that its message was not taken");
    let after = send(&handle, "after").await.expect("the actor is back");
    let batch = BatchIntake {
        account: ACCOUNT,
        idempotency: None,
        lines: (0..1_200)
            .map(|n| Ok(prepared(&handle, &format!("line {n}"))))
            .collect(),
    };
    let answer = handle.accept_batch(batch).await.unwrap();
    assert_eq!(answer.accepted.len(), 1_200);

    for id in [before, after]
        .into_iter()
        .chain(answer.accepted.into_iter().map(|(_, id)| id))
    {
        assert_eq!(end_of(&handle, id).await, FinalState::Delivered);
    }
    assert_eq!(handle.counters().actor_restarts.get(), 1);
    assert_eq!(carrier.texts().len(), 1_202, "each was written once (DUP-1)");
    handle.stop(WAIT).await.unwrap();
}

#[actix::test]
async fn a_connection_that_panics_comes_back_and_loses_nothing() {
    let carrier = Carrier::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (handle, _journal) = node(folder.path(), carrier.port);
    let mut ids = vec![send(&handle, "before").await.unwrap()];
    assert_eq!(end_of(&handle, ids[0]).await, FinalState::Delivered);

    handle
        .ask(|lane: &Rc<SharedLane>| lane.connection(CONNECTION).unwrap().do_send(Fault))
        .await
        .unwrap();
    for n in 0..50 {
        ids.push(send(&handle, &format!("during {n}")).await.unwrap());
    }
    for id in ids {
        assert_eq!(end_of(&handle, id).await, FinalState::Delivered);
    }
    assert_eq!(handle.counters().actor_restarts.get(), 1);
    let texts = carrier.texts();
    let mut unique = texts.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(texts.len(), unique.len(), "each was written once (DUP-1)");
    handle.stop(WAIT).await.unwrap();
}

/// What an event asks of the sockets panics: left to the runtime, the connection would be gone without a word.
#[actix::test]
async fn a_connection_that_panics_at_its_sockets_comes_back_and_writes_nothing_twice() {
    let carrier = Carrier::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (handle, _journal) = node(folder.path(), carrier.port);
    let before = send(&handle, "before").await.unwrap();
    assert_eq!(end_of(&handle, before).await, FinalState::Delivered);
    let mut sent = Vec::new();
    for round in 1..=3 {
        handle
            .ask(|lane: &Rc<SharedLane>| lane.connection(CONNECTION).unwrap().do_send(SocketFault))
            .await
            .unwrap();
        for n in 0..20 {
            let number = format!("138{round:04}{n:04}");
            let message = prepared_to(&handle, &number, &format!("round {round}, {n}"));
            sent.push((number, accept(&handle, message).await.unwrap()));
        }
        until(|| async { handle.counters().actor_restarts.get() == round }).await;
    }
    // What had an INTENT and was not written is of unknown outcome: who panicked cannot say.
    let deadline = tokio::time::Instant::now() + WAIT;
    let open = loop {
        let open = handle.ask(open_uncertain).await.unwrap();
        if let Some(open) = open.filter(|open| open.iter().all(|to| carrier.written_to(to) == 0)) {
            break open;
        }
        assert!(tokio::time::Instant::now() < deadline, "it does not settle");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    for (number, id) in sent {
        let is_open = open.contains(&number);
        assert_eq!(
            carrier.written_to(&number),
            usize::from(!is_open),
            "{number} (DUP-1)"
        );
        if !is_open {
            assert_eq!(end_of(&handle, id).await, FinalState::Delivered);
        }
    }
    handle.stop(WAIT).await.unwrap();
}

#[actix::test]
async fn a_spent_restart_budget_leaves_the_connection_down_until_an_operator_acts() {
    let carrier = Carrier::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (handle, _journal) = node(folder.path(), carrier.port);
    spend_restart_budget(&handle).await;
    let id = send(&handle, "waits").await.expect("intake goes on");
    assert!(handle.restart_connection(CONNECTION).await);
    assert_eq!(end_of(&handle, id).await, FinalState::Delivered);
    handle.stop(WAIT).await.unwrap();
}

#[actix::test]
async fn a_connection_that_is_down_for_good_leaves_when_it_is_removed() {
    let carrier = Carrier::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (handle, _journal) = node(folder.path(), carrier.port);
    spend_restart_budget(&handle).await;
    let mut without = catalog(carrier.port);
    without.version = 2;
    without.connections.clear();
    without
        .route_groups
        .values_mut()
        .for_each(|group| group.members.clear());
    without
        .accounts
        .values_mut()
        .for_each(|account| account.connections.clear());
    let without = Compiled::new(Arc::new(without)).unwrap();
    assert!(handle.install(Arc::new(without)).await.unwrap());
    until(|| async { handle.connections().is_empty() }).await;
    handle.stop(WAIT).await.unwrap();
}

#[actix::test]
async fn a_campaign_that_panics_goes_on_at_its_line() {
    let carrier = Carrier::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (handle, _journal) = node(folder.path(), carrier.port);
    let files = handle.files().unwrap();
    let lines: String = (0..1_000).map(|n| format!("138{n:08},{n}\n")).collect();
    let csv = format!("to,n\n{lines}");
    let mut writer = files.begin(1 << 20).unwrap();
    writer.write_all(csv.as_bytes()).unwrap();
    let uploaded = CampaignChange::Uploaded {
        source: writer.finish().unwrap(),
        bytes: csv.len() as u64,
    };
    let (id, _) = handle.draft_campaign(draft()).await.unwrap();
    let campaign = || async { handle.campaign(None, id).await.unwrap().unwrap().campaign };
    let change = |change| async { handle.change_campaign(None, id, change).await.unwrap() };
    change(uploaded).await;
    until(|| async { campaign().await.state == CampaignState::Ready }).await;
    change(CampaignChange::Started).await;
    for wanted in [1, 200, 500] {
        until(|| async { campaign().await.tally.expanded >= wanted }).await;
        handle
            .ask(move |lane: &Rc<SharedLane>| lane.campaigns.actor(id).unwrap().do_send(campaign::Fault))
            .await
            .unwrap();
    }
    until(|| async { campaign().await.state == CampaignState::Finished }).await;
    assert_eq!(campaign().await.tally.delivered, 1_000);
    assert_eq!(handle.counters().actor_restarts.get(), 3);
    let texts: BTreeSet<_> = carrier.texts().into_iter().collect();
    assert_eq!(
        (texts.len(), carrier.texts().len()),
        (1_000, 1_000),
        "each line once"
    );
    handle.stop(WAIT).await.unwrap();
}

pub fn draft() -> CampaignDraft {
    let words = CampaignWords {
        text: Some("line {n}".into()),
        ..CampaignWords::default()
    };
    let columns = LineColumns {
        to: Some("to".into()),
        ..LineColumns::default()
    };
    CampaignDraft {
        tenant: TENANT,
        account: ACCOUNT,
        name: "campaign".into(),
        message: CampaignMessage {
            words,
            columns,
            ..CampaignMessage::default()
        },
        duplicates: Duplicates::Refuse,
        rate: Some(1_000),
        schedule: None,
        resend: None,
        idempotency: None,
    }
}

/// Nothing restarts the lane: the process has to end, and whoever watches it is told.
#[actix::test]
async fn a_lane_that_panics_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    let (handle, _journal) = node(folder.path(), 1);
    let answer = handle.ask(|_: &Rc<SharedLane>| panic!("injected")).await;
    assert!(answer.is_err());
    let reason = tokio::time::timeout(WAIT, handle.failed()).await;
    assert!(reason.is_ok(), "nobody is told");
}

#[actix::test]
async fn a_stop_and_a_start_lose_nothing_and_the_search_finds_everything() {
    let carrier = Carrier::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (handle, journal) = node(folder.path(), carrier.port);
    let mut ids = Vec::new();
    for n in 0..100 {
        ids.push(send(&handle, &format!("first life {n}")).await.unwrap());
    }
    let report = handle.stop(WAIT).await.unwrap();
    assert_eq!(report.cut, 0);
    assert!(send(&handle, "too late").await.is_err());
    journal.close().unwrap();
    drop((handle, journal));

    let (handle, journal) = node(folder.path(), carrier.port);
    until(|| async { handle.readiness() == Readiness::Ready }).await;
    for id in ids {
        assert_eq!(end_of(&handle, id).await, FinalState::Delivered);
    }
    handle.stop(WAIT).await.unwrap();
    journal.close().unwrap();
}

/// A connection is added, carries everything, and goes again with its actor; the one that was there before works on.
#[actix::test]
async fn connections_come_and_go_while_messages_are_sent() {
    let (old, new) = (Carrier::start().await, Carrier::start().await);
    let folder = tempfile::tempdir().unwrap();
    let (handle, _journal) = node(folder.path(), old.port);
    let mut ids = vec![send(&handle, "by the old one").await.unwrap()];
    assert_eq!(end_of(&handle, ids[0]).await, FinalState::Delivered);

    let second = ConnectionId(2);
    let mut version = 1;
    let mut install = async |change: &dyn Fn(&mut Snapshot)| {
        version += 1;
        let mut snapshot = (**handle.catalog().snapshot()).clone();
        snapshot.version = version;
        change(&mut snapshot);
        let compiled = Arc::new(Compiled::new(Arc::new(snapshot)).unwrap());
        assert!(handle.install(compiled.clone()).await.unwrap());
        assert!(
            !handle.install(compiled).await.unwrap(),
            "it is not newer than itself"
        );
    };
    install(&|snapshot| {
        let mut config = snapshot.connections[&CONNECTION].clone();
        (config.id, config.name, config.port) = (second, "second".into(), new.port);
        snapshot.connections = [(second, config)].into();
        let group = snapshot.route_groups.values_mut().next().unwrap();
        group.members[0].connection = second;
        snapshot.accounts.get_mut(&ACCOUNT).unwrap().connections = vec![second];
    })
    .await;
    for n in 0..50 {
        ids.push(send(&handle, &format!("by the new one {n}")).await.unwrap());
    }
    for id in &ids {
        assert_eq!(end_of(&handle, *id).await, FinalState::Delivered);
    }
    assert_eq!((old.texts().len(), new.texts().len()), (1, 50));
    until(|| async {
        handle
            .connections()
            .iter()
            .all(|status| status.connection == second)
    })
    .await;
    let actors = handle.ask(|lane: &Rc<SharedLane>| lane.connections().len()).await;
    assert_eq!(actors.unwrap(), 1);

    let late = prepared(&handle, "late");
    install(&|snapshot| {
        snapshot.organisations.clear();
        snapshot.accounts.clear();
    })
    .await;
    let gone = handle.accept(SingleIntake {
        account: ACCOUNT,
        idempotency: None,
        message: late,
    });
    assert_eq!(gone.await, Err(IntakeError::AccountRemoved));
    assert_eq!(handle.counters().actor_restarts.get(), 0);
    handle.stop(WAIT).await.unwrap();
}

async fn spend_restart_budget(handle: &LaneHandle) {
    until(|| async {
        handle
            .connections()
            .first()
            .is_some_and(|c| c.state == ConnectionState::Up)
    })
    .await;
    for restarts in 1.. {
        handle
            .ask(|lane: &Rc<SharedLane>| lane.connection(CONNECTION).unwrap().do_send(Fault))
            .await
            .unwrap();
        // Its own timer is the next event at the latest, and that one panics.
        until(|| async { handle.counters().actor_restarts.get() >= restarts }).await;
        if state(handle) == ConnectionState::Failed {
            break;
        }
        assert!(restarts < 100, "the budget is never spent");
    }
}

fn state(handle: &LaneHandle) -> ConnectionState {
    handle.connections()[0].state
}

async fn send(handle: &LaneHandle, text: &str) -> Result<MessageId, IntakeError> {
    accept(handle, prepared(handle, text)).await
}

async fn accept(handle: &LaneHandle, message: Prepared) -> Result<MessageId, IntakeError> {
    let intake = SingleIntake {
        account: ACCOUNT,
        idempotency: None,
        message,
    };
    handle.accept(intake).await.map(|answer| answer.id)
}

pub(crate) fn prepared(handle: &LaneHandle, text: &str) -> Prepared {
    prepared_to(handle, "13800000001", text)
}

pub(crate) fn prepared_to(handle: &LaneHandle, to: &str, text: &str) -> Prepared {
    let catalog = handle.catalog();
    let account = catalog.account(ACCOUNT).unwrap();
    prepare(
        &catalog,
        account,
        &NumberRanges::default(),
        &Draft::of_text(to, text),
    )
    .unwrap()
}

pub(crate) async fn end_of(handle: &LaneHandle, id: MessageId) -> FinalState {
    let deadline = tokio::time::Instant::now() + WAIT;
    loop {
        let journey = handle
            .journey(id)
            .await
            .unwrap()
            .expect("an acknowledged message is there");
        if let MessageState::Final(state) = journey.state {
            return state;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{id} did not end: {journey:?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn until<F: Future<Output = bool>>(mut condition: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + WAIT;
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "it did not come about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// To whom the open messages are, when all of them are of unknown outcome.
pub(crate) fn open_uncertain(lane: &Rc<SharedLane>) -> Option<Vec<String>> {
    lane.read(|core| {
        let rows = core.columns().rows().map(|(_, row)| {
            let uncertain = row.states().iter().all(|state| *state == SegmentState::Uncertain);
            let to = row.to.and_then(PhoneNumber::national).map(|to| to.to_string());
            to.filter(|_| uncertain)
        });
        rows.collect()
    })
}

pub(crate) fn node(folder: &Path, port: u16) -> (LaneHandle, Arc<EmbeddedJournal>) {
    let journal = EmbeddedJournal::open(
        &folder.join("journal"),
        JournalOptions {
            volume_bytes: 4 << 20,
            ..JournalOptions::default()
        },
        Arc::new(RealFiles),
    )
    .unwrap();
    let journal = Arc::new(journal);
    let history = folder.join("history");
    std::fs::create_dir_all(&history).unwrap();
    let history = EmbeddedHistory::open(&history, HistoryOptions::default()).unwrap();
    let files = EmbeddedFiles::open(&folder.join("files"), Arc::new(RealFiles)).unwrap();
    let mut options = NodeOptions::default();
    options.mail.files = Some(Arc::new(files));
    let (handle, _) = start_node(options, catalog(port), journal.clone(), Arc::new(history)).unwrap();
    (handle, journal)
}

fn catalog(port: u16) -> Snapshot {
    let group = RouteGroupId(1);
    let business_type = BusinessTypeId(1);
    let connection = Connection {
        id: CONNECTION,
        name: "carrier".into(),
        enabled: true,
        protocol: Protocol::Cmpp20,
        host: "127.0.0.1".into(),
        port,
        login: "900001".into(),
        password: Secret::new("secret"),
        sessions: 2,
        window: 16,
        rate_per_second: 5_000,
        look_ahead: 0,
        source_number: "10690000".into(),
        service_id: "TEST".into(),
        receipt_id_form: ReceiptIdForm::AsIs,
        concatenation: ConcatenationReference::EightBit,
        signature_reserve: 0,
        response_timeout_s: 5,
        silence_s: 5,
        verify_peer: true,
        lane: None,
        mail: None,
    };
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
        accounts: [(
            ACCOUNT,
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
                connections: vec![CONNECTION],
                quota_per_day: None,
                weight: 1,
                extension: "01".into(),
                signature: "示范医院".into(),
                business_type,
                price_per_segment: 0,
                api_key_sha256: [7; 32],
                webhook: None,
                hmac_secret: None,
            },
        )]
        .into(),
        connections: [(CONNECTION, connection)].into(),
        route_groups: [(
            group,
            RouteGroup {
                id: group,
                name: "all".into(),
                strategy: Strategy::PrimaryBackup,
                members: vec![Member {
                    connection: CONNECTION,
                    weight: 1,
                }],
            },
        )]
        .into(),
        route_rules: vec![RouteRule {
            name: "all".into(),
            accounts: vec![],
            business_types: vec![],
            carriers: vec![],
            provinces: vec![],
            group,
        }],
        business_types: [(
            business_type,
            BusinessType {
                id: business_type,
                name: "notice".into(),
                priority: Priority::Medium,
                uncertain: UncertainPolicy::Hold,
                validity_s: 3_600,
                receipt_wait_s: 3_600,
                template_required: false,
                receipts: true,
                tail: "".into(),
                sending_window: None,
                ignore_quiet_hours: false,
                caps: vec![],
            },
        )]
        .into(),
        ..Snapshot::default()
    }
}
