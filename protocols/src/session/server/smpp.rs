//! The server's side of SMPP.

use super::bind::{BindRefusal, BindRequest, BindRole, Credential};
use super::config::ServerConfig;
use super::event::{ServerEvent, SubmitIn, SubmitKind, SubmitTag};
use super::session::Desk;
use crate::concat;
use crate::error::{EncodeError, ascii};
use crate::session::link::Link;
use crate::session::reply::lossy;
use crate::session::smpp_content::Content;
use crate::session::smpp_refusal::{refuse, refuse_unreadable};
use crate::session::{
    CloseReason, Millis, Protocol, Receipt, ReplyOut, SegmentId, SessionState, SubmitError,
};
use crate::smpp::{
    Address, Bind, BindKind, BindResp, DataSmResp, DeliverSm, Destination, Header, INTERFACE_VERSION, Pdu,
    ReceiptText, Request, Response, SHORT_MESSAGE_LIMIT, ShortMessage, SubmitMulti, SubmitMultiResp,
    SubmitSm, SubmitSmResp, TlvBuffer, Tlvs, UnsuccessfulList, data_coding, esm_class, receipt_text, status,
    tlv,
};
use crate::text;
use crate::wire::until_nul;
use bytes::BytesMut;
use std::borrow::Cow;

#[derive(Debug, Default)]
pub(super) struct SmppServer {
    /// Of the bind that waits for its answer.
    bind: Option<(BindKind, u32)>,
    /// A content under construction; kept for its memory.
    content: BytesMut,
    tlvs: TlvBuffer,
}

impl SmppServer {
    pub fn receive(&mut self, frame: &[u8], link: &mut Link, desk: &mut Desk, events: &mut Vec<ServerEvent>) {
        let Some((header, body)) = Header::split(frame) else {
            return;
        };
        match Pdu::decode(header.command, body) {
            Ok(Pdu::Request(Request::SubmitSm(SubmitSm(message)))) => {
                let content = Content::of_short_message(&message);
                let destinations = vec![lossy(message.destination.address)];
                submitted(
                    header,
                    SubmitKind::SubmitSm,
                    &content,
                    destinations,
                    link,
                    desk,
                    events,
                );
            }
            Ok(Pdu::Request(Request::DataSm(message))) => {
                let content = Content::of_data_sm(&message);
                let destinations = vec![lossy(message.destination.address)];
                submitted(
                    header,
                    SubmitKind::DataSm,
                    &content,
                    destinations,
                    link,
                    desk,
                    events,
                );
            }
            Ok(Pdu::Request(Request::SubmitMulti(multi))) => {
                submitted_multi(header, &multi, link, desk, events)
            }
            Ok(Pdu::Response(Response::DeliverSm(_) | Response::DataSm(_))) => {
                desk.delivered(header.sequence, header.status, link, events);
            }
            Ok(Pdu::Response(Response::GenericNack(_))) => {
                let code = if header.status == status::OK {
                    status::SYSERR
                } else {
                    header.status
                };
                desk.delivered(header.sequence, code, link, events);
            }
            Ok(Pdu::Request(Request::Bind(bind))) => self.binding(header, &bind, link, desk, events),
            Ok(Pdu::Response(Response::EnquireLink(_))) => {}
            Ok(Pdu::Request(Request::EnquireLink(_))) => link.answer_link_test(header.sequence),
            Ok(Pdu::Request(Request::Unbind(_))) => {
                link.answer_unbind(header.sequence);
                events.push(ServerEvent::PeerUnbound);
                events.push(ServerEvent::Closed {
                    reason: CloseReason::PeerUnbound,
                });
            }
            Ok(Pdu::Response(Response::Unbind(_))) if link.state() == SessionState::Unbinding => {
                link.close();
                events.push(ServerEvent::Closed {
                    reason: CloseReason::Unbound,
                });
            }
            Ok(Pdu::Request(Request::AlertNotification(_) | Request::Outbind(_)) | Pdu::Response(_)) => {
                link.ignored.commands += 1;
            }
            Ok(Pdu::Request(request)) => {
                link.ignored.commands += 1;
                refuse(header, refusal_of(&request, link), link);
            }
            Err(error) => refuse_unreadable(header, error, link),
        }
    }

