//! How either side of SMPP refuses what it cannot take.

use super::link::Link;
use crate::error::DecodeError;
use crate::smpp::{DeliverSm, DeliverSmResp, GenericNack, Header, Outbind, RESPONSE, status};

/// Answers a stream that cannot be cut into PDUs any more (SMPP 3.4 §4.3.1). Which PDU it was cannot be told.
pub(super) fn refuse_frame(link: &mut Link) {
    link.put(|out| GenericNack.encode(status::INVCMDLEN, 0, out));
}

/// Answers a request that this side or this state does not take.
pub(super) fn refuse(header: Header, status: u32, link: &mut Link) {
    match header.command {
        // A peer that insists on the NUL must not lose the link over a refusal.
        DeliverSm::COMMAND => link.put(|out| DeliverSmResp.encode(status, header.sequence, out)),
        command => link.put(|out| {
            Header {
                command: command | RESPONSE,
                status,
                ..header
            }
            .put_empty(out)
        }),
    }
}

/// Answers and counts what cannot be read. Responses are never answered, or two peers could go on for ever.
pub(super) fn refuse_unreadable(header: Header, error: DecodeError, link: &mut Link) {
    let DecodeError::Command { .. } = error else {
        link.ignored.malformed += 1;
        if header.command & RESPONSE == 0 && header.command != Outbind::COMMAND {
            refuse(header, status::of_decode_error(error), link);
        }
        return;
    };
    link.ignored.commands += 1;
    if header.command & RESPONSE == 0 {
        link.put(|out| GenericNack.encode(status::INVCMDID, header.sequence, out));
    }
}

/// What a generic_nack says of the request that it answers: never success, whatever its status.
pub(super) fn refusal_of_nack(status: u32) -> u32 {
    if status == status::OK {
        status::SYSERR
    } else {
        status
    }
}
