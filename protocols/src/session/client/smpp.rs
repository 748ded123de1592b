//! The client's side of SMPP.

use super::config::{ClientConfig, ConfigError};
use super::event::{ClientEvent, DeliverKind, DeliverTag};
use super::settle::settle;
use super::{ending, smpp_deliver};
use crate::concat;
use crate::error::{DecodeError, EncodeError, ascii};
use crate::session::link::Link;
use crate::session::smpp_content::Content;
use crate::session::smpp_refusal::{refusal_of_nack, refuse, refuse_unreadable};
use crate::session::{CloseReason, RejectClass, SegmentId, SessionState, Submit};
use crate::smpp::{
    Address, Bind, BindKind, BindResp, DataSm, DeliverSm, Header, INTERFACE_VERSION, Pdu, RESPONSE, Request,
    Response, SHORT_MESSAGE_LIMIT, ShortMessage, SubmitSm, TlvBuffer, Tlvs, data_coding, esm_class, status,
    tlv,
};
use bytes::BytesMut;

pub(super) struct SmppClient {
    bind_sequence: u32,
    /// A content under construction; kept for its memory.
    content: BytesMut,
    tlvs: TlvBuffer,
}

impl SmppClient {
    pub fn bind(config: ClientConfig, link: &mut Link) -> Result<Self, ConfigError> {
        let bind = Bind {
            kind: BindKind::Transceiver,
            system_id: ascii("system_id", &config.login)?,
            password: config.password.as_bytes(),
            system_type: ascii("system_type", &config.system_type)?,
            interface_version: INTERFACE_VERSION,
            addr_ton: 0,
            addr_npi: 0,
            address_range: b"",
        };
        let bind_sequence = link.take_sequence();
        link.put(|out| bind.encode(bind_sequence, out))?;
        Ok(Self {
            bind_sequence,
            content: BytesMut::new(),
            tlvs: TlvBuffer::default(),
        })
    }

    pub fn put_submit(
        &mut self,
        submit: &Submit<'_>,
        sequence: u32,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let content = concat::join(submit.concatenation, submit.payload, &mut self.content)?;
        let (short_message, tlvs) = if content.len() <= SHORT_MESSAGE_LIMIT {
            (content, Tlvs::default())
        } else {
            self.tlvs.clear();
            self.tlvs.push(tlv::MESSAGE_PAYLOAD, content)?;
            (&[][..], self.tlvs.tlvs())
        };
        SubmitSm(ShortMessage {
            service_type: ascii("service_type", submit.service_id)?,
            source: Address::service(ascii("source_addr", submit.source)?),
            destination: Address::international(ascii("destination_addr", submit.destination)?),
            esm_class: if submit.concatenation.is_some() {
                esm_class::HEADER
            } else {
                0
            },
            registered_delivery: submit.receipt.into(),
            data_coding: data_coding::data_coding_of(submit.coding)?,
            short_message,
            tlvs,
            ..ShortMessage::default()
        })
        .encode(sequence, out)
    }

    pub fn acknowledge(&self, tag: DeliverTag, ok: bool, link: &mut Link) {
        let status = if ok { status::OK } else { status::X_T_APPN };
        smpp_deliver::answer(tag, status, link);
    }

    pub fn receive(&mut self, frame: &[u8], link: &mut Link, events: &mut Vec<ClientEvent>) {
        let Some((header, body)) = Header::split(frame) else {
            return;
        };
        let sequence = header.sequence;
        match Pdu::decode(header.command, body) {
            Ok(Pdu::Response(Response::SubmitSm(resp))) => {
                settle(sequence, outcome(header.status, resp.message_id), link, events);
            }
            Ok(Pdu::Request(Request::DeliverSm(DeliverSm(message)))) => {
                let tag = DeliverTag {
                    sequence,
                    kind: DeliverKind::DeliverSm,
                };
                smpp_deliver::delivered(tag, &Content::of_short_message(&message), link, events);
            }
            Ok(Pdu::Request(Request::DataSm(message))) => {
                let tag = DeliverTag {
                    sequence,
                    kind: DeliverKind::DataSm,
                };
                smpp_deliver::delivered(tag, &Content::of_data_sm(&message), link, events);
            }
            Ok(Pdu::Response(Response::Bind(resp))) => bind_answered(header.status, &resp, link, events),
            Ok(Pdu::Response(Response::GenericNack(_))) => self.nacked(header, link, events),
            Ok(Pdu::Response(Response::EnquireLink(_))) => {}
            Ok(Pdu::Request(Request::EnquireLink(_))) => link.answer_link_test(sequence),
            Ok(Pdu::Request(Request::Unbind(_))) => ending::unbound_by_peer(sequence, link, events),
            Ok(Pdu::Response(Response::Unbind(_))) => ending::unbind_answered(link, events),
            Ok(Pdu::Request(Request::AlertNotification(_) | Request::Outbind(_)) | Pdu::Response(_)) => {
                link.ignored.commands += 1;
            }
            Ok(Pdu::Request(_)) => {
                link.ignored.commands += 1;
                refuse(header, status::INVBNDSTS, link);
            }
            Err(error) => malformed(header, error, link, events),
        }
    }

    fn nacked(&self, header: Header, link: &mut Link, events: &mut Vec<ClientEvent>) {
        let code = refusal_of_nack(header.status);
        if link.state() == SessionState::Binding && header.sequence == self.bind_sequence {
            ending::refuse_bind(code, status::describe(code).0, link, events);
            return;
        }
        settle(header.sequence, outcome(code, b""), link, events);
    }
}

fn outcome(status: u32, message_id: &[u8]) -> Result<SegmentId, (u32, RejectClass)> {
    match status {
        status::OK => Ok(smpp_deliver::segment_id(message_id)),
        code => Err((code, status::describe(code).1)),
    }
}

fn bind_answered(status: u32, resp: &BindResp<'_>, link: &mut Link, events: &mut Vec<ClientEvent>) {
    if link.state() != SessionState::Binding {
        link.ignored.answers += 1;
        return;
    }
    if status != status::OK {
        ending::refuse_bind(status, status::describe(status).0, link, events);
        return;
    }
    link.bound();
    let peer_version = resp.tlvs.find_u8(tlv::SC_INTERFACE_VERSION).unwrap_or(0);
    events.push(ClientEvent::Bound { peer_version });
}

fn malformed(header: Header, error: DecodeError, link: &mut Link, events: &mut Vec<ClientEvent>) {
    refuse_unreadable(header, error, link);
    match header.command {
        DeliverSm::COMMAND | DataSm::COMMAND => {
            events.push(ClientEvent::Refused {
                sequence: header.sequence,
                error,
            });
        }
        command if is_bind_resp(command) && link.state() == SessionState::Binding => {
            ending::close(CloseReason::BindAnswer(error), link, events);
        }
        // A submit whose answer cannot be read stays open: nobody knows what it said (UNC-1).
        _ => {}
    }
}

fn is_bind_resp(command: u32) -> bool {
    command & RESPONSE != 0 && BindKind::of_command(command).is_some()
}
