//! Readers that hardly read, of every kind there is, beside a load as fast as it goes: whether anybody else notices.

use super::apply::API_KEY;
use super::catalog::Catalog;
use super::features::Receiver;
use super::outcome::RunError;
use super::place::Place;
use super::system::{CarrierPlan, System, SystemPlan};
use super::walls_phase::phase;
use super::walls_watch::subscribed;
use crate::judge::Tolerance;
use crate::ledger::Contract;
use crate::live::LiveError;
use crate::load::PatternSource;
use crate::sim::{Behaviour, ProtocolName};
use serde::Serialize;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

#[derive(Clone, Debug, Serialize)]
pub struct SlowReadersReport {
    /// The whole way, before, with and after the slow readers.
    pub messages_per_s: [f64; 3],
    /// With them, as a part of the mean without them.
    pub part_with: f64,
    /// The difference between the two without them, as a part of their mean: what means nothing.
    pub noise: f64,
    /// Slow readers that had been let go before the end of their phase.
    pub ended: usize,
    /// Events that the webhook has brought in the end, and messages accepted.
    pub webhook_events: u64,
    pub accepted: u64,
    pub clean: bool,
}

const SOCKETS: usize = 20;
const PULLS: usize = 8;
/// A byte of an answer is read so often.
const BYTE_EVERY: Duration = Duration::from_millis(50);
const RECEIVE_BUFFER_BYTES: u32 = 4_096;
const WEBHOOK_MS: u64 = 2_000;
/// Less is more than noise, whatever runs beside.
const PART_LEAST: f64 = 0.6;
const SESSIONS: u32 = 4;
const BIND_PATIENCE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
const QUIET: Duration = Duration::from_millis(1_500);

/// Three phases of `seconds` each.
pub async fn slow_readers(seconds: u64, place: &Place) -> Result<SlowReadersReport, RunError> {
    let receiver = Receiver::start().await.map_err(RunError::File)?;
    let mut system = System::start(SystemPlan {
        catalog: Some(Catalog {
            webhook: Some(receiver.address),
            ..Catalog::default()
        }),
        ..SystemPlan::new(vec![carrier()], 1, place)
    })
    .await?;
    system.bound(SESSIONS.into(), BIND_PATIENCE).await?;
    tokio::time::sleep(QUIET).await;
    let (address, headers) = (system.server.address(), system.server.operator_headers().await?);
    let mut fastest = Fastest {
        system: &system,
        source: PatternSource::new(0, u64::MAX, 0, 1_000),
        seconds,
        accepted: 0,
    };
    let before = fastest.run("before").await?;
    receiver.delay_ms.store(WEBHOOK_MS, Ordering::Relaxed);
    let mut readers = JoinSet::new();
    (0..SOCKETS).for_each(|_| drop(readers.spawn(never_reads(address, headers.clone()))));
    (0..PULLS).for_each(|_| drop(readers.spawn(reads_slowly(address))));
    let with = fastest.run("with").await?;
    let ended = ended(&mut readers);
    readers.shutdown().await;
    receiver.delay_ms.store(0, Ordering::Relaxed);
    let after = fastest.run("after").await?;
    let accepted = fastest.accepted;
    let start = Instant::now();
    let events = || receiver.events.load(Ordering::Relaxed);
    while events() < accepted && start.elapsed() < PATIENCE {
        tokio::time::sleep(POLL).await;
    }
    let judgement = system.settle(PATIENCE).await?.judge(Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    });
    let without = (before + after) / 2.0;
    Ok(SlowReadersReport {
        messages_per_s: [before, with, after],
        part_with: with / without,
        noise: (before - after).abs() / without,
        ended,
        webhook_events: events(),
        accepted,
        clean: judgement.is_clean() && judgement.ended_unsent == 0,
    })
}

impl SlowReadersReport {
    pub fn is_good(&self) -> bool {
        self.clean && self.part_with >= PART_LEAST && self.webhook_events >= self.accepted
    }
}

/// As fast as it goes, one phase after the other.
struct Fastest<'s> {
    system: &'s System,
    source: PatternSource,
    seconds: u64,
    accepted: u64,
}

impl Fastest<'_> {
    /// Messages per second until the last receipt; nothing is left for the next phase.
    async fn run(&mut self, name: &str) -> Result<f64, RunError> {
        let start = Instant::now();
        let phase = phase(self.system, f64::INFINITY, self.seconds, name, &mut self.source).await?;
        self.accepted += phase.load.accepted;
        self.system.wait_closed(self.accepted, PATIENCE).await;
        Ok(phase.load.accepted as f64 / start.elapsed().as_secs_f64())
    }
}

/// A screen that says what it wants to see, and then does not look.
async fn never_reads(address: SocketAddr, headers: String) -> Result<(), LiveError> {
    let _socket = subscribed(address, &headers).await?;
    std::future::pending().await
}

/// A caller that pulls a long page and takes it byte by byte.
async fn reads_slowly(address: SocketAddr) -> Result<(), LiveError> {
    let read = async {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        let mut stream = socket.connect(address).await?;
        let request = format!(
            "GET /v1/receipts?limit=1000 HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {API_KEY}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut byte = [0];
        while stream.read(&mut byte).await? > 0 {
            tokio::time::sleep(BYTE_EVERY).await;
        }
        Ok::<_, io::Error>(())
    };
    Ok(read.await?)
}

fn ended(readers: &mut JoinSet<Result<(), LiveError>>) -> usize {
    let mut ended = 0;
    while let Some(result) = readers.try_join_next() {
        if let Ok(Err(error)) = result {
            eprintln!("a slow reader was let go: {error}");
        }
        ended += 1;
    }
    ended
}

fn carrier() -> CarrierPlan {
    CarrierPlan {
        name: "carrier-a",
        protocol: ProtocolName::Cmpp20,
        contract: Contract {
            rate_per_second: 100_000,
            window: 128,
            sessions: SESSIONS,
        },
        behaviour: Behaviour::default(),
        listening: true,
    }
}
