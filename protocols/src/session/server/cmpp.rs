//! The server's side of CMPP.

use super::bind::{BindRefusal, BindRequest, BindRole, Credential};
use super::cmpp_deliver::CmppDeliver;
use super::config::ServerConfig;
use super::desk::{Desk, deliver_answered};
use super::event::{ServerEvent, SubmitTag};
use super::{cmpp_submit, ending};
use crate::cmpp::{
    Cancel, CancelResp, Connect, ConnectResp, ConnectStatus, Header, Pdu, Request, Response, Submit, Version,
    auth, result,
};
use crate::error::DecodeError;
use crate::session::link::Link;
use crate::session::reply::lossy;
use crate::session::{CloseReason, Protocol, SegmentId};

pub(super) struct CmppServer {
    pub deliver: CmppDeliver,
    /// The highest version accepted, which every answer to a CONNECT tells.
    highest: Version,
    /// Of the CONNECT that waits for its answer.
    connect_sequence: u32,
}

impl CmppServer {
    pub fn new(config: &ServerConfig) -> Self {
        let highest = if config.protocols.contains(&Protocol::Cmpp30) {
            Version::V30
        } else {
            Version::V20
        };
        Self {
            deliver: CmppDeliver::new(highest),
            highest,
            connect_sequence: 0,
        }
    }

    pub fn receive(&mut self, frame: &[u8], link: &mut Link, desk: &mut Desk, events: &mut Vec<ServerEvent>) {
        let Some((header, body)) = Header::split(frame) else {
            return;
        };
        let (sequence, version) = (header.sequence, self.deliver.version);
        match Pdu::decode(header.command, body, version) {
            Ok(Pdu::Request(Request::Submit(submit))) => {
                cmpp_submit::submitted(sequence, &submit, version, link, desk, events);
            }
            Ok(Pdu::Response(Response::Deliver(resp))) => {
                deliver_answered(sequence, resp.result, link, events)
            }
            Ok(Pdu::Request(Request::Connect(connect))) => {
                self.connect(sequence, &connect, link, desk, events)
            }
            Ok(Pdu::Response(Response::ActiveTest(_))) => {}
            Ok(Pdu::Request(Request::ActiveTest(_))) => link.answer_link_test(sequence),
            Ok(Pdu::Request(Request::Cancel(_))) => self.refuse_cancel(sequence, link),
            Ok(Pdu::Request(Request::Terminate(_))) => ending::unbound_by_peer(sequence, link, events),
            Ok(Pdu::Response(Response::Terminate(_))) => ending::unbind_answered(link, events),
            // QUERY is optional, and its response has no way to say that nobody counts here.
            Ok(_) | Err(DecodeError::Command { .. }) => link.ignored.commands += 1,
            Err(error) => self.malformed(header, error, link, desk, events),
        }
    }

    fn connect(
        &mut self,
        sequence: u32,
        connect: &Connect<'_>,
        link: &mut Link,
        desk: &mut Desk,
        events: &mut Vec<ServerEvent>,
    ) {
        if !desk.awaits_bind(link) {
            link.ignored.commands += 1;
            self.answer_connect(sequence, ConnectStatus::Other, [0; 16], link);
            return;
        }
        // The client reads the answer in the layout of its own version, a refusal too.
        self.deliver.version = if connect.version >= 0x30 {
            Version::V30
        } else {
            Version::V20
        };
        self.connect_sequence = sequence;
        let protocol = Version::of_octet(connect.version).map(protocol);
        let Some(protocol) = protocol.filter(|protocol| desk.config.protocols.contains(protocol)) else {
            // Minor versions are no reason to refuse: 2.1 has the layout of 2.0.
            let too_high = connect.version >> 4 > self.highest.octet() >> 4;
            let status = if too_high {
                ConnectStatus::VersionTooHigh
            } else {
                ConnectStatus::Other
            };
            self.answer_connect(sequence, status, [0; 16], link);
            ending::close(CloseReason::BindRefused, link, events);
            return;
        };
        desk.bind = Some(BindRequest {
            login: lossy(connect.source_address),
            protocol,
            version: connect.version,
            role: BindRole::Transceiver,
            system_type: String::new(),
            credential: Credential::Cmpp {
                authenticator: connect.authenticator,
                timestamp: connect.timestamp,
            },
        });
        events.push(ServerEvent::BindRequested);
    }

    pub fn accept(&self, bind: &BindRequest, secret: &str, link: &mut Link) {
        let Credential::Cmpp { authenticator, .. } = &bind.credential else {
            return;
        };
        let status: &[u8] = match self.deliver.version {
            Version::V20 => &[0],
            Version::V30 => &[0; 4],
        };
        let authenticator = auth::ismg(status, authenticator, secret.as_bytes());
        self.answer_connect(self.connect_sequence, ConnectStatus::Ok, authenticator, link);
    }

    pub fn refuse(&self, refusal: BindRefusal, link: &mut Link) {
        let status = match refusal {
            BindRefusal::UnknownLogin => ConnectStatus::SourceAddress,
            BindRefusal::WrongPassword => ConnectStatus::Authentication,
            BindRefusal::Version => ConnectStatus::VersionTooHigh,
            BindRefusal::NotAllowed | BindRefusal::Unavailable => ConnectStatus::Other,
        };
        self.answer_connect(self.connect_sequence, status, [0; 16], link);
    }

    pub fn respond(&self, tag: SubmitTag, answer: Result<SegmentId, u32>, link: &mut Link) {
        cmpp_submit::respond(tag, answer, self.deliver.version, link);
    }

    fn malformed(
        &self,
        header: Header,
        error: DecodeError,
        link: &mut Link,
        desk: &Desk,
        events: &mut Vec<ServerEvent>,
    ) {
        link.ignored.malformed += 1;
        let sequence = header.sequence;
        match header.command {
            Submit::COMMAND => {
                let result = result::of_decode_error(error);
                cmpp_submit::answer(sequence, Err(result), self.deliver.version, link);
            }
            Cancel::COMMAND => self.refuse_cancel(sequence, link),
            Connect::COMMAND if desk.awaits_bind(link) => {
                self.answer_connect(sequence, ConnectStatus::Structure, [0; 16], link);
                ending::close(CloseReason::BindRefused, link, events);
            }
            _ => {}
        }
    }

    /// What was taken is on its way: nothing can be cancelled here.
    fn refuse_cancel(&self, sequence: u32, link: &mut Link) {
        link.put(|out| CancelResp { success_id: 1 }.encode(sequence, self.deliver.version, out));
    }

    fn answer_connect(&self, sequence: u32, status: ConnectStatus, authenticator: [u8; 16], link: &mut Link) {
        let resp = ConnectResp {
            status: status as u32,
            authenticator,
            version: self.highest.octet(),
        };
        link.put(|out| resp.encode(sequence, self.deliver.version, out));
    }
}

fn protocol(version: Version) -> Protocol {
    match version {
        Version::V20 => Protocol::Cmpp20,
        Version::V30 => Protocol::Cmpp30,
    }
}
