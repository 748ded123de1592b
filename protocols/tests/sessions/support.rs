//! A client and a server session with a wire between them.

use bytes::Buf;
use carillon_protocols::session::*;

pub const PROTOCOLS: [Protocol; 3] = [Protocol::Cmpp20, Protocol::Cmpp30, Protocol::Smpp34];

pub const SECRET: &str = "secret08";

pub fn client_config(protocol: Protocol) -> ClientConfig {
    ClientConfig {
        protocol,
        login: "106900".into(),
        password: SECRET.into(),
        window: 4,
        response_timeout: 60_000,
        link_test_interval: 180_000,
        bind_timeout: 10_000,
        verify_peer: true,
        system_type: "GATEWAY".into(),
    }
}

pub fn server_config(protocol: Protocol) -> ServerConfig {
    ServerConfig {
        protocols: vec![protocol],
        window: 4,
        link_test_interval: 180_000,
        response_timeout: 60_000,
        bind_timeout: 10_000,
        system_id: "CARRIER".into(),
    }
}

pub const SUBMIT: Submit<'static> = Submit {
    source: "10690090",
    destination: "13800000001",
    coding: DataCoding::Ucs2,
    concatenation: None,
    payload: &[0x4f, 0x60, 0x59, 0x7d],
    receipt: true,
    service_id: "SVC",
};

pub struct Pair {
    pub client: ClientSession,
    pub server: ServerSession,
    pub now: Millis,
}

impl Pair {
    pub fn new(client: ClientConfig, server: ServerConfig) -> Self {
        Self {
            client: ClientSession::new(client, 301_000_000, 0).expect("a valid configuration"),
            server: ServerSession::new(server, 0),
            now: 0,
        }
    }

    /// Bound, with every event of that taken.
    pub fn bound(protocol: Protocol) -> Self {
        let mut pair = Self::new(client_config(protocol), server_config(protocol));
        assert_eq!(pair.at_server(), [ServerEvent::BindRequested]);
        pair.server.accept_bind(SECRET, 0);
        assert!(matches!(pair.at_client()[..], [ClientEvent::Bound { .. }]));
        pair
    }

    /// Carries what the client wrote.
    pub fn at_server(&mut self) -> Vec<ServerEvent> {
        let mut events = Vec::new();
        let bytes = take(self.client.output());
        self.server.receive(&bytes, self.now, &mut events);
        events
    }

    /// Carries what the server wrote.
    pub fn at_client(&mut self) -> Vec<ClientEvent> {
        let mut events = Vec::new();
        let bytes = take(self.server.output());
        self.client.receive(&bytes, self.now, &mut events);
        events
    }

    pub fn submit(&mut self, token: u64) -> Result<(), SubmitError> {
        self.client.submit(&SUBMIT, token, self.now)
    }

    /// Submits, and gives what the server needs for the answer.
    pub fn submitted(&mut self, token: u64) -> SubmitTag {
        self.submit(token).expect("a free slot");
        match &self.at_server()[..] {
            [ServerEvent::Submit { tag, .. }] => *tag,
            other => panic!("one submit expected, not {other:?}"),
        }
    }

    pub fn tick_client(&mut self, now: Millis) -> Vec<ClientEvent> {
        self.now = now;
        let mut events = Vec::new();
        self.client.tick(now, &mut events);
        events
    }

    pub fn tick_server(&mut self, now: Millis) -> Vec<ServerEvent> {
        self.now = now;
        let mut events = Vec::new();
        self.server.tick(now, &mut events);
        events
    }
}

/// Everything in an output, as a socket that takes all would.
pub fn take(output: &mut bytes::BytesMut) -> Vec<u8> {
    let bytes = output.to_vec();
    output.advance(bytes.len());
    bytes
}

pub fn receipt(id: SegmentId) -> Receipt {
    Receipt {
        id,
        status: "DELIVRD".into(),
        error: "".into(),
        to: "13800000001".into(),
        submit_time: "2503011200".into(),
        done_time: "2503011201".into(),
    }
}

pub fn tag_of(event: &ServerEvent) -> Option<SubmitTag> {
    match event {
        ServerEvent::Submit { tag, .. } => Some(*tag),
        _ => None,
    }
}

/// A link test from the peer, with the sequence number 10.
pub fn link_test(protocol: Protocol) -> Vec<u8> {
    match protocol {
        Protocol::Smpp34 => b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x0a".to_vec(),
        _ => b"\0\0\0\x0c\0\0\0\x08\0\0\0\x0a".to_vec(),
    }
}

/// A known PDU, in hexadecimal digits.
pub fn vector(protocol: &str, name: &str) -> String {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../vectors.json")).expect("valid JSON");
    let all = vectors.as_array().expect("a list");
    let found = all
        .iter()
        .find(|vector| vector["protocol"] == protocol && vector["name"] == name);
    found
        .and_then(|vector| vector["hex"].as_str())
        .expect("a known name")
        .to_owned()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|octet| format!("{octet:02x}")).collect()
}
