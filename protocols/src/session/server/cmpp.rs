//! The server's side of CMPP.

use super::bind::{BindRefusal, BindRequest, BindRole, Credential};
use super::config::ServerConfig;
use super::event::{ServerEvent, SubmitIn, SubmitKind, SubmitTag};
use super::session::Desk;
use crate::cmpp::{
    Cancel, CancelResp, Connect, ConnectResp, ConnectStatus, Deliver, Header, Pdu, Report, Request, Response,
    Submit, SubmitResp, Version, auth, format, result,
};
use crate::concat;
use crate::error::{DecodeError, EncodeError, ascii};
use crate::session::link::Link;
use crate::session::reply::{lossy, open_content};
use crate::session::{
    CloseReason, Millis, Protocol, Receipt, ReplyOut, SegmentId, SessionState, SubmitError,
};
use crate::text;
use bytes::BytesMut;

#[derive(Debug)]
pub(super) struct CmppServer {
    /// The highest version accepted, which every answer to a CONNECT tells.
    highest: Version,
    /// Of the CONNECT that waits for its answer.
    connect_sequence: u32,
    /// A content under construction; kept for its memory.
    content: BytesMut,
}

impl CmppServer {
    pub fn new(config: &ServerConfig) -> Self {
        let highest = if config.protocols.contains(&Protocol::Cmpp30) {
            Version::V30
        } else {
            Version::V20
        };
        Self {
            highest,
            connect_sequence: 0,
            content: BytesMut::new(),
        }
    }

