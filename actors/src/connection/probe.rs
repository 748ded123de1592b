//! A session beside the others, to see what the carrier says to the settings.

use super::actor::timestamp;
use super::encode;
use crate::mail;
use carillon_domain::catalog::Connection;
use carillon_domain::plan::ChannelKind;
use carillon_domain::time::UnixMs;
use carillon_protocols::session::{ClientEvent, ClientSession, CloseReason};
use std::io;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at};

/// The longest a test takes as a whole.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(15);

/// Bytes read in one go; a bind's answer is far shorter.
const READ_BYTES: usize = 4_096;

/// What a carrier says while it sends other things, before the answer that is waited for.
const READS_MAX: usize = 256;

/// What came of a test, step by step; the last one is the one that failed, if one did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeReport {
    pub steps: Vec<ProbeStep>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeStep {
    /// `connect`, `bind`, `unbind` …
    pub name: &'static str,
    pub passed: bool,
    /// What the carrier answered: its code, and what that means.
    pub answer: String,
    pub took: Duration,
}

impl ProbeReport {
    pub fn passed(&self) -> bool {
        self.steps.iter().all(|step| step.passed)
    }
}

/// Connects, binds and unbinds by `config`; a mail relay is greeted and asked for a sign of life. What a carrier delivers meanwhile is refused, so that it comes again by a
/// session that records it.
pub async fn probe(config: &Connection, now: UnixMs) -> ProbeReport {
    if config.kind() == ChannelKind::Mail {
        return probe_relay(config).await;
    }
    let mut probe = Probe {
        begun: Instant::now(),
        steps: Vec::new(),
    };
    let end = tokio::time::Instant::now() + PROBE_TIMEOUT;
    let mut name = "connect";
    let outcome = match timeout_at(end, probe.all(config, timestamp(now), &mut name)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(late()),
    };
    if let Err(reason) = outcome {
        probe.step(name, false, reason);
    }
    ProbeReport { steps: probe.steps }
}

async fn probe_relay(config: &Connection) -> ProbeReport {
    let begun = Instant::now();
    let steps = match timeout(PROBE_TIMEOUT, mail::probe(config)).await {
        Ok(steps) => steps
            .into_iter()
            .map(|step| ProbeStep {
                name: step.step,
                passed: step.ok,
                answer: step.detail,
                took: Duration::from_millis(step.ms),
            })
            .collect(),
        Err(_) => vec![ProbeStep {
            name: "relay",
            passed: false,
            answer: late(),
            took: begun.elapsed(),
        }],
    };
    ProbeReport { steps }
}

fn late() -> String {
    format!("no answer within {} s", PROBE_TIMEOUT.as_secs())
}

struct Probe {
    /// The step under way.
    begun: Instant,
    steps: Vec<ProbeStep>,
}

impl Probe {
    async fn all(
        &mut self,
        config: &Connection,
        timestamp: u32,
        name: &mut &'static str,
    ) -> Result<(), String> {
        let settings = encode::client_config(config).ok_or("the protocol is no carrier's")?;
        let address = (config.host.as_str(), config.port);
        let mut stream = TcpStream::connect(address).await.map_err(words)?;
        let peer = stream.peer_addr().map_err(words)?;
        self.step(name, true, format!("connected to {peer}"));

        *name = "bind";
        let begun = Instant::now();
        let mut session = ClientSession::new(settings, timestamp, 0).map_err(|error| error.to_string())?;
        let version = loop {
            match next(&mut session, &mut stream, begun).await? {
                ClientEvent::Bound { peer_version } => break peer_version,
                ClientEvent::BindRefused { code, reason } => {
                    return Err(format!("refused with status {code}: {reason}"));
                }
                ClientEvent::Closed { reason } => return Err(reason.to_string()),
                _ => {}
            }
        };
        self.step(
            name,
            true,
            format!("status 0: bound; the carrier's version is 0x{version:02X}"),
        );

        *name = "unbind";
        session.unbind(millis_since(begun));
        loop {
            match next(&mut session, &mut stream, begun).await? {
                ClientEvent::Closed {
                    reason: CloseReason::Unbound,
                } => break,
                ClientEvent::Closed { reason } => return Err(reason.to_string()),
                _ => {}
            }
        }
        self.step(name, true, "answered".to_owned());
        Ok(())
    }

    fn step(&mut self, name: &'static str, passed: bool, answer: String) {
        self.steps.push(ProbeStep {
            name,
            passed,
            answer,
            took: self.begun.elapsed(),
        });
        self.begun = Instant::now();
    }
}

/// The next thing the carrier does that decides; everything before is seen to.
async fn next(
    session: &mut ClientSession,
    stream: &mut TcpStream,
    begun: Instant,
) -> Result<ClientEvent, String> {
    let mut buffer = [0; READ_BYTES];
    for _ in 0..READS_MAX {
        let output = session.output().split();
        stream.write_all(&output).await.map_err(words)?;
        let bytes = match stream.read(&mut buffer).await.map_err(words)? {
            0 => return Err("the carrier closed the connection without an answer".to_owned()),
            bytes => bytes,
        };
        let mut events = Vec::new();
        session.receive(&buffer[..bytes], millis_since(begun), &mut events);
        let mut decided = None;
        for event in events {
            match event {
                ClientEvent::Receipt { tag, .. } | ClientEvent::Reply { tag, .. } => {
                    session.acknowledge(tag, false);
                }
                event => decided = decided.or(Some(event)),
            }
        }
        if let Some(event) = decided {
            return Ok(event);
        }
    }
    Err("the carrier sends without end, but not the answer".to_owned())
}

fn millis_since(begun: Instant) -> u64 {
    begun.elapsed().as_millis() as u64
}

fn words(error: io::Error) -> String {
    error.to_string()
}
