//! Whole sessions with a hostile peer: bytes as they are, PDUs in sound frames with any body, our own actions and time in any
//! order.

use super::vectors;
use crate::input::{Input, chunk};
use crate::{Memory, Target};
use carillon_protocols::session::{
    BindRefusal, ClientConfig, ClientEvent, ClientSession, DataCoding, DeliverTag, Millis, Protocol, Receipt,
    ReplyOut, SegmentId, ServerConfig, ServerEvent, ServerSession, SessionState, Submit, SubmitTag,
};
use std::collections::HashMap;

/// Answers of 16 octets to every frame of 12, events with their texts, and the frame that is not whole yet.
const MEMORY: Memory = Memory {
    fixed_bytes: 512 * 1024,
    per_input_byte: 128,
};
const WORDS: &[&str] = &[
    "\0\0\0\u{4}",
    "\0\0\0\u{5}",
    "\0\0\0\u{6}",
    "\0\0\0\u{15}",
    "DELIVRD",
    "106900",
];
const WINDOW: u16 = 4;
const SECRET: &str = "secret08";

/// The side that submits, against a hostile carrier.
pub static CLIENT_SESSION: Target = Target {
    name: "client_session",
    run: |input| Client::bound(Input::new(input)).run(),
    seeds,
    words: WORDS,
    memory: MEMORY,
    input_bytes_max: 8_000,
};

/// The side that is bound to, against a hostile client.
pub static SERVER_SESSION: Target = Target {
    name: "server_session",
    run: |input| Server::bound(Input::new(input)).run(),
    seeds,
    words: WORDS,
    memory: MEMORY,
    input_bytes_max: 8_000,
};

/// What happens next.
enum Step<'a> {
    /// From the peer.
    Bytes(Vec<u8>),
    Time(Millis),
    Act(u8, &'a [u8]),
}

/// A step of a number and its chunk.
fn step<'a>(input: &mut Input<'a>, protocol: Protocol) -> Step<'a> {
    let kind = input.byte();
    match kind % 8 {
        0 => Step::Bytes(input.chunk().to_vec()),
        1..=4 => Step::Bytes(framed(input, protocol)),
        5 => Step::Time(Millis::from(input.short()) * 10),
        _ => Step::Act(kind / 8, input.chunk()),
    }
}

/// A PDU in a sound frame: its command, status and sequence number in one octet each, its body as it comes.
fn framed(input: &mut Input<'_>, protocol: Protocol) -> Vec<u8> {
    let (kind, status, sequence, body) = (input.byte(), input.byte(), input.byte(), input.chunk());
    let command = u32::from(kind & 0x7f) | u32::from(kind & 0x80) << 24;
    let mut frame = vec![0; 4];
    frame.extend_from_slice(&command.to_be_bytes());
    if protocol == Protocol::Smpp34 {
        frame.extend_from_slice(&u32::from(status).to_be_bytes());
    }
    frame.extend_from_slice(&u32::from(sequence).to_be_bytes());
    frame.extend_from_slice(body);
    let length = u32::try_from(frame.len()).expect("a chunk is short");
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame
}

fn protocol(input: &mut Input<'_>) -> Protocol {
    [Protocol::Cmpp20, Protocol::Cmpp30, Protocol::Smpp34][usize::from(input.byte() % 3)]
}

fn client_session(protocol: Protocol) -> ClientSession {
    let config = ClientConfig {
        protocol,
        login: "106900".into(),
        password: SECRET.into(),
        window: WINDOW,
        response_timeout: 60_000,
        link_test_interval: 180_000,
        bind_timeout: 10_000,
        verify_peer: true,
        system_type: "GATEWAY".into(),
    };
    ClientSession::new(config, 301_000_000, 0).expect("a sound configuration")
}

fn server_session(protocol: Protocol) -> ServerSession {
    let config = ServerConfig {
        protocols: vec![protocol],
        window: WINDOW,
        link_test_interval: 180_000,
        response_timeout: 60_000,
        bind_timeout: 10_000,
        system_id: "CARRIER".into(),
    };
    ServerSession::new(config, 0)
}

/// Both ends, bound in order.
fn pair(protocol: Protocol) -> (ClientSession, ServerSession) {
    let (mut client, mut server) = (client_session(protocol), server_session(protocol));
    server.receive(&client.output().split(), 0, &mut Vec::new());
    server.accept_bind(SECRET, 0);
    client.receive(&server.output().split(), 0, &mut Vec::new());
    assert_eq!(client.state(), SessionState::Bound);
    (client, server)
}

