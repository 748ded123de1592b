//! What the server delivers to a client of CMPP.

use crate::cmpp::{Deliver, Report, Version, format};
use crate::concat;
use crate::error::{EncodeError, ascii};
use crate::session::{Receipt, ReplyOut, SegmentId};
use bytes::BytesMut;

pub(super) struct CmppDeliver {
    /// The client's.
    pub version: Version,
    /// A content under construction; kept for its memory.
    content: BytesMut,
}

impl CmppDeliver {
    pub fn new(version: Version) -> Self {
        Self {
            version,
            content: BytesMut::new(),
        }
    }

    /// `message_id`: of the DELIVER itself.
    pub fn put_receipt(
        &mut self,
        receipt: &Receipt,
        from: &str,
        to: &str,
        message_id: u64,
        sequence: u32,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let SegmentId::Number(submit_id) = receipt.id else {
            return Err(EncodeError::unsupported("Msg_Id"));
        };
        self.content.clear();
        Report {
            message_id: submit_id,
            stat: receipt.status.as_bytes(),
            submit_time: receipt.submit_time.as_bytes(),
            done_time: receipt.done_time.as_bytes(),
            dest_terminal_id: receipt.to.as_bytes(),
            smsc_sequence: sequence,
        }
        .encode(self.version, &mut self.content)?;
        Deliver {
            message_id,
            dest_id: ascii("Dest_Id", to)?,
            service_id: b"",
            tp_pid: 0,
            tp_udhi: 0,
            msg_fmt: 0,
            src_terminal_id: ascii("Src_terminal_Id", from)?,
            src_terminal_type: 0,
            registered_delivery: 1,
            content: &self.content,
            link_id: b"",
        }
        .encode(sequence, self.version, out)
    }

    /// `message_id`: of the DELIVER itself.
    pub fn put_reply(
        &mut self,
        reply: &ReplyOut<'_>,
        message_id: u64,
        sequence: u32,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let content = concat::join(reply.concatenation, reply.payload, &mut self.content)?;
        let msg_fmt = format::format_of(reply.coding);
        format::check_length(msg_fmt, content)?;
        Deliver {
            message_id,
            dest_id: ascii("Dest_Id", reply.to)?,
            service_id: ascii("Service_Id", reply.service_id)?,
            tp_pid: 0,
            tp_udhi: reply.concatenation.is_some().into(),
            msg_fmt,
            src_terminal_id: ascii("Src_terminal_Id", reply.from)?,
            src_terminal_type: 0,
            registered_delivery: 0,
            content,
            link_id: b"",
        }
        .encode(sequence, self.version, out)
    }
}
