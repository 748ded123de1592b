//! Panics in those who push events: they begin again where it was recorded, and no event is lost (API-1).

use super::address::AddressGuard;
use super::caller::{CallTimes, Caller, SystemLookup};
use super::webhooks::Webhooks;
use crate::command::Surroundings;
use carillon_actors::intake::SingleIntake;
use carillon_actors::{LaneHandle, NodeOptions, start_node};
use carillon_domain::catalog::apply::resolve;
use carillon_domain::catalog::{NextIds, Snapshot};
use carillon_domain::intake::{Draft, prepare};
use carillon_domain::number_range::NumberRanges;
use carillon_embedded::files::RealFiles;
use carillon_embedded::history::{EmbeddedHistory, HistoryOptions};
use carillon_embedded::journal::{EmbeddedJournal, JournalOptions};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const WAIT: Duration = Duration::from_secs(30);

#[actix_web::test]
async fn whoever_pushes_events_panics_and_none_is_lost() {
    let receiver = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    let lane = lane(folder.path(), receiver.port);
    let caller = Caller {
        guard: AddressGuard::new(vec!["127.0.0.1/32".parse().unwrap()]),
        tls: Err("none in this test".to_owned()),
        lookup: Arc::new(SystemLookup),
        times: CallTimes::default(),
    };
    let webhooks = Webhooks::start(lane.clone(), caller, Duration::from_secs(3600)).unwrap();
    let account = *lane.catalog().snapshot().accounts.keys().next().unwrap();
    until(|| webhooks.line(account).is_some()).await;
    let faults = &webhooks.office().faults;
    for (number, fault) in [None, Some(&faults.manager), Some(&faults.deliverer), None]
        .into_iter()
        .enumerate()
    {
        if let Some(fault) = fault {
            fault.store(true, Ordering::Relaxed);
        }
        let reference = format!("message-{number}");
        send(&lane, &reference).await;
        until(|| receiver.heard(&reference)).await;
        let met = fault.is_none_or(|fault| !fault.load(Ordering::Relaxed));
        assert!(met, "{reference} came before the fault");
    }
    assert_eq!(lane.counters().actor_restarts.get(), 2);
    webhooks.stop().await;
    lane.stop(WAIT).await.unwrap();
}

/// Ends after a second, since nobody carries it.
async fn send(lane: &LaneHandle, reference: &str) {
    let catalog = lane.catalog();
    let account = catalog.snapshot().accounts.values().next().unwrap();
    let draft = Draft {
        reference: Some(reference),
        ..Draft::of_text("13800000001", "检查已预约")
    };
    let mut message = prepare(&catalog, account, &NumberRanges::default(), &draft).unwrap();
    message.validity_s = 1;
    let intake = SingleIntake {
        account: account.id,
        idempotency: None,
        message,
    };
    lane.accept(intake).await.unwrap();
}

async fn until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < WAIT, "it did not come about");
        actix_web::rt::time::sleep(Duration::from_millis(5)).await;
    }
}

fn lane(folder: &Path, port: u16) -> LaneHandle {
    let catalog = format!(
        r#"
        organisation = [{{ name = "医院" }}]
        business_type = [{{ name = "notice" }}]
        route_group = [{{ name = "all", members = ["carrier"] }}]
        route_rule = [{{ name = "all", group = "all" }}]
        [[connection]]
        name = "carrier"
        protocol = "cmpp2.0"
        host = "127.0.0.1"
        port = 9
        login = "900001"
        password = "secret"
        source_number = "10690000"
        rate_per_second = 10
        window = 16
        [[account]]
        name = "his"
        organisation = "医院"
        business_type = "notice"
        modules = {{ send = true, feeds = true }}
        connections = ["carrier"]
        webhook = {{ url = "http://127.0.0.1:{port}/events", secret = "0123456789abcdef0123456789abcdef" }}
        "#
    );
    let file = toml::from_str(&catalog).unwrap();
    let surroundings = Surroundings::new(folder.to_owned()).unwrap();
    let applied = resolve(&file, &Snapshot::default(), NextIds::default(), &surroundings).unwrap();
    let options = JournalOptions {
        volume_bytes: 1 << 20,
        ..JournalOptions::default()
    };
    let journal = EmbeddedJournal::open(&folder.join("journal"), options, Arc::new(RealFiles)).unwrap();
    let history = EmbeddedHistory::open(&folder.join("history"), HistoryOptions::default()).unwrap();
    let snapshot = applied.snapshot;
    start_node(
        NodeOptions::default(),
        snapshot,
        Arc::new(journal),
        Arc::new(history),
    )
    .unwrap()
    .0
}

/// Takes every event.
struct Receiver {
    port: u16,
    heard: Arc<Mutex<String>>,
}

impl Receiver {
    async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::<Mutex<String>>::default();
        let book = heard.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let book = book.clone();
                tokio::spawn(async move {
                    let mut buffer = vec![0; 64 * 1024];
                    while let Ok(bytes) = stream.read(&mut buffer).await
                        && bytes > 0
                    {
                        book.lock().push_str(&String::from_utf8_lossy(&buffer[..bytes]));
                        // Head and body may come apart: whoever sent the head alone gets no answer yet.
                        let ended = buffer[..bytes].ends_with(b"}");
                        if ended
                            && stream
                                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                                .await
                                .is_err()
                        {
                            return;
                        }
                    }
                });
            }
        });
        Receiver { port, heard }
    }

    fn heard(&self, reference: &str) -> bool {
        self.heard.lock().contains(reference)
    }
}
