//! A node over a temporary folder, with one account that sends mail.

use carillon_actors::intake::SingleIntake;
use carillon_actors::lane::LaneOptions;
use carillon_actors::mail::{MailOptions, ReturnPaths};
use carillon_actors::status::ConnectionStatus;
use carillon_actors::{LaneHandle, NodeOptions, StartReport, start_node};
use carillon_domain::catalog::{
    Account, BusinessType, Compiled, ConcatenationReference, Connection, MailSecurity, MailSettings, Member,
    Modules, Organisation, Priority, Protocol, ReceiptIdForm, RouteGroup, RouteRule, Secret, Snapshot,
    Strategy, UncertainPolicy,
};
use carillon_domain::content::Attachment;
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, BusinessTypeId, ConnectionId, MessageId, RouteGroupId, TenantId};
use carillon_domain::intake::{Draft, Words, prepare};
use carillon_domain::journey::{Journey, MessageState, SegmentJourney, SegmentWord, StepKind};
use carillon_domain::number_range::NumberRanges;
use carillon_embedded::blobs::EmbeddedFiles;
use carillon_embedded::files::RealFiles;
use carillon_embedded::history::{EmbeddedHistory, HistoryOptions};
use carillon_embedded::journal::{EmbeddedJournal, JournalOptions};
use carillon_storage::files::Files;
use carillon_storage::journal::Journal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

pub const ACCOUNT: AccountId = AccountId(1);
pub const KEY: [u8; 32] = [42; 32];
pub const WAIT: Duration = Duration::from_secs(30);
const TENANT: TenantId = TenantId(1);

pub struct House {
    pub handle: LaneHandle,
    pub report: StartReport,
    pub files: Arc<dyn Files>,
    journal: Arc<EmbeddedJournal>,
    folder: TempDir,
    connections: Vec<Connection>,
}

impl House {
    pub fn with(connections: Vec<Connection>) -> House {
        Self::in_folder(tempfile::tempdir().unwrap(), connections)
    }

    fn in_folder(folder: TempDir, connections: Vec<Connection>) -> House {
        let (handle, report, journal, files) = start(folder.path(), &connections);
        House {
            handle,
            report,
            files,
            journal,
            folder,
            connections,
        }
    }

    /// Stops in order and starts again over the same folder.
    pub async fn restarted(self) -> House {
        self.handle.stop(WAIT).await.unwrap();
        self.journal.close().unwrap();
        Self::in_folder(self.folder, self.connections)
    }

    pub async fn end(self) {
        self.handle.stop(WAIT).await.unwrap();
        self.journal.close().unwrap();
    }

    /// Another catalog from now on, while it runs.
    pub async fn install(&self, connections: Vec<Connection>) {
        let mut snapshot = catalog(connections);
        snapshot.version = self.handle.catalog().snapshot().version + 1;
        let compiled = Compiled::new(Arc::new(snapshot)).unwrap();
        assert!(self.handle.install(Arc::new(compiled)).await.unwrap());
    }

    pub async fn send(&self, address: &str) -> MessageId {
        self.send_with(address, &[]).await
    }

    pub async fn send_with(&self, address: &str, attachments: &[Attachment]) -> MessageId {
        let catalog = self.handle.catalog();
        let draft = Draft {
            to: None,
            mail: Some(address),
            words: Words {
                text: Some("您的检查报告已出。\n.\n请查收"),
                subject: Some("检查报告"),
                html: Some("<p>您的检查报告已出。</p>"),
                attachments,
                ..Words::default()
            },
            ..Draft::of_text("", "")
        };
        let account = catalog.account(ACCOUNT).unwrap();
        let message = prepare(&catalog, account, &NumberRanges::default(), &draft).unwrap();
        let intake = SingleIntake {
            account: ACCOUNT,
            idempotency: None,
            message,
        };
        self.handle.accept(intake).await.unwrap().id
    }

    pub async fn journey(&self, id: MessageId) -> Journey {
        let journey = self.handle.journey(id).await.unwrap();
        journey.expect("an accepted message is there")
    }

    pub async fn segment(&self, id: MessageId) -> SegmentJourney {
        self.journey(id).await.attempts[0].segments[0].clone()
    }

