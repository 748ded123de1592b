//! What an SMSC delivers to the client.

use super::event::{ClientEvent, DeliverKind, DeliverTag};
use crate::error::DecodeError;
use crate::session::link::Link;
use crate::session::reply::lossy;
use crate::session::smpp_content::Content;
use crate::session::{Receipt, Reply, SegmentId};
use crate::smpp::{DataSmResp, DeliverSmResp, Header, ReceiptText, receipt_text, status, tlv};
use crate::text;
use crate::wire::until_nul;
use compact_str::ToCompactString;

pub(super) fn delivered(
    tag: DeliverTag,
    content: &Content<'_>,
    link: &mut Link,
    events: &mut Vec<ClientEvent>,
) {
    if !link.is_open() {
        link.ignored.commands += 1;
        answer(tag, status::INVBNDSTS, link);
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
            answer(tag, status::X_P_APPN, link);
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

pub(super) fn answer(tag: DeliverTag, status: u32, link: &mut Link) {
    let sequence = tag.sequence;
    match tag.kind {
        DeliverKind::DeliverSm => link.put(|out| DeliverSmResp.encode(status, sequence, out)),
        DeliverKind::DataSm => {
            let header = Header {
                command: DataSmResp::COMMAND,
                status,
                sequence,
            };
            link.put(|out| header.put_plain(out, &[0]));
        }
        DeliverKind::Cmpp { .. } => {}
    }
}

pub(super) fn segment_id(message_id: &[u8]) -> SegmentId {
    SegmentId::Text(lossy(message_id))
}

/// `None` when it does not say which submit it speaks of. The id is that of the TLV first; the state that of the text, as
/// some SMSCs fill message_state wrongly.
fn receipt(content: &Content<'_>) -> Option<Receipt> {
    let words = content.words();
    let text = ReceiptText::decode(&words);
    let tlv_id = content
        .tlvs
        .find(tlv::RECEIPTED_MESSAGE_ID)
        .map_or(&[][..], until_nul);
    let message_id = if tlv_id.is_empty() { text.id } else { tlv_id };
    if message_id.is_empty() {
        return None;
    }
    let state = content
        .tlvs
        .find_u8(tlv::MESSAGE_STATE)
        .and_then(receipt_text::stat_of_state);
    let status = if text.stat.is_empty() {
        state.unwrap_or_default().into()
    } else {
        lossy(text.stat)
    };
    let error = match content.tlvs.find(tlv::NETWORK_ERROR_CODE) {
        Some(&[_, high, low]) if text.err.is_empty() => u16::from_be_bytes([high, low]).to_compact_string(),
        _ => lossy(text.err),
    };
    Some(Receipt {
        id: segment_id(message_id),
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