struct Client<'a> {
    input: Input<'a>,
    protocol: Protocol,
    session: ClientSession,
    now: Millis,
    /// What became of each submit.
    answers: HashMap<u64, Answers>,
    tags: Vec<DeliverTag>,
    closed: bool,
}

#[derive(Default)]
struct Answers {
    answered: u8,
    timed_out: u8,
}

impl<'a> Client<'a> {
    fn bound(mut input: Input<'a>) -> Self {
        let protocol = protocol(&mut input);
        let binds = input.byte().is_multiple_of(4);
        let session = if binds {
            client_session(protocol)
        } else {
            pair(protocol).0
        };
        Client {
            input,
            protocol,
            session,
            now: 0,
            answers: HashMap::new(),
            tags: Vec::new(),
            closed: false,
        }
    }

    fn run(mut self) {
        while !self.input.is_empty() {
            let mut events = Vec::new();
            match step(&mut self.input, self.protocol) {
                Step::Bytes(bytes) => self.session.receive(&bytes, self.now, &mut events),
                Step::Time(by) => {
                    self.now += by;
                    self.session.tick(self.now, &mut events);
                }
                Step::Act(0..8, payload) => self.submit(payload),
                Step::Act(8..16, _) => {
                    if let Some(tag) = self.tags.pop() {
                        self.session.acknowledge(tag, true);
                    }
                }
                Step::Act(16..20, _) => self.session.unbind(self.now),
                Step::Act(window, _) => self.session.set_limits((window % WINDOW as u8).into(), 60_000),
            }
            events.into_iter().for_each(|event| self.take(event));
            assert!(self.session.in_flight() <= usize::from(WINDOW), "WIN-1");
            assert_eq!(self.session.open_submits().len(), self.session.in_flight());
            assert_eq!(self.closed, self.session.state() == SessionState::Closed);
            // As a socket that takes all would.
            self.session.output().clear();
        }
    }

    fn submit(&mut self, payload: &[u8]) {
        let submit = Submit {
            source: "10690090",
            destination: "13800000001",
            coding: DataCoding::Ucs2,
            concatenation: None,
            payload,
            receipt: true,
            service_id: "SVC",
        };
        let token = self.answers.len() as u64;
        let before = self.session.output_total();
        match self.session.submit(&submit, token, self.now) {
            Ok(()) => {
                self.answers.insert(token, Answers::default());
            }
            Err(_) => assert_eq!(self.session.output_total(), before, "nothing is written then"),
        }
    }

    fn take(&mut self, event: ClientEvent) {
        assert!(!self.closed, "nothing happens after the end: {event:?}");
        match event {
            ClientEvent::Submitted { token, late, .. } | ClientEvent::Rejected { token, late, .. } => {
                let answers = self.answers.get_mut(&token).expect("it was submitted");
                answers.answered += 1;
                assert_eq!((answers.answered, late), (1, answers.timed_out == 1));
            }
            ClientEvent::TimedOut { token } => {
                let answers = self.answers.get_mut(&token).expect("it was submitted");
                answers.timed_out += 1;
                assert_eq!((answers.answered, answers.timed_out), (0, 1));
            }
            ClientEvent::Receipt { tag, .. } | ClientEvent::Reply { tag, .. } => self.tags.push(tag),
            ClientEvent::Closed { .. } => self.closed = true,
            ClientEvent::Bound { .. }
            | ClientEvent::BindRefused { .. }
            | ClientEvent::Refused { .. }
            | ClientEvent::PeerUnbound => {}
        }
    }
}

struct Server<'a> {
    input: Input<'a>,
    protocol: Protocol,
    session: ServerSession,
    now: Millis,
    delivered: u64,
    settled: Vec<u64>,
    tags: Vec<SubmitTag>,
    closed: bool,
}

impl<'a> Server<'a> {
    fn bound(mut input: Input<'a>) -> Self {
        let protocol = protocol(&mut input);
        let binds = input.byte().is_multiple_of(4);
        let session = if binds {
            server_session(protocol)
        } else {
            pair(protocol).1
        };
        Server {
            input,
            protocol,
            session,
            now: 0,
            delivered: 0,
            settled: Vec::new(),
            tags: Vec::new(),
            closed: false,
        }
    }