    pub async fn end_of(&self, id: MessageId) -> (FinalState, Option<String>) {
        let deadline = Instant::now() + WAIT;
        loop {
            let journey = self.journey(id).await;
            if let MessageState::Final(state) = journey.state {
                return (state, journey.cause.map(|cause| cause.to_string()));
            }
            assert!(Instant::now() < deadline, "{id} did not end: {journey:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until the mail stands so.
    pub async fn until(&self, id: MessageId, state: SegmentWord) -> SegmentJourney {
        let deadline = Instant::now() + WAIT;
        loop {
            let segment = self.segment(id).await;
            if segment.state == state {
                return segment;
            }
            assert!(
                Instant::now() < deadline,
                "{id} does not become {state:?}: {segment:?}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn status(&self, id: u16) -> ConnectionStatus {
        let statuses = self.handle.connections();
        let status = statuses
            .into_iter()
            .find(|status| status.connection == ConnectionId(id));
        status.expect("the connection is there")
    }

    /// Waits for the error that an operator is shown.
    pub async fn until_error(&self, id: u16, words: &str) {
        let deadline = Instant::now() + WAIT;
        loop {
            let statuses = self.handle.connections();
            let error = statuses
                .iter()
                .find(|status| status.connection == ConnectionId(id))
                .and_then(|status| status.last_error.clone());
            if error.as_deref().is_some_and(|error| error.contains(words)) {
                return;
            }
            assert!(Instant::now() < deadline, "no {words:?} in {error:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Words for the steps of a segment, in order.
pub fn steps(segment: &SegmentJourney) -> Vec<&'static str> {
    segment
        .steps
        .iter()
        .map(|step| match step.what {
            StepKind::Intent { .. } => "intent",
            StepKind::Returned => "returned",
            StepKind::Submitted { .. } => "submitted",
            StepKind::Rejected { retried: true, .. } => "later",
            StepKind::Rejected { .. } => "rejected",
            StepKind::Uncertain { .. } => "uncertain",
            StepKind::Receipt { .. } => "receipt",
        })
        .collect()
}

fn start(
    folder: &Path,
    connections: &[Connection],
) -> (LaneHandle, StartReport, Arc<EmbeddedJournal>, Arc<dyn Files>) {
    let journal = EmbeddedJournal::open(
        &folder.join("journal"),
        JournalOptions::default(),
        Arc::new(RealFiles),
    );
    let journal = Arc::new(journal.unwrap());
    let history = folder.join("history");
    std::fs::create_dir_all(&history).unwrap();
    let history = EmbeddedHistory::open(&history, HistoryOptions::default()).unwrap();
    let files = folder.join("files");
    std::fs::create_dir_all(&files).unwrap();
    let files: Arc<dyn Files> = Arc::new(EmbeddedFiles::open(&files, Arc::new(RealFiles)).unwrap());
    let options = NodeOptions {
        lane: LaneOptions {
            mail_retry_first: Duration::from_millis(300),
            mail_retry_max: Duration::from_secs(2),
            ..LaneOptions::default()
        },
        mail: MailOptions {
            files: Some(files.clone()),
            return_paths: ReturnPaths::new(KEY),
            bounces: Some("127.0.0.1:0".parse().unwrap()),
        },
        ..NodeOptions::default()
    };
    let (handle, report) = start_node(
        options,
        catalog(connections.to_vec()),
        journal.clone(),
        Arc::new(history),
    )
    .unwrap();
    (handle, report, journal, files)
}

/// A relay on this port: two sessions, in the clear, without bounces.
pub fn connection(id: u16, port: u16) -> Connection {
    Connection {
        id: ConnectionId(id),
        name: format!("relay-{id}").into(),
        enabled: true,
        protocol: Protocol::Smtp,
        host: "localhost".into(),
        port,
        login: "".into(),
        password: Secret::default(),
        sessions: 2,
        window: 1,
        rate_per_second: 1_000,
        look_ahead: 0,
        source_number: "".into(),
        service_id: "".into(),
        receipt_id_form: ReceiptIdForm::AsIs,
        concatenation: ConcatenationReference::EightBit,
        signature_reserve: 0,
        response_timeout_s: 5,
        silence_s: 5,
        verify_peer: false,
        lane: None,
        mail: Some(MailSettings {
            security: MailSecurity::None,
            from: "notice@hospital.example".into(),
            from_name: "示范医院".into(),
            return_path_domain: "".into(),
            bounce_window_s: 3_600,
            ca_file: None,
        }),
    }
}

/// The same, with bounces.
pub fn with_bounces(mut connection: Connection) -> Connection {
    let settings = connection.mail.as_mut().expect("a relay");
    settings.return_path_domain = "bounce.hospital.example".into();
    connection
}

fn catalog(connections: Vec<Connection>) -> Snapshot {
    let group = RouteGroupId(1);
    let business_type = BusinessTypeId(1);
    let ids: Vec<_> = connections.iter().map(|connection| connection.id).collect();
    let members = ids.iter().map(|id| Member {
        connection: *id,
        weight: 1,
    });
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
                connections: ids.clone(),
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
        route_groups: [(
            group,
            RouteGroup {
                id: group,
                name: "mail".into(),
                strategy: Strategy::PrimaryBackup,
                members: members.collect(),
            },
        )]
        .into(),
        connections: connections
            .into_iter()
            .map(|connection| (connection.id, connection))
            .collect(),
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