    fn binding(
        &mut self,
        header: Header,
        bind: &Bind<'_>,
        link: &mut Link,
        desk: &mut Desk,
        events: &mut Vec<ServerEvent>,
    ) {
        if link.state() != SessionState::Binding || desk.bind.is_some() {
            link.ignored.commands += 1;
            refuse(header, status::ALYBND, link);
            return;
        }
        if !desk.config.protocols.contains(&Protocol::Smpp34) {
            refuse(header, status::BINDFAIL, link);
            link.close();
            events.push(ServerEvent::Closed {
                reason: CloseReason::BindRefused,
            });
            return;
        }
        self.bind = Some((bind.kind, header.sequence));
        desk.bind = Some(BindRequest {
            login: lossy(bind.system_id),
            protocol: Protocol::Smpp34,
            version: bind.interface_version,
            role: match bind.kind {
                BindKind::Receiver => BindRole::Receiver,
                BindKind::Transmitter => BindRole::Transmitter,
                BindKind::Transceiver => BindRole::Transceiver,
            },
            system_type: lossy(bind.system_type),
            credential: Credential::Smpp {
                password: bind.password.to_vec(),
            },
        });
        events.push(ServerEvent::BindRequested);
    }

    pub fn accept(&mut self, request: &BindRequest, config: &ServerConfig, link: &mut Link) {
        let Some((kind, sequence)) = self.bind else {
            return;
        };
        self.tlvs.clear();
        if takes_tlvs(request) {
            self.tlvs.push_u8(tlv::SC_INTERFACE_VERSION, INTERFACE_VERSION);
        }
        let system_id = until_nul(config.system_id.as_bytes());
        let system_id = &system_id[..system_id.len().min(15)];
        let resp = BindResp {
            kind,
            system_id,
            tlvs: self.tlvs.tlvs(),
        };
        let written = link.put(|out| resp.encode(status::OK, sequence, out));
        debug_assert!(written.is_ok(), "the name was cut to its field");
    }

    pub fn refuse(&self, refusal: BindRefusal, link: &mut Link) {
        let Some((kind, sequence)) = self.bind else {
            return;
        };
        let status = match refusal {
            BindRefusal::UnknownLogin => status::INVSYSID,
            BindRefusal::WrongPassword => status::INVPASWD,
            BindRefusal::NotAllowed | BindRefusal::Version => status::BINDFAIL,
            BindRefusal::Unavailable => status::SYSERR,
        };
        refuse(
            Header {
                command: kind.command(),
                status: status::OK,
                sequence,
            },
            status,
            link,
        );
    }

    pub fn respond(&self, tag: SubmitTag, answer: Result<SegmentId, u32>, link: &mut Link) {
        let written = match &answer {
            Ok(SegmentId::Text(text)) => put_answer(tag, text.as_bytes(), link),
            Ok(SegmentId::Number(number)) => put_answer(tag, number.to_string().as_bytes(), link),
            Err(code) => {
                put_refusal(tag, *code, link);
                Ok(())
            }
        };
        if written.is_err() {
            put_refusal(tag, status::SYSERR, link);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the facade's arguments and the two parts of the session"
    )]
    pub fn deliver_receipt(
        &mut self,
        receipt: &Receipt,
        from: &str,
        to: &str,
        token: u64,
        now: Millis,
        link: &mut Link,
        desk: &Desk,
    ) -> Result<(), SubmitError> {
        let request = receiving(desk)?;
        let id: Cow<'_, str> = match &receipt.id {
            SegmentId::Text(text) => text.as_ref().into(),
            SegmentId::Number(number) => number.to_string().into(),
        };
        self.content.clear();
        self.tlvs.clear();
        ReceiptText {
            id: id.as_bytes(),
            submit_date: receipt.submit_time.as_bytes(),
            done_date: receipt.done_time.as_bytes(),
            stat: receipt.status.as_bytes(),
            err: if receipt.error.is_empty() {
                b"000"
            } else {
                receipt.error.as_bytes()
            },
        }
        .encode(&mut self.content);
        if takes_tlvs(request) {
            self.tlvs
                .push(tlv::RECEIPTED_MESSAGE_ID, &[id.as_bytes(), &[0]].concat())?;
            if let Some(state) = receipt_text::state_of_stat(&receipt.status) {
                self.tlvs.push_u8(tlv::MESSAGE_STATE, state);
            }
        }
        let message = DeliverSm(ShortMessage {
            source: Address::international(ascii("source_addr", from)?),
            destination: Address::service(ascii("destination_addr", to)?),
            esm_class: esm_class::DELIVERY_RECEIPT,
            short_message: &self.content,
            tlvs: self.tlvs.tlvs(),
            ..ShortMessage::default()
        });
        link.open_request(token, now, |sequence, out| message.encode(sequence, out))
    }

    pub fn deliver_reply(
        &mut self,
        reply: &ReplyOut<'_>,
        token: u64,
        now: Millis,
        link: &mut Link,
        desk: &Desk,
    ) -> Result<(), SubmitError> {
        let request = receiving(desk)?;
        let content = concat::join(reply.concatenation, reply.payload, &mut self.content);
        let mut short_message = content;
        self.tlvs.clear();
        if content.len() > SHORT_MESSAGE_LIMIT && takes_tlvs(request) {
            self.tlvs.push(tlv::MESSAGE_PAYLOAD, content)?;
            short_message = b"";
        }
        let message = DeliverSm(ShortMessage {
            service_type: ascii("service_type", reply.service_id)?,
            source: Address::international(ascii("source_addr", reply.from)?),
            destination: Address::service(ascii("destination_addr", reply.to)?),
            esm_class: if reply.concatenation.is_some() {
                esm_class::HEADER
            } else {
                0
            },
            data_coding: data_coding::data_coding_of(reply.coding)?,
            short_message,
            tlvs: self.tlvs.tlvs(),
            ..ShortMessage::default()
        });
        link.open_request(token, now, |sequence, out| message.encode(sequence, out))
    }
}