    fn run(mut self) {
        while !self.input.is_empty() {
            let mut events = Vec::new();
            match step(&mut self.input, self.protocol) {
                Step::Bytes(bytes) => self.session.receive(&bytes, self.now, &mut events),
                Step::Time(by) => {
                    self.now += by;
                    self.session.tick(self.now, &mut events);
                }
                Step::Act(0..8, payload) => self.deliver(payload),
                Step::Act(8..16, text) => self.answer(text),
                Step::Act(16..20, _) => self.session.unbind(self.now),
                Step::Act(20..24, _) => {
                    let waited = self.session.bind_request().is_some();
                    let binding = self.session.state() == SessionState::Binding;
                    self.session.refuse_bind(BindRefusal::WrongPassword);
                    self.closed |= waited && binding;
                }
                Step::Act(..) => self.session.accept_bind(SECRET, self.now),
            }
            events.into_iter().for_each(|event| self.take(event));
            assert!(self.session.in_flight() <= usize::from(WINDOW), "WIN-1");
            assert_eq!(self.closed, self.session.state() == SessionState::Closed);
            self.session.output().clear();
        }
    }

    fn deliver(&mut self, payload: &[u8]) {
        let receipt = Receipt {
            id: SegmentId::Number(self.delivered),
            status: "DELIVRD".into(),
            error: "".into(),
            to: "13800000001".into(),
            submit_time: "2503011200".into(),
            done_time: "2503011201".into(),
        };
        let reply = ReplyOut {
            from: "13800000001",
            to: "10690090",
            coding: DataCoding::Ucs2,
            payload,
            concatenation: None,
            service_id: "SVC",
        };
        let (token, before) = (self.delivered, self.session.output_total());
        let delivered = if payload.is_empty() {
            self.session
                .deliver_receipt(&receipt, "13800000001", "10690090", token, self.now)
        } else {
            self.session.deliver_reply(&reply, token, self.now)
        };
        match delivered {
            Ok(()) => self.delivered += 1,
            Err(_) => assert_eq!(self.session.output_total(), before, "nothing is written then"),
        }
    }

    fn answer(&mut self, text: &[u8]) {
        let Some(tag) = self.tags.pop() else {
            return;
        };
        let answer = match text {
            [] => Ok(SegmentId::Number(7)),
            [code] => Err(u32::from(*code).max(1)),
            text => Ok(SegmentId::Text(String::from_utf8_lossy(text).into())),
        };
        self.session.respond_submit(tag, answer);
    }

    fn take(&mut self, event: ServerEvent) {
        assert!(!self.closed, "nothing happens after the end: {event:?}");
        match event {
            ServerEvent::Submit { tag, submit } => {
                assert!(!submit.destinations.is_empty());
                self.tags.push(tag);
                assert!(self.tags.len() <= usize::from(WINDOW), "WIN-1");
            }
            ServerEvent::DeliverAnswered { token, .. } | ServerEvent::DeliverTimedOut { token } => {
                assert!(
                    token < self.delivered && !self.settled.contains(&token),
                    "once: {token}"
                );
                self.settled.push(token);
            }
            ServerEvent::Closed { .. } => self.closed = true,
            ServerEvent::BindRequested | ServerEvent::PeerUnbound => {}
        }
    }
}

/// Every PDU of the test vectors by itself, between a submit and an answer, and with a long time behind it.
fn seeds() -> Vec<Vec<u8>> {
    let of_protocol = |number: u8, is_wanted: fn(&str) -> bool| {
        vectors::pdus(is_wanted).into_iter().flat_map(move |pdu| {
            let raw = chunk(&pdu);
            let act = |kind: u8, payload: &[u8]| [&[kind * 8 + 7], &chunk(payload)[..]].concat();
            let time = [5, 0xff, 0xff];
            [
                [&[number, 0, 0], &raw[..]].concat(),
                [
                    &[number, 1],
                    &act(0, b"\x4f\x60")[..],
                    &[0],
                    &raw,
                    &act(8, b""),
                    &time,
                    &act(16, b""),
                ]
                .concat(),
                framed_seed(number, &pdu),
            ]
        })
    };
    of_protocol(0, |protocol| protocol == "cmpp2.0")
        .chain(of_protocol(1, |protocol| protocol == "cmpp3.0"))
        .chain(of_protocol(2, |protocol| protocol == "smpp3.4"))
        .collect()
}

/// A submit, and the PDU as the answer to it, so that mutation keeps the frame sound.
fn framed_seed(number: u8, pdu: &[u8]) -> Vec<u8> {
    let header = if number == 2 { 16 } else { 12 };
    let kind = pdu[4] & 0x80 | pdu[7] & 0x7f;
    let act = [&[7], &chunk(b"\x4f\x60")[..]].concat();
    [&[number, 1], &act[..], &[1, kind, 0, 2], &chunk(&pdu[header..])].concat()
}
