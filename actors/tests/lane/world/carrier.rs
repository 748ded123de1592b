use carillon_domain::catalog::{Compiled, Protocol as Configured};
use carillon_domain::fact::CarrierId;
use carillon_domain::ids::ConnectionId;
use carillon_domain::time::{Monotonic, Now};
use carillon_protocols::session::{
    BindRefusal, DataCoding, Protocol, Receipt, ReplyOut, SegmentId, ServerConfig, ServerEvent,
    ServerSession, SubmitIn, SubmitTag,
};
use rand::RngExt;
use rand::rngs::SmallRng;
use std::time::Duration;

/// How a carrier behaves; changed by tests while it runs.
#[derive(Clone, Debug)]
pub struct Behaviour {
    pub reachable: bool,
    /// Takes requests and never answers.
    pub silent: bool,
    pub latency: Duration,
    pub receipt_after: Duration,
    /// Share of receipts that come before the response.
    pub receipts_first: f64,
    /// Share of receipts that come twice.
    pub receipts_twice: f64,
    /// Share of requests refused with the protocol's "slow down".
    pub throttled: f64,
    pub rejected: f64,
    pub undelivered: f64,
    /// Share of writes of which only a part arrives before the session is cut.
    pub torn_writes: f64,
    /// No receipts at all.
    pub mute: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour {
            reachable: true,
            silent: false,
            latency: Duration::from_millis(10),
            receipt_after: Duration::from_millis(100),
            receipts_first: 0.0,
            receipts_twice: 0.0,
            throttled: 0.0,
            rejected: 0.0,
            undelivered: 0.0,
            torn_writes: 0.0,
            mute: false,
        }
    }
}

/// What all carriers saw: the truth.
#[derive(Debug, Default)]
pub struct Ledger {
    pub entries: Vec<LedgerEntry>,
}

#[derive(Clone, Debug)]
pub struct LedgerEntry {
    pub connection: ConnectionId,
    pub at: Monotonic,
    pub from: String,
    /// The payload; with the part number it names the segment.
    pub payload: Vec<u8>,
    pub part: u8,
    pub taken: bool,
}

impl LedgerEntry {
    /// The payload as the UCS-2 text it is in these tests.
    pub fn text(&self) -> String {
        let units: Vec<u16> = self
            .payload
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    }
}

pub struct Carrier {
    pub behaviour: Behaviour,
    pub wires: Vec<Option<Wire>>,
    id: ConnectionId,
    protocol: Protocol,
    password: String,
    binds: usize,
    due: Vec<(Monotonic, Act)>,
    next_id: u64,
}

pub struct Wire {
    epoch: u32,
    server: ServerSession,
}

enum Act {
    Answer {
        slot: usize,
        epoch: u32,
        tag: SubmitTag,
        answer: Result<SegmentId, u32>,
    },
    Deliver(Delivery),
}

/// What a carrier has for its client.
#[derive(Clone)]
enum Delivery {
    Receipt { receipt: Receipt, to: String },
    Reply { from: String, to: String, text: String },
}

impl Carrier {
    pub fn new(id: ConnectionId, catalog: &Compiled) -> Self {
        let config = &catalog.snapshot().connections[&id];
        Carrier {
            behaviour: Behaviour::default(),
            wires: (0..config.sessions).map(|_| None).collect(),
            id,
            protocol: match config.protocol {
                Configured::Cmpp20 => Protocol::Cmpp20,
                Configured::Cmpp30 => Protocol::Cmpp30,
                Configured::Smpp34 => Protocol::Smpp34,
                Configured::Smtp => unreachable!("a mail relay is no carrier"),
            },
            password: config.password.reveal().to_owned(),
            binds: 0,
            due: Vec::new(),
            next_id: u64::from(id.0) << 32,
        }
    }

