//! The client's side of SMPP.

use super::config::{ClientConfig, ConfigError};
use super::event::{ClientEvent, DeliverKind, DeliverTag};
use crate::concat;
use crate::error::{DecodeError, EncodeError, ascii};
use crate::session::link::Link;
use crate::session::reply::lossy;
use crate::session::smpp_content::Content;
use crate::session::smpp_refusal::{refuse, refuse_unreadable};
use crate::session::{CloseReason, Receipt, Reply, SegmentId, SessionState, Submit};
use crate::smpp::{
    Address, Bind, BindKind, BindResp, DataSm, DataSmResp, DeliverSm, DeliverSmResp, Header,
    INTERFACE_VERSION, Pdu, RESPONSE, ReceiptText, Request, Response, SHORT_MESSAGE_LIMIT, ShortMessage,
    SubmitSm, TlvBuffer, Tlvs, data_coding, esm_class, receipt_text, status, tlv,
};
use crate::text;
use crate::wire::until_nul;
use bytes::BytesMut;

#[derive(Debug)]
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
        if submit.concatenation.is_some_and(|part| !part.is_valid()) {
            return Err(EncodeError::unsupported("concatenation"));
        }
        let content = concat::join(submit.concatenation, submit.payload, &mut self.content);
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
        put_answer(tag, status, link);
    }

    pub fn receive(&mut self, frame: &[u8], link: &mut Link, events: &mut Vec<ClientEvent>) {
        let Some((header, body)) = Header::split(frame) else {
            return;
        };
        match Pdu::decode(header.command, body) {
            Ok(Pdu::Response(Response::SubmitSm(resp))) => submitted(header, resp.message_id, link, events),
            Ok(Pdu::Request(Request::DeliverSm(DeliverSm(message)))) => {
                let tag = DeliverTag {
                    sequence: header.sequence,
                    kind: DeliverKind::DeliverSm,
                };
                delivered(tag, &Content::of_short_message(&message), link, events);
            }
            Ok(Pdu::Request(Request::DataSm(message))) => {
                let tag = DeliverTag {
                    sequence: header.sequence,
                    kind: DeliverKind::DataSm,
                };
                delivered(tag, &Content::of_data_sm(&message), link, events);
            }
            Ok(Pdu::Response(Response::Bind(resp))) => bind_answered(header.status, &resp, link, events),
            Ok(Pdu::Response(Response::GenericNack(_))) => self.nacked(header, link, events),
            Ok(Pdu::Response(Response::EnquireLink(_))) => {}
            Ok(Pdu::Request(Request::EnquireLink(_))) => link.answer_link_test(header.sequence),
            Ok(Pdu::Request(Request::Unbind(_))) => {
                link.answer_unbind(header.sequence);
                events.push(ClientEvent::PeerUnbound);
                events.push(ClientEvent::Closed {
                    reason: CloseReason::PeerUnbound,
                });
            }
            Ok(Pdu::Response(Response::Unbind(_))) if link.state() == SessionState::Unbinding => {
                link.close();
                events.push(ClientEvent::Closed {
                    reason: CloseReason::Unbound,
                });
            }
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
        if link.state() == SessionState::Binding && header.sequence == self.bind_sequence {
            bind_refused(header.status, link, events);
            return;
        }
        let code = if header.status == status::OK {
            status::SYSERR
        } else {
            header.status
        };
        submitted(
            Header {
                status: code,
                ..header
            },
            b"",
            link,
            events,
        );
    }
}

fn bind_answered(status: u32, resp: &BindResp<'_>, link: &mut Link, events: &mut Vec<ClientEvent>) {
    if link.state() != SessionState::Binding {
        link.ignored.answers += 1;
        return;
    }
    if status != status::OK {
        bind_refused(status, link, events);
        return;
    }
    link.bound();
    let peer_version = resp.tlvs.find_u8(tlv::SC_INTERFACE_VERSION).unwrap_or(0);
    events.push(ClientEvent::Bound { peer_version });
}

fn bind_refused(code: u32, link: &mut Link, events: &mut Vec<ClientEvent>) {
    link.close();
    events.push(ClientEvent::BindRefused {
        code,
        reason: status::describe(code).0,
    });
    events.push(ClientEvent::Closed {
        reason: CloseReason::BindRefused,
    });
}

