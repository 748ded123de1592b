//! The client's side of CMPP.

use super::config::{ClientConfig, ConfigError};
use super::event::{ClientEvent, DeliverKind, DeliverTag};
use super::settle::settle;
use super::{cmpp_deliver, ending};
use crate::cmpp::{
    Connect, ConnectResp, ConnectStatus, Deliver, Destinations, Header, Pdu, Request, Response,
    Submit as CmppSubmit, SubmitResp, Version, auth, format, result,
};
use crate::concat;
use crate::error::{DecodeError, EncodeError, ascii};
use crate::session::link::Link;
use crate::session::{CloseReason, RejectClass, SegmentId, SessionState, Submit};
use bytes::BytesMut;

pub(super) struct CmppClient {
    version: Version,
    login: String,
    /// Kept only where the gateway's answer is to be verified.
    expected: Option<Expected>,
    /// A content under construction; kept for its memory.
    content: BytesMut,
}

struct Expected {
    authenticator: [u8; 16],
    secret: String,
}

impl CmppClient {
    pub fn bind(
        config: ClientConfig,
        version: Version,
        timestamp: u32,
        link: &mut Link,
    ) -> Result<Self, ConfigError> {
        let source_address = ascii("Source_Addr", &config.login)?;
        let authenticator = auth::source(source_address, config.password.as_bytes(), timestamp);
        let connect = Connect {
            source_address,
            authenticator,
            version: version.octet(),
            timestamp,
        };
        let sequence = link.take_sequence();
        link.put(|out| connect.encode(sequence, out))?;
        let expected = config.verify_peer.then_some(Expected {
            authenticator,
            secret: config.password,
        });
        Ok(Self {
            version,
            login: config.login,
            expected,
            content: BytesMut::new(),
        })
    }

    pub fn put_submit(
        &mut self,
        submit: &Submit<'_>,
        sequence: u32,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let content = concat::join(submit.concatenation, submit.payload, &mut self.content)?;
        let msg_fmt = format::format_of(submit.coding);
        format::check_length(msg_fmt, content)?;
        let (pk_total, pk_number) = submit
            .concatenation
            .map_or((1, 1), |part| (part.total, part.number));
        CmppSubmit {
            message_id: 0,
            pk_total,
            pk_number,
            registered_delivery: submit.receipt.into(),
            msg_level: 1,
            service_id: ascii("Service_Id", submit.service_id)?,
            fee_user_type: 2,
            fee_terminal_id: b"",
            fee_terminal_type: 0,
            tp_pid: 0,
            tp_udhi: submit.concatenation.is_some().into(),
            msg_fmt,
            msg_src: self.login.as_bytes(),
            fee_type: b"01",
            fee_code: b"000000",
            valid_time: b"",
            at_time: b"",
            src_id: ascii("Src_Id", submit.source)?,
            destinations: Destinations::List(&[ascii("Dest_terminal_Id", submit.destination)?]),
            dest_terminal_type: 0,
            content,
            link_id: b"",
        }
        .encode(sequence, self.version, out)
    }

    pub fn acknowledge(&self, tag: DeliverTag, ok: bool, link: &mut Link) {
        // Flow control is the only result that promises the gateway that trying again helps.
        let result = if ok { result::OK } else { result::FLOW_CONTROL };
        if let DeliverKind::Cmpp { message_id } = tag.kind {
            cmpp_deliver::answer(tag.sequence, message_id, result, self.version, link);
        }
    }

    pub fn receive(&mut self, frame: &[u8], link: &mut Link, events: &mut Vec<ClientEvent>) {
        let Some((header, body)) = Header::split(frame) else {
            return;
        };
        let sequence = header.sequence;
        match Pdu::decode(header.command, body, self.version) {
            Ok(Pdu::Response(Response::Submit(resp))) => settle(sequence, outcome(resp), link, events),
            Ok(Pdu::Request(Request::Deliver(deliver))) => {
                cmpp_deliver::delivered(sequence, &deliver, self.version, link, events);
            }
            Ok(Pdu::Response(Response::Connect(resp))) => self.connected(resp, link, events),
            Ok(Pdu::Response(Response::ActiveTest(_))) => {}
            Ok(Pdu::Request(Request::ActiveTest(_))) => link.answer_link_test(sequence),
            Ok(Pdu::Request(Request::Terminate(_))) => ending::unbound_by_peer(sequence, link, events),
            Ok(Pdu::Response(Response::Terminate(_))) => ending::unbind_answered(link, events),
            Ok(_) | Err(DecodeError::Command { .. }) => link.ignored.commands += 1,
            Err(error) => self.malformed(header, body, error, link, events),
        }
    }

    fn connected(&self, resp: ConnectResp, link: &mut Link, events: &mut Vec<ClientEvent>) {
        if link.state() != SessionState::Binding {
            link.ignored.answers += 1;
            return;
        }
        if resp.status != ConnectStatus::Ok as u32 {
            ending::refuse_bind(resp.status, ConnectStatus::describe(resp.status), link, events);
            return;
        }
        let proven = |expected: &Expected| {
            auth::verify_ismg(
                &resp.authenticator,
                &expected.authenticator,
                expected.secret.as_bytes(),
            )
        };
        if !self.expected.as_ref().is_none_or(proven) {
            ending::close(CloseReason::PeerNotAuthenticated, link, events);
            return;
        }
        link.bound();
        events.push(ClientEvent::Bound {
            peer_version: resp.version,
        });
    }

    fn malformed(
        &self,
        header: Header,
        body: &[u8],
        error: DecodeError,
        link: &mut Link,
        events: &mut Vec<ClientEvent>,
    ) {
        link.ignored.malformed += 1;
        let sequence = header.sequence;
        match header.command {
            Deliver::COMMAND => {
                let message_id = body.first_chunk().map_or(0, |id| u64::from_be_bytes(*id));
                cmpp_deliver::answer(
                    sequence,
                    message_id,
                    result::of_decode_error(error),
                    self.version,
                    link,
                );
                events.push(ClientEvent::Refused { sequence, error });
            }
            ConnectResp::COMMAND if link.state() == SessionState::Binding => {
                ending::close(CloseReason::BindAnswer(error), link, events);
            }
            // A submit whose answer cannot be read stays open: nobody knows what it said (UNC-1).
            _ => {}
        }
    }
}

fn outcome(resp: SubmitResp) -> Result<SegmentId, (u32, RejectClass)> {
    match resp.result {
        result::OK => Ok(SegmentId::Number(resp.message_id)),
        code => Err((code, result::describe(code).1)),
    }
}