    pub fn connect(&mut self, slot: usize, epoch: u32, now: Now) -> bool {
        if !self.behaviour.reachable {
            return false;
        }
        let config = ServerConfig {
            protocols: vec![self.protocol],
            window: 64,
            link_test_interval: 0,
            response_timeout: 60_000,
            bind_timeout: 5_000,
            system_id: "carrier".into(),
        };
        self.wires[slot] = Some(Wire {
            epoch,
            server: ServerSession::new(config, millis(now)),
        });
        true
    }

    /// Takes so many sessions at least.
    pub fn grow(&mut self, sessions: u8) {
        while self.wires.len() < usize::from(sessions) {
            self.wires.push(None);
        }
    }

    /// Binds that it took so far.
    pub fn binds(&self) -> usize {
        self.binds
    }

    /// The shared secret is another one from now on; sessions that are bound stay.
    pub fn change_password(&mut self, password: &str) {
        self.password = password.to_owned();
    }

    pub fn epoch(&self, slot: usize) -> Option<u32> {
        self.wires[slot].as_ref().map(|wire| wire.epoch)
    }

    pub fn cut(&mut self, slot: usize) -> Option<u32> {
        self.wires[slot].take().map(|wire| wire.epoch)
    }

    pub fn drop_wires(&mut self) {
        self.wires.iter_mut().for_each(|wire| *wire = None);
    }

    /// The id of the segment that came last.
    pub fn last_id(&self) -> CarrierId {
        match self.protocol {
            Protocol::Smpp34 => CarrierId::Text(format!("id-{}", self.next_id).into()),
            _ => CarrierId::Number(self.next_id),
        }
    }

    /// A receipt of the test's own making, as soon as a session is bound.
    pub fn send_receipt(&mut self, id: &CarrierId, to: &str, status: &str, now: Now) {
        let receipt = receipt(segment_id(id), to, status);
        let to = String::new();
        self.due
            .push((now.monotonic, Act::Deliver(Delivery::Receipt { receipt, to })));
    }

    /// A message from a phone, as soon as a session is bound.
    pub fn send_reply(&mut self, from: &str, to: &str, text: &str, now: Now) {
        let reply = Delivery::Reply {
            from: from.into(),
            to: to.into(),
            text: text.into(),
        };
        self.due.push((now.monotonic, Act::Deliver(reply)));
    }

    pub fn take_output(&mut self, slot: usize) -> Option<(u32, Vec<u8>)> {
        let wire = self.wires[slot].as_mut()?;
        let output = wire.server.output();
        (!output.is_empty()).then(|| (wire.epoch, output.split().to_vec()))
    }

    pub fn hear(&mut self, slot: usize, bytes: &[u8], now: Now, rng: &mut SmallRng, ledger: &mut Ledger) {
        let Some(wire) = self.wires[slot].as_mut() else {
            return;
        };
        let mut events = Vec::new();
        wire.server.receive(bytes, millis(now), &mut events);
        let epoch = wire.epoch;
        for event in events {
            match event {
                ServerEvent::BindRequested => {
                    let wire = self.wires[slot].as_mut().expect("it just spoke");
                    let bind = wire.server.bind_request().expect("a bind was requested");
                    if !bind.verify(&self.password) {
                        wire.server.refuse_bind(BindRefusal::WrongPassword);
                        continue;
                    }
                    self.binds += 1;
                    let password = self.password.clone();
                    wire.server.accept_bind(&password, millis(now));
                }
                ServerEvent::Submit { tag, submit } => {
                    self.submitted(slot, epoch, tag, submit, now, rng, ledger)
                }
                _ => {}
            }
        }
    }