fn submitted(header: Header, message_id: &[u8], link: &mut Link, events: &mut Vec<ClientEvent>) {
    let Some(answered) = link.answered(header.sequence) else {
        return;
    };
    let (token, late) = (answered.token, answered.late);
    events.push(match header.status {
        status::OK => ClientEvent::Submitted {
            token,
            id: id(message_id),
            late,
        },
        code => ClientEvent::Rejected {
            token,
            code,
            class: status::describe(code).1,
            late,
        },
    });
}

fn delivered(tag: DeliverTag, content: &Content<'_>, link: &mut Link, events: &mut Vec<ClientEvent>) {
    if !link.is_open() {
        link.ignored.commands += 1;
        put_answer(tag, status::INVBNDSTS, link);
        return;
    }
    if !content.is_receipt() {
        events.push(ClientEvent::Reply {
            tag,
            reply: reply(content),
        });
        return;
    }
    match receipt(content) {
        Some(receipt) => events.push(ClientEvent::Receipt { tag, receipt }),
        None => {
            link.ignored.malformed += 1;
            put_answer(tag, status::X_P_APPN, link);
            let error = DecodeError::Short {
                field: "receipted_message_id",
            };
            events.push(ClientEvent::Refused {
                sequence: tag.sequence,
                error,
            });
        }
    }
}

/// `None` when it does not say which submit it speaks of. The id is that of the TLV first; the state that of the text, as
/// some SMSCs fill message_state wrongly.
fn receipt(content: &Content<'_>) -> Option<Receipt> {
    let in_words = content.words();
    let text = ReceiptText::decode(&in_words);
    let message_id = match content.tlvs.find(tlv::RECEIPTED_MESSAGE_ID) {
        Some(value) => until_nul(value),
        None => b"",
    };
    let message_id = if message_id.is_empty() {
        text.id
    } else {
        message_id
    };
    if message_id.is_empty() {
        return None;
    }
    let state = content
        .tlvs
        .find_u8(tlv::MESSAGE_STATE)
        .and_then(receipt_text::stat_of_state);
    let status = if text.stat.is_empty() {
        state.unwrap_or_default().to_owned()
    } else {
        lossy(text.stat)
    };
    let error = match content.tlvs.find(tlv::NETWORK_ERROR_CODE) {
        Some(&[_, high, low]) if text.err.is_empty() => u16::from_be_bytes([high, low]).to_string(),
        _ => lossy(text.err),
    };
    Some(Receipt {
        id: id(message_id),
        status,
        error,
        to: lossy(content.source.address),
        submit_time: lossy(text.submit_date),
        done_time: lossy(text.done_date),
    })
}

fn reply(content: &Content<'_>) -> Reply {
    let (concatenation, payload) = content.split();
    let coding = content.coding();
    Reply {
        from: lossy(content.source.address),
        to: lossy(content.destination.address),
        coding,
        payload: payload.to_vec(),
        concatenation,
        text: text::decode(coding, payload),
    }
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
            link.close();
            events.push(ClientEvent::Closed {
                reason: CloseReason::BindAnswer(error),
            });
        }
        // A submit whose answer cannot be read stays open: nobody knows what it said (UNC-1).
        _ => {}
    }
}

fn is_bind_resp(command: u32) -> bool {
    command & RESPONSE != 0 && BindKind::of_command(command).is_some()
}

fn put_answer(tag: DeliverTag, status: u32, link: &mut Link) {
    match tag.kind {
        DeliverKind::DeliverSm => link.put(|out| DeliverSmResp.encode(status, tag.sequence, out)),
        DeliverKind::DataSm => {
            let header = Header {
                command: DataSmResp::COMMAND,
                status,
                sequence: tag.sequence,
            };
            link.put(|out| header.put_plain(out, &[0]));
        }
        DeliverKind::Cmpp { .. } => {}
    }
}

fn id(message_id: &[u8]) -> SegmentId {
    SegmentId::Text(String::from_utf8_lossy(message_id).into())
}
