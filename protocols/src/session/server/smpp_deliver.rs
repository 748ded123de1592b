//! What the server delivers to a client of SMPP.

use crate::concat;
use crate::error::{EncodeError, ascii};
use crate::session::{Receipt, ReplyOut, SegmentId};
use crate::smpp::{
    Address, DeliverSm, ReceiptText, SHORT_MESSAGE_LIMIT, ShortMessage, TlvBuffer, data_coding, esm_class,
    receipt_text, tlv,
};
use bytes::BytesMut;
use std::borrow::Cow;

#[derive(Default)]
pub(super) struct SmppDeliver {
    /// Whether the client is of a version that knows optional parameters.
    pub takes_tlvs: bool,
    /// Contents under construction; kept for their memory.
    content: BytesMut,
    tlvs: TlvBuffer,
}

impl SmppDeliver {
    pub fn put_receipt(
        &mut self,
        receipt: &Receipt,
        from: &str,
        to: &str,
        sequence: u32,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let id: Cow<'_, str> = match &receipt.id {
            SegmentId::Text(text) => text.as_str().into(),
            SegmentId::Number(number) => number.to_string().into(),
        };
        self.content.clear();
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
        self.tlvs.clear();
        if self.takes_tlvs {
            self.tlvs
                .push_c_string(tlv::RECEIPTED_MESSAGE_ID, id.as_bytes())?;
            if let Some(state) = receipt_text::state_of_stat(&receipt.status) {
                self.tlvs.push_u8(tlv::MESSAGE_STATE, state);
            }
        }
        DeliverSm(ShortMessage {
            source: Address::international(ascii("source_addr", from)?),
            destination: Address::service(ascii("destination_addr", to)?),
            esm_class: esm_class::DELIVERY_RECEIPT,
            short_message: &self.content,
            tlvs: self.tlvs.tlvs(),
            ..ShortMessage::default()
        })
        .encode(sequence, out)
    }

    pub fn put_reply(
        &mut self,
        reply: &ReplyOut<'_>,
        sequence: u32,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let content = concat::join(reply.concatenation, reply.payload, &mut self.content)?;
        let mut short_message = content;
        self.tlvs.clear();
        if content.len() > SHORT_MESSAGE_LIMIT && self.takes_tlvs {
            self.tlvs.push(tlv::MESSAGE_PAYLOAD, content)?;
            short_message = b"";
        }
        DeliverSm(ShortMessage {
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
        })
        .encode(sequence, out)
    }
}