    /// Does everything that is due.
    pub fn act(&mut self, now: Now, rng: &mut SmallRng, _ledger: &mut Ledger) {
        if self.behaviour.silent {
            return;
        }
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.due)
            .into_iter()
            .partition(|(at, _)| *at <= now.monotonic);
        self.due = later;
        for (_, act) in due {
            match act {
                Act::Answer {
                    slot,
                    epoch,
                    tag,
                    answer,
                } => {
                    if let Some(wire) = self.wires[slot].as_mut().filter(|wire| wire.epoch == epoch) {
                        wire.server.respond_submit(tag, answer);
                    }
                }
                Act::Deliver(delivery) => self.deliver(delivery, now, rng),
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one event with everything it may touch")]
    fn submitted(
        &mut self,
        slot: usize,
        epoch: u32,
        tag: SubmitTag,
        submit: SubmitIn,
        now: Now,
        rng: &mut SmallRng,
        ledger: &mut Ledger,
    ) {
        let behaviour = self.behaviour.clone();
        let dice: f64 = rng.random();
        let refusal = if dice < behaviour.throttled {
            Some(if self.protocol == Protocol::Smpp34 {
                0x58
            } else {
                8
            })
        } else if dice < behaviour.throttled + behaviour.rejected {
            Some(if self.protocol == Protocol::Smpp34 {
                0x0B
            } else {
                13
            })
        } else {
            None
        };
        let undelivered = rng.random_bool(behaviour.undelivered);
        let status = if undelivered { "UNDELIV" } else { "DELIVRD" };
        ledger.entries.push(LedgerEntry {
            connection: self.id,
            at: now.monotonic,
            from: submit.source.clone(),
            payload: submit.payload,
            part: submit.concatenation.map_or(1, |part| part.number),
            taken: refusal.is_none(),
        });
        self.next_id += 1;
        let id = segment_id(&self.last_id());
        let answer_at = now.monotonic + behaviour.latency;
        let answer = refusal.map_or(Ok(id.clone()), Err);
        self.due.push((
            answer_at,
            Act::Answer {
                slot,
                epoch,
                tag,
                answer,
            },
        ));
        if refusal.is_some() || behaviour.mute || !submit.receipt {
            return;
        }
        let receipt = Delivery::Receipt {
            receipt: receipt(id, &submit.destinations[0], status),
            to: submit.source,
        };
        let receipt_at = if rng.random_bool(behaviour.receipts_first) {
            now.monotonic
        } else {
            answer_at + behaviour.receipt_after
        };
        if rng.random_bool(behaviour.receipts_twice) {
            let again = receipt_at + Duration::from_millis(rng.random_range(0..500));
            self.due.push((again, Act::Deliver(receipt.clone())));
        }
        self.due.push((receipt_at, Act::Deliver(receipt)));
    }

    /// By any session that is bound; later when there is none.
    fn deliver(&mut self, delivery: Delivery, now: Now, rng: &mut SmallRng) {
        let start = rng.random_range(0..self.wires.len());
        for offset in 0..self.wires.len() {
            let slot = (start + offset) % self.wires.len();
            let Some(wire) = self.wires[slot].as_mut() else {
                continue;
            };
            if delivery.put(&mut wire.server, now) {
                return;
            }
        }
        self.due
            .push((now.monotonic + Duration::from_millis(50), Act::Deliver(delivery)));
    }
}

impl Delivery {
    /// `false` when the session takes nothing now.
    fn put(&self, server: &mut ServerSession, now: Now) -> bool {
        match self {
            Delivery::Receipt { receipt, to } => {
                server.deliver_receipt(receipt, &receipt.to, to, 0, millis(now))
            }
            Delivery::Reply { from, to, text } => {
                let payload: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
                let reply = ReplyOut {
                    from,
                    to,
                    coding: DataCoding::Ucs2,
                    payload: &payload,
                    concatenation: None,
                    service_id: "",
                };
                server.deliver_reply(&reply, 0, millis(now))
            }
        }
        .is_ok()
    }
}

fn segment_id(id: &CarrierId) -> SegmentId {
    match id {
        CarrierId::Number(number) => SegmentId::Number(*number),
        CarrierId::Text(text) => SegmentId::Text(text.clone().into()),
    }
}

fn receipt(id: SegmentId, to: &str, status: &str) -> Receipt {
    Receipt {
        id,
        status: status.into(),
        error: "".into(),
        to: to.into(),
        submit_time: "2601010000".into(),
        done_time: "2601010000".into(),
    }
}

fn millis(now: Now) -> u64 {
    now.monotonic.0.as_millis() as u64
}
