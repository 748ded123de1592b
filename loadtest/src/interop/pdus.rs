//! `pdus`: a whole conversation between our two ends, without a socket, as one line of hexadecimal per PDU.

use super::exchange::{Exchange, SOURCE};
use crate::clock::{Clock, LocalTime};
use crate::sim::ProtocolName;
use anyhow::{Context, bail};
use bytes::Buf;
use carillon_protocols::session::{
    ClientConfig, ClientSession, DataCoding, Protocol, Receipt, ReplyOut, SegmentId, ServerConfig,
    ServerEvent, ServerSession, SessionState, SubmitIn, SubmitTag,
};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

/// Prints every PDU of a conversation in which all of a file's messages are submitted: "> HEX" from the client, "< HEX"
/// from the carrier, in the form that Wireshark's text2pcap reads.
#[derive(Debug, clap::Args)]
pub struct PduDump {
    #[arg(long)]
    protocol: ProtocolName,
    /// Lines of "number TAB text".
    #[arg(long)]
    messages: PathBuf,
}

const LINK_TEST_INTERVAL_MS: u64 = 10_000;
const SECRET: &str = "secret12";

pub fn dump_pdus(options: &PduDump) -> anyhow::Result<()> {
    let messages = std::fs::read_to_string(&options.messages)
        .with_context(|| format!("cannot read {}", options.messages.display()))?;
    let protocol = options.protocol.wire();
    let mut exchange = Exchange::new(&messages, protocol)?;
    let clock = Clock::start();
    let mut conversation = Conversation::new(protocol, LocalTime::of(clock.unix_us() / 1_000_000))?;
    conversation.run(&mut exchange)?;
    std::io::stdout()
        .lock()
        .write_all(conversation.lines.as_bytes())
        .context("cannot print")
}

struct Conversation {
    client: ClientSession,
    carrier: ServerSession,
    /// Time is made up: it moves only when neither side has anything to say.
    now: u64,
    time: LocalTime,
    last_id: u64,
    lines: String,
}

impl Conversation {
    fn new(protocol: Protocol, time: LocalTime) -> anyhow::Result<Self> {
        let client = ClientConfig {
            protocol,
            login: "901234".to_owned(),
            password: SECRET.to_owned(),
            window: 4,
            response_timeout: 60_000,
            link_test_interval: LINK_TEST_INTERVAL_MS,
            bind_timeout: 60_000,
            verify_peer: true,
            system_type: String::new(),
        };
        let carrier = ServerConfig {
            protocols: vec![protocol],
            window: 64,
            link_test_interval: LINK_TEST_INTERVAL_MS,
            response_timeout: 60_000,
            bind_timeout: 60_000,
            system_id: "carrier".to_owned(),
        };
        Ok(Conversation {
            client: ClientSession::new(client, time.connect_timestamp(), 0)?,
            carrier: ServerSession::new(carrier, 0),
            now: 0,
            time,
            last_id: 0,
            lines: String::new(),
        })
    }

    /// Until all is answered, both sides have tested the link, and the client has unbound.
    fn run(&mut self, exchange: &mut Exchange) -> anyhow::Result<()> {
        while self.client.state() != SessionState::Closed {
            exchange.submit(&mut self.client, self.now)?;
            let sent = self.carry_to_carrier()?;
            let received = self.carry_to_client(exchange)?;
            if sent || received {
                continue;
            }
            if !exchange.is_complete(1) {
                bail!("the conversation stands still: {}", exchange.summary());
            }
            if self.now > LINK_TEST_INTERVAL_MS {
                self.client.unbind(self.now);
            }
            self.now += LINK_TEST_INTERVAL_MS;
            self.client.tick(self.now, &mut Vec::new());
            self.carrier.tick(self.now, &mut Vec::new());
        }
        Ok(())
    }

    fn carry_to_carrier(&mut self) -> anyhow::Result<bool> {
        let bytes = self.client.output().split();
        write_lines(&mut self.lines, '>', &bytes)?;
        let mut events = Vec::new();
        self.carrier.receive(&bytes, self.now, &mut events);
        for event in events {
            match event {
                ServerEvent::BindRequested => self.carrier.accept_bind(SECRET, self.now),
                ServerEvent::Submit { tag, submit } => self.answer(tag, &submit)?,
                _ => {}
            }
        }
        Ok(!bytes.is_empty())
    }

    fn carry_to_client(&mut self, exchange: &mut Exchange) -> anyhow::Result<bool> {
        let bytes = self.carrier.output().split();
        write_lines(&mut self.lines, '<', &bytes)?;
        let mut events = Vec::new();
        self.client.receive(&bytes, self.now, &mut events);
        for event in events {
            exchange.apply(event, &mut self.client)?;
        }
        Ok(!bytes.is_empty())
    }

    /// Accepts a segment, reports it as delivered, and lets the phone of the first one answer.
    fn answer(&mut self, tag: SubmitTag, submit: &SubmitIn) -> anyhow::Result<()> {
        self.last_id += 1;
        let id = SegmentId::Number(self.last_id);
        let to = submit
            .destinations
            .first()
            .context("a submit without destination")?;
        self.carrier.respond_submit(tag, Ok(id.clone()));
        let time = self.time.receipt_form();
        let receipt = Receipt {
            id,
            status: "DELIVRD".into(),
            error: "000".into(),
            to: to.into(),
            submit_time: time.clone(),
            done_time: time,
        };
        self.carrier
            .deliver_receipt(&receipt, to, &submit.source, self.last_id, self.now)?;
        if self.last_id == 1 {
            let reply = ReplyOut {
                from: to,
                to: SOURCE,
                coding: DataCoding::Ucs2,
                payload: &[0x65, 0x36, 0x52, 0x30],
                concatenation: None,
                service_id: "",
            };
            self.carrier.deliver_reply(&reply, 0, self.now)?;
        }
        Ok(())
    }
}

/// Cuts a stream into PDUs; in every protocol the first four octets are the length of the whole PDU.
fn write_lines(lines: &mut String, direction: char, mut stream: &[u8]) -> anyhow::Result<()> {
    while stream.has_remaining() {
        let length = stream
            .first_chunk()
            .map_or(0, |octets| u32::from_be_bytes(*octets)) as usize;
        if length < 12 || length > stream.len() {
            bail!("what we write is not a row of PDUs");
        }
        let (pdu, rest) = stream.split_at(length);
        write!(lines, "{direction} ")?;
        for octet in pdu {
            write!(lines, "{octet:02x}")?;
        }
        lines.push('\n');
        stream = rest;
    }
    Ok(())
}
