//! The server's side of SMPP.

use super::bind::{BindRefusal, BindRequest, BindRole, Credential};
use super::config::ServerConfig;
use super::desk::{Desk, deliver_answered};
use super::event::{ServerEvent, SubmitKind, SubmitTag};
use super::smpp_deliver::SmppDeliver;
use super::{ending, smpp_submit};
use crate::session::link::Link;
use crate::session::reply::lossy;
use crate::session::smpp_content::Content;
use crate::session::smpp_refusal::{refusal_of_nack, refuse, refuse_unreadable};
use crate::session::{CloseReason, Protocol, SegmentId, SessionState};
use crate::smpp::{
    Bind, BindKind, BindResp, Header, INTERFACE_VERSION, Pdu, Request, Response, SubmitSm, TlvBuffer, status,
    tlv,
};
use crate::wire::until_nul;

#[derive(Default)]
pub(super) struct SmppServer {
    pub deliver: SmppDeliver,
    /// The bind that waits for its answer, and its sequence number.
    bind: Option<(BindKind, u32)>,
}

impl SmppServer {
    pub fn receive(&mut self, frame: &[u8], link: &mut Link, desk: &mut Desk, events: &mut Vec<ServerEvent>) {
        let Some((header, body)) = Header::split(frame) else {
            return;
        };
        let sequence = header.sequence;
        match Pdu::decode(header.command, body) {
            Ok(Pdu::Request(Request::SubmitSm(SubmitSm(message)))) => {
                let content = Content::of_short_message(&message);
                smpp_submit::submitted(header, SubmitKind::SubmitSm, &content, link, desk, events);
            }
            Ok(Pdu::Request(Request::DataSm(message))) => {
                let content = Content::of_data_sm(&message);
                smpp_submit::submitted(header, SubmitKind::DataSm, &content, link, desk, events);
            }
            Ok(Pdu::Request(Request::SubmitMulti(multi))) => {
                smpp_submit::submitted_multi(header, &multi, link, desk, events);
            }
            Ok(Pdu::Response(Response::DeliverSm(_) | Response::DataSm(_))) => {
                deliver_answered(sequence, header.status, link, events);
            }
            Ok(Pdu::Response(Response::GenericNack(_))) => {
                deliver_answered(sequence, refusal_of_nack(header.status), link, events);
            }
            Ok(Pdu::Request(Request::Bind(bind))) => self.binding(header, &bind, link, desk, events),
            Ok(Pdu::Response(Response::EnquireLink(_))) => {}
            Ok(Pdu::Request(Request::EnquireLink(_))) => link.answer_link_test(sequence),
            Ok(Pdu::Request(Request::Unbind(_))) => ending::unbound_by_peer(sequence, link, events),
            Ok(Pdu::Response(Response::Unbind(_))) => ending::unbind_answered(link, events),
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
        if !desk.awaits_bind(link) {
            link.ignored.commands += 1;
            refuse(header, status::ALYBND, link);
            return;
        }
        if !desk.config.protocols.contains(&Protocol::Smpp34) {
            refuse(header, status::BINDFAIL, link);
            ending::close(CloseReason::BindRefused, link, events);
            return;
        }
        self.bind = Some((bind.kind, header.sequence));
        self.deliver.takes_tlvs = bind.interface_version >= INTERFACE_VERSION;
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

    pub fn accept(&self, config: &ServerConfig, link: &mut Link) {
        let Some((kind, sequence)) = self.bind else {
            return;
        };
        let mut tlvs = TlvBuffer::default();
        if self.deliver.takes_tlvs {
            tlvs.push_u8(tlv::SC_INTERFACE_VERSION, INTERFACE_VERSION);
        }
        let system_id = until_nul(config.system_id.as_bytes());
        let system_id = &system_id[..system_id.len().min(15)];
        let resp = BindResp {
            kind,
            system_id,
            tlvs: tlvs.tlvs(),
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
        smpp_submit::respond(tag, answer, link);
    }
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