    pub fn receive(&mut self, frame: &[u8], link: &mut Link, desk: &mut Desk, events: &mut Vec<ServerEvent>) {
        let Some((header, body)) = Header::split(frame) else {
            return;
        };
        match Pdu::decode(header.command, body, version(link)) {
            Ok(Pdu::Request(Request::Submit(submit))) => {
                submitted(header.sequence, &submit, link, desk, events)
            }
            Ok(Pdu::Response(Response::Deliver(resp))) => {
                desk.delivered(header.sequence, resp.result, link, events);
            }
            Ok(Pdu::Request(Request::Connect(connect))) => {
                self.connect(header.sequence, &connect, link, desk, events);
            }
            Ok(Pdu::Response(Response::ActiveTest(_))) => {}
            Ok(Pdu::Request(Request::ActiveTest(_))) => link.answer_link_test(header.sequence),
            Ok(Pdu::Request(Request::Cancel(_))) => refuse_cancel(header.sequence, link),
            Ok(Pdu::Request(Request::Terminate(_))) => {
                link.answer_unbind(header.sequence);
                events.push(ServerEvent::PeerUnbound);
                events.push(ServerEvent::Closed {
                    reason: CloseReason::PeerUnbound,
                });
            }
            Ok(Pdu::Response(Response::Terminate(_))) if link.state() == SessionState::Unbinding => {
                link.close();
                events.push(ServerEvent::Closed {
                    reason: CloseReason::Unbound,
                });
            }
            // QUERY is optional, and its response has no way to say that nobody counts here.
            Ok(_) | Err(DecodeError::Command { .. }) => link.ignored.commands += 1,
            Err(error) => self.malformed(header, error, link, events),
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
        if link.state() != SessionState::Binding || desk.bind.is_some() {
            link.ignored.commands += 1;
            self.put_refusal(sequence, ConnectStatus::Other, link);
            return;
        }
        // The client reads the answer in the layout of its own version.
        link.protocol = if connect.version >= 0x30 {
            Protocol::Cmpp30
        } else {
            Protocol::Cmpp20
        };
        self.connect_sequence = sequence;
        let spoken = Version::of_octet(connect.version).map(protocol);
        if !spoken.is_some_and(|spoken| desk.config.protocols.contains(&spoken)) {
            // Minor versions are no reason to refuse: 2.1 has the layout of 2.0.
            let too_high = connect.version >> 4 > self.highest.octet() >> 4;
            let status = if too_high {
                ConnectStatus::VersionTooHigh
            } else {
                ConnectStatus::Other
            };
            self.put_refusal(sequence, status, link);
            link.close();
            events.push(ServerEvent::Closed {
                reason: CloseReason::BindRefused,
            });
            return;
        }
        desk.bind = Some(BindRequest {
            login: lossy(connect.source_address),
            protocol: link.protocol,
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

    fn malformed(&self, header: Header, error: DecodeError, link: &mut Link, events: &mut Vec<ServerEvent>) {
        link.ignored.malformed += 1;
        match header.command {
            Submit::COMMAND => put_answer(header.sequence, 0, result::of_decode_error(error), link),
            Cancel::COMMAND => refuse_cancel(header.sequence, link),
            Connect::COMMAND if link.state() == SessionState::Binding => {
                self.put_refusal(header.sequence, ConnectStatus::Structure, link);
                link.close();
                events.push(ServerEvent::Closed {
                    reason: CloseReason::BindRefused,
                });
            }
            _ => {}
        }
    }

    pub fn accept(&self, bind: &BindRequest, secret: &str, link: &mut Link) {
        let Credential::Cmpp { authenticator, .. } = &bind.credential else {
            return;
        };
        let version = version(link);
        let status: &[u8] = match version {
            Version::V20 => &[0],
            Version::V30 => &[0; 4],
        };
        let resp = ConnectResp {
            status: ConnectStatus::Ok as u32,
            authenticator: auth::ismg(status, authenticator, secret.as_bytes()),
            version: self.highest.octet(),
        };
        link.put(|out| resp.encode(self.connect_sequence, version, out));
    }

    pub fn refuse(&self, refusal: BindRefusal, link: &mut Link) {
        let status = match refusal {
            BindRefusal::UnknownLogin => ConnectStatus::SourceAddress,
            BindRefusal::WrongPassword => ConnectStatus::Authentication,
            BindRefusal::Version => ConnectStatus::VersionTooHigh,
            BindRefusal::NotAllowed | BindRefusal::Unavailable => ConnectStatus::Other,
        };
        self.put_refusal(self.connect_sequence, status, link);
    }

    fn put_refusal(&self, sequence: u32, status: ConnectStatus, link: &mut Link) {
        let resp = ConnectResp {
            status: status as u32,
            authenticator: [0; 16],
            version: self.highest.octet(),
        };
        let version = version(link);
        link.put(|out| resp.encode(sequence, version, out));
    }

    pub fn respond(&self, tag: SubmitTag, answer: Result<SegmentId, u32>, link: &mut Link) {
        let number = answer.and_then(|id| match id {
            SegmentId::Number(number) => Ok(number),
            SegmentId::Text(text) => text.parse().map_err(|_| result::OTHER),
        });
        match number {
            Ok(message_id) => put_answer(tag.sequence, message_id, result::OK, link),
            Err(code) => put_answer(tag.sequence, 0, code, link),
        }
    }

    pub fn deliver_receipt(
        &mut self,
        receipt: &Receipt,
        from: &str,
        to: &str,
        token: u64,
        now: Millis,
        link: &mut Link,
    ) -> Result<(), SubmitError> {
        let version = version(link);
        link.open_request(token, now, |sequence, out| {
            let SegmentId::Number(message_id) = receipt.id else {
                return Err(EncodeError::unsupported("Msg_Id"));
            };
            self.content.clear();
            Report {
                message_id,
                stat: receipt.status.as_bytes(),
                submit_time: receipt.submit_time.as_bytes(),
                done_time: receipt.done_time.as_bytes(),
                dest_terminal_id: receipt.to.as_bytes(),
                smsc_sequence: sequence,
            }
            .encode(version, &mut self.content)?;
            Deliver {
                message_id: token,
                dest_id: ascii("Dest_Id", to)?,
                service_id: b"",
                tp_pid: 0,
                tp_udhi: 0,
                msg_fmt: 0,
                src_terminal_id: ascii("Src_terminal_Id", from)?,
                src_terminal_type: 0,
                registered_delivery: 1,
                content: &self.content,
                link_id: b"",
            }
            .encode(sequence, version, out)
        })
    }

    pub fn deliver_reply(
        &mut self,
        reply: &ReplyOut<'_>,
        token: u64,
        now: Millis,
        link: &mut Link,
    ) -> Result<(), SubmitError> {
        let version = version(link);
        link.open_request(token, now, |sequence, out| {
            let content = concat::join(reply.concatenation, reply.payload, &mut self.content);
            let msg_fmt = format::format_of(reply.coding);
            format::check_length(msg_fmt, content)?;
            Deliver {
                message_id: token,
                dest_id: ascii("Dest_Id", reply.to)?,
                service_id: ascii("Service_Id", reply.service_id)?,
                tp_pid: 0,
                tp_udhi: reply.concatenation.is_some().into(),
                msg_fmt,
                src_terminal_id: ascii("Src_terminal_Id", reply.from)?,
                src_terminal_type: 0,
                registered_delivery: 0,
                content,
                link_id: b"",
            }
            .encode(sequence, version, out)
        })
    }
}

fn submitted(
    sequence: u32,
    submit: &Submit<'_>,
    link: &mut Link,
    desk: &mut Desk,
    events: &mut Vec<ServerEvent>,
) {
    if link.state() != SessionState::Bound {
        link.ignored.commands += 1;
        put_answer(sequence, 0, result::COMMAND, link);
        return;
    }
    if !desk.take_submit(link) {
        put_answer(sequence, 0, result::FLOW_CONTROL, link);
        return;
    }
    let (concatenation, payload) = open_content(format::has_header(submit.tp_udhi), submit.content);
    let coding = format::coding_of(submit.msg_fmt);
    let submit = SubmitIn {
        source: lossy(submit.src_id.trim_ascii()),
        destinations: submit
            .destinations
            .iter()
            .map(|number| lossy(number.trim_ascii()))
            .collect(),
        coding,
        concatenation,
        payload: payload.to_vec(),
        receipt: submit.registered_delivery == 1,
        service_id: lossy(submit.service_id),
        text: text::decode(coding, payload),
    };
    events.push(ServerEvent::Submit {
        tag: SubmitTag {
            sequence,
            kind: SubmitKind::Cmpp,
        },
        submit,
    });
}

fn put_answer(sequence: u32, message_id: u64, result: u32, link: &mut Link) {
    let version = version(link);
    link.put(|out| SubmitResp { message_id, result }.encode(sequence, version, out));
}

/// What was taken is on its way: nothing can be cancelled here.
fn refuse_cancel(sequence: u32, link: &mut Link) {
    let version = version(link);
    link.put(|out| CancelResp { success_id: 1 }.encode(sequence, version, out));
}

/// The layout of this connection: the client's, once it has told it.
fn version(link: &Link) -> Version {
    link.protocol.cmpp().unwrap_or(Version::V20)
}

fn protocol(version: Version) -> Protocol {
    match version {
        Version::V20 => Protocol::Cmpp20,
        Version::V30 => Protocol::Cmpp30,
    }
}
