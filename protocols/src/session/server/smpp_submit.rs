//! What a client of SMPP submits.

use super::desk::{Desk, Unwelcome};
use super::event::{ServerEvent, SubmitIn, SubmitKind, SubmitTag};
use crate::error::EncodeError;
use crate::session::SegmentId;
use crate::session::link::Link;
use crate::session::reply::lossy;
use crate::session::smpp_content::Content;
use crate::session::smpp_refusal::refuse;
use crate::smpp::{
    DataSmResp, Destination, Header, SubmitMulti, SubmitMultiResp, SubmitSmResp, Tlvs, UnsuccessfulList,
    status,
};
use crate::text;

/// A submit to one destination.
pub(super) fn submitted(
    header: Header,
    kind: SubmitKind,
    content: &Content<'_>,
    link: &mut Link,
    desk: &Desk,
    events: &mut Vec<ServerEvent>,
) {
    if admitted(header, link, desk) {
        let submit = submit_in(content, vec![lossy(content.destination.address)]);
        events.push(ServerEvent::Submit {
            tag: SubmitTag {
                sequence: header.sequence,
                kind,
            },
            submit,
        });
    }
}

/// A submit to many; distribution lists are unknown here.
pub(super) fn submitted_multi(
    header: Header,
    multi: &SubmitMulti<'_>,
    link: &mut Link,
    desk: &Desk,
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
    if admitted(header, link, desk) {
        let tag = SubmitTag {
            sequence: header.sequence,
            kind: SubmitKind::SubmitMulti,
        };
        let submit = submit_in(&Content::of_short_message(&multi.message), destinations);
        events.push(ServerEvent::Submit { tag, submit });
    }
}

pub(super) fn respond(tag: SubmitTag, response: Result<SegmentId, u32>, link: &mut Link) {
    let written = match response {
        Ok(SegmentId::Text(text)) => put_answer(tag, text.as_bytes(), link),
        Ok(SegmentId::Number(number)) => put_answer(tag, number.to_string().as_bytes(), link),
        Err(code) => return put_refusal(tag, code, link),
    };
    if written.is_err() {
        put_refusal(tag, status::SYSERR, link);
    }
}

fn admitted(header: Header, link: &mut Link, desk: &Desk) -> bool {
    match desk.admit_submit(link) {
        Ok(()) => return true,
        Err(Unwelcome::NotBound) => refuse(header, status::INVBNDSTS, link),
        Err(Unwelcome::BeyondWindow) => refuse(header, status::MSGQFUL, link),
    }
    false
}

fn submit_in(content: &Content<'_>, destinations: Vec<String>) -> SubmitIn {
    let (concatenation, payload) = content.split();
    let coding = content.coding();
    SubmitIn {
        source: lossy(content.source.address),
        destinations,
        coding,
        concatenation,
        payload: payload.to_vec(),
        receipt: content.registered_delivery & 0x03 != 0,
        service_id: lossy(content.service_type),
        text: text::decode(coding, payload),
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
