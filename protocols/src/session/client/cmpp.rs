//! The client's side of CMPP.

use super::config::{ClientConfig, ConfigError};
use super::event::{ClientEvent, DeliverKind, DeliverTag};
use crate::cmpp::{
    Connect, ConnectResp, ConnectStatus, Deliver, DeliverResp, Destinations, Header, Pdu, Report, Request,
    Response, Submit as CmppSubmit, SubmitResp, Version, auth, format, result,
};
use crate::concat;
use crate::error::{DecodeError, EncodeError, ascii};
use crate::session::link::Link;
use crate::session::reply::{lossy, open_content};
use crate::session::{CloseReason, Receipt, Reply, SegmentId, SessionState, Submit};
use crate::text;
use bytes::BytesMut;

#[derive(Debug)]
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

impl std::fmt::Debug for Expected {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Expected")
    }
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
        let content = concat::join(submit.concatenation, submit.payload, &mut self.content);
        let msg_fmt = format::format_of(submit.coding);
        format::check_length(msg_fmt, content)?;
        let (pk_total, pk_number) = submit
            .concatenation
            .map_or((1, 1), |part| (part.total, part.number));
        if pk_number == 0 || pk_number > pk_total {
            return Err(EncodeError::unsupported("Pk_number"));
        }
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
        // The only result that promises the gateway that trying again helps.
        let result = if ok { result::OK } else { result::FLOW_CONTROL };
        if let DeliverKind::Cmpp { message_id } = tag.kind {
            let resp = DeliverResp { message_id, result };
            link.put(|out| resp.encode(tag.sequence, self.version, out));
        }
    }

    pub fn receive(&mut self, frame: &[u8], link: &mut Link, events: &mut Vec<ClientEvent>) {
        let Some((header, body)) = Header::split(frame) else {
            return;
        };
        match Pdu::decode(header.command, body, self.version) {
            Ok(Pdu::Response(Response::Submit(resp))) => submitted(header.sequence, resp, link, events),
            Ok(Pdu::Request(Request::Deliver(deliver))) => self.delivered(header, &deliver, link, events),
            Ok(Pdu::Response(Response::Connect(resp))) => self.connected(resp, link, events),
            Ok(Pdu::Response(Response::ActiveTest(_))) => {}
            Ok(Pdu::Request(Request::ActiveTest(_))) => link.answer_link_test(header.sequence),
            Ok(Pdu::Request(Request::Terminate(_))) => {
                link.answer_unbind(header.sequence);
                events.push(ClientEvent::PeerUnbound);
                events.push(ClientEvent::Closed {
                    reason: CloseReason::PeerUnbound,
                });
            }
            Ok(Pdu::Response(Response::Terminate(_))) if link.state() == SessionState::Unbinding => {
                link.close();
                events.push(ClientEvent::Closed {
                    reason: CloseReason::Unbound,
                });
            }
            Ok(_) | Err(DecodeError::Command { .. }) => link.ignored.commands += 1,
            Err(error) => self.malformed(header, body, error, link, events),
        }
    }

    fn connected(&mut self, resp: ConnectResp, link: &mut Link, events: &mut Vec<ClientEvent>) {
        if link.state() != SessionState::Binding {
            link.ignored.answers += 1;
            return;
        }
        let ConnectResp {
            status,
            authenticator,
            version,
        } = resp;
        if status != ConnectStatus::Ok as u32 {
            link.close();
            events.push(ClientEvent::BindRefused {
                code: status,
                reason: ConnectStatus::describe(status),
            });
            events.push(ClientEvent::Closed {
                reason: CloseReason::BindRefused,
            });
            return;
        }
        let proven = self.expected.as_ref().is_none_or(|expected| {
            auth::verify_ismg(
                &authenticator,
                &expected.authenticator,
                expected.secret.as_bytes(),
            )
        });
        if !proven {
            link.close();
            events.push(ClientEvent::Closed {
                reason: CloseReason::PeerNotAuthenticated,
            });
            return;
        }
        link.bound();
        events.push(ClientEvent::Bound {
            peer_version: version,
        });
    }

    fn delivered(
        &self,
        header: Header,
        deliver: &Deliver<'_>,
        link: &mut Link,
        events: &mut Vec<ClientEvent>,
    ) {
        if !link.is_open() {
            link.ignored.commands += 1;
            self.refuse(header.sequence, deliver.message_id, result::COMMAND, link);
            return;
        }
        let tag = DeliverTag {
            sequence: header.sequence,
            kind: DeliverKind::Cmpp {
                message_id: deliver.message_id,
            },
        };
        if !deliver.is_report() {
            events.push(ClientEvent::Reply {
                tag,
                reply: reply(deliver),
            });
            return;
        }
        match Report::decode(deliver.content) {
            Ok(report) => events.push(ClientEvent::Receipt {
                tag,
                receipt: receipt(&report),
            }),
            Err(error) => {
                link.ignored.malformed += 1;
                self.refuse(header.sequence, deliver.message_id, result::STRUCTURE, link);
                events.push(ClientEvent::Refused {
                    sequence: header.sequence,
                    error,
                });
            }
        }
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
        match header.command {
            Deliver::COMMAND => {
                let message_id = body.first_chunk().map_or(0, |id| u64::from_be_bytes(*id));
                self.refuse(header.sequence, message_id, result::of_decode_error(error), link);
                events.push(ClientEvent::Refused {
                    sequence: header.sequence,
                    error,
                });
            }
            ConnectResp::COMMAND if link.state() == SessionState::Binding => {
                link.close();
                events.push(ClientEvent::Closed {
                    reason: CloseReason::BindAnswer(error),
                });
            }
            // A submit whose answer cannot be read stays open: nobody knows what it said (UNC-1).
            _ => {}
        }
    }

    fn refuse(&self, sequence: u32, message_id: u64, result: u32, link: &mut Link) {
        link.put(|out| DeliverResp { message_id, result }.encode(sequence, self.version, out));
    }
}

fn submitted(sequence: u32, resp: SubmitResp, link: &mut Link, events: &mut Vec<ClientEvent>) {
    let Some(answered) = link.answered(sequence) else {
        return;
    };
    let (token, late) = (answered.token, answered.late);
    events.push(match resp.result {
        result::OK => ClientEvent::Submitted {
            token,
            id: SegmentId::Number(resp.message_id),
            late,
        },
        code => ClientEvent::Rejected {
            token,
            code,
            class: result::describe(code).1,
            late,
        },
    });
}

fn receipt(report: &Report<'_>) -> Receipt {
    Receipt {
        id: SegmentId::Number(report.message_id),
        status: lossy(report.stat.trim_ascii()),
        error: String::new(),
        to: lossy(report.dest_terminal_id.trim_ascii()),
        submit_time: lossy(report.submit_time),
        done_time: lossy(report.done_time),
    }
}

fn reply(deliver: &Deliver<'_>) -> Reply {
    let (concatenation, payload) = open_content(format::has_header(deliver.tp_udhi), deliver.content);
    let coding = format::coding_of(deliver.msg_fmt);
    Reply {
        from: lossy(deliver.src_terminal_id.trim_ascii()),
        to: lossy(deliver.dest_id.trim_ascii()),
        coding,
        payload: payload.to_vec(),
        concatenation,
        text: text::decode(coding, payload),
    }
}