/// A peer of an older version must not be sent optional parameters.
fn takes_tlvs(request: &BindRequest) -> bool {
    request.version >= INTERFACE_VERSION
}

/// The client, if it takes what phones send.
fn receiving(desk: &Desk) -> Result<&BindRequest, SubmitError> {
    let receiving = desk
        .bind
        .as_ref()
        .filter(|request| request.role != BindRole::Transmitter);
    receiving.ok_or(SubmitError::NotBound)
}

fn submitted_multi(
    header: Header,
    multi: &SubmitMulti<'_>,
    link: &mut Link,
    desk: &mut Desk,
    events: &mut Vec<ServerEvent>,
) {
    let addresses = |destination| match destination {
        Destination::Address(address) => Some(lossy(address.address)),
        Destination::DistributionList(_) => None,
    };
    let Some(destinations) = multi.destinations.iter().map(addresses).collect() else {
        link.ignored.commands += 1;
        refuse(header, status::INVDLNAME, link);
        return;
    };
    let content = Content::of_short_message(&multi.message);
    submitted(
        header,
        SubmitKind::SubmitMulti,
        &content,
        destinations,
        link,
        desk,
        events,
    );
}

fn submitted(
    header: Header,
    kind: SubmitKind,
    content: &Content<'_>,
    destinations: Vec<String>,
    link: &mut Link,
    desk: &mut Desk,
    events: &mut Vec<ServerEvent>,
) {
    let submits = desk
        .bind
        .as_ref()
        .is_some_and(|request| request.role != BindRole::Receiver);
    if link.state() != SessionState::Bound || !submits {
        link.ignored.commands += 1;
        refuse(header, status::INVBNDSTS, link);
        return;
    }
    if !desk.take_submit(link) {
        refuse(header, status::MSGQFUL, link);
        return;
    }
    let (concatenation, payload) = content.split();
    let coding = content.coding();
    let submit = SubmitIn {
        source: lossy(content.source.address),
        destinations,
        coding,
        concatenation,
        payload: payload.to_vec(),
        receipt: content.registered_delivery & 0x03 != 0,
        service_id: lossy(content.service_type),
        text: text::decode(coding, payload),
    };
    events.push(ServerEvent::Submit {
        tag: SubmitTag {
            sequence: header.sequence,
            kind,
        },
        submit,
    });
}

fn refusal_of(request: &Request<'_>, link: &Link) -> u32 {
    match request {
        _ if link.state() != SessionState::Bound => status::INVBNDSTS,
        // What was taken is on its way: it can be neither looked up nor changed here.
        Request::QuerySm(_) => status::QUERYFAIL,
        Request::CancelSm(_) => status::CANCELFAIL,
        Request::ReplaceSm(_) => status::REPLACEFAIL,
        _ => status::INVBNDSTS,
    }
}

fn put_answer(tag: SubmitTag, message_id: &[u8], link: &mut Link) -> Result<(), EncodeError> {
    let sequence = tag.sequence;
    link.put(|out| match tag.kind {
        SubmitKind::SubmitMulti => {
            let unsuccessful = UnsuccessfulList::List(&[]);
            SubmitMultiResp {
                message_id,
                unsuccessful,
            }
            .encode(status::OK, sequence, out)
        }
        SubmitKind::DataSm => DataSmResp {
            message_id,
            tlvs: Tlvs::default(),
        }
        .encode(status::OK, sequence, out),
        SubmitKind::SubmitSm | SubmitKind::Cmpp => {
            SubmitSmResp { message_id }.encode(status::OK, sequence, out)
        }
    })
}

fn put_refusal(tag: SubmitTag, status: u32, link: &mut Link) {
    let command = match tag.kind {
        SubmitKind::SubmitMulti => SubmitMultiResp::COMMAND,
        SubmitKind::DataSm => DataSmResp::COMMAND,
        SubmitKind::SubmitSm | SubmitKind::Cmpp => SubmitSmResp::COMMAND,
    };
    link.put(|out| {
        Header {
            command,
            status,
            sequence: tag.sequence,
        }
        .put_empty(out)
    });
}
