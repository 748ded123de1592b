//! What a client of CMPP submits.

use super::desk::{Desk, Unwelcome};
use super::event::{ServerEvent, SubmitIn, SubmitKind, SubmitTag};
use crate::cmpp::{Submit, SubmitResp, Version, format, result};
use crate::session::SegmentId;
use crate::session::link::Link;
use crate::session::reply::{lossy, open_content};
use crate::text;

pub(super) fn submitted(
    sequence: u32,
    submit: &Submit<'_>,
    version: Version,
    link: &mut Link,
    desk: &Desk,
    events: &mut Vec<ServerEvent>,
) {
    match desk.admit_submit(link) {
        Ok(()) => {
            let tag = SubmitTag {
                sequence,
                kind: SubmitKind::Cmpp,
            };
            events.push(ServerEvent::Submit {
                tag,
                submit: submit_in(submit),
            });
        }
        Err(Unwelcome::NotBound) => answer(sequence, Err(result::COMMAND), version, link),
        Err(Unwelcome::BeyondWindow) => answer(sequence, Err(result::FLOW_CONTROL), version, link),
    }
}

pub(super) fn respond(tag: SubmitTag, response: Result<SegmentId, u32>, version: Version, link: &mut Link) {
    let number = response.and_then(|id| match id {
        SegmentId::Number(number) => Ok(number),
        SegmentId::Text(text) => text.parse().map_err(|_| result::OTHER),
    });
    answer(tag.sequence, number, version, link);
}

pub(super) fn answer(sequence: u32, answer: Result<u64, u32>, version: Version, link: &mut Link) {
    let resp = match answer {
        Ok(message_id) => SubmitResp {
            message_id,
            result: result::OK,
        },
        Err(result) => SubmitResp {
            message_id: 0,
            result,
        },
    };
    link.put(|out| resp.encode(sequence, version, out));
}

fn submit_in(submit: &Submit<'_>) -> SubmitIn {
    let (concatenation, payload) = open_content(format::has_header(submit.tp_udhi), submit.content);
    let coding = format::coding_of(submit.msg_fmt);
    SubmitIn {
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
    }
}
