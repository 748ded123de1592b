//! What a gateway delivers to the client.

use super::event::{ClientEvent, DeliverKind, DeliverTag};
use crate::cmpp::{Deliver, DeliverResp, Report, Version, format, result};
use crate::session::link::Link;
use crate::session::reply::{lossy, open_content};
use crate::session::{Receipt, Reply, SegmentId};
use crate::text;
use compact_str::CompactString;

pub(super) fn delivered(
    sequence: u32,
    deliver: &Deliver<'_>,
    version: Version,
    link: &mut Link,
    events: &mut Vec<ClientEvent>,
) {
    let message_id = deliver.message_id;
    if !link.is_open() {
        link.ignored.commands += 1;
        answer(sequence, message_id, result::COMMAND, version, link);
        return;
    }
    let tag = DeliverTag {
        sequence,
        kind: DeliverKind::Cmpp { message_id },
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
            answer(sequence, message_id, result::STRUCTURE, version, link);
            events.push(ClientEvent::Refused { sequence, error });
        }
    }
}

pub(super) fn answer(sequence: u32, message_id: u64, result: u32, version: Version, link: &mut Link) {
    link.put(|out| DeliverResp { message_id, result }.encode(sequence, version, out));
}

fn receipt(report: &Report<'_>) -> Receipt {
    Receipt {
        id: SegmentId::Number(report.message_id),
        status: lossy(report.stat.trim_ascii()),
        error: CompactString::default(),
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
