//! What submit_sm, submit_multi, deliver_sm and data_sm have in common.

use super::reply::open_content;
use crate::coding::DataCoding;
use crate::concat::Concatenation;
use crate::smpp::{Address, DataSm, ShortMessage, Tlvs, data_coding, esm_class, tlv};
use crate::text;
use std::borrow::Cow;

pub(super) struct Content<'a> {
    pub service_type: &'a [u8],
    pub source: Address<'a>,
    pub destination: Address<'a>,
    pub esm_class: u8,
    pub registered_delivery: u8,
    pub data_coding: u8,
    pub octets: &'a [u8],
    pub tlvs: Tlvs<'a>,
}

impl<'a> Content<'a> {
    pub fn of_short_message(message: &ShortMessage<'a>) -> Self {
        Self {
            service_type: message.service_type,
            source: message.source,
            destination: message.destination,
            esm_class: message.esm_class,
            registered_delivery: message.registered_delivery,
            data_coding: message.data_coding,
            octets: message.content(),
            tlvs: message.tlvs,
        }
    }

    pub fn of_data_sm(message: &DataSm<'a>) -> Self {
        Self {
            service_type: message.service_type,
            source: message.source,
            destination: message.destination,
            esm_class: message.esm_class,
            registered_delivery: message.registered_delivery,
            data_coding: message.data_coding,
            octets: message.content(),
            tlvs: message.tlvs,
        }
    }

    pub fn coding(&self) -> DataCoding {
        data_coding::coding_of(self.data_coding)
    }

    /// Some SMSCs leave esm_class empty and tell a receipt by its parameters only.
    pub fn is_receipt(&self) -> bool {
        esm_class::is_receipt(self.esm_class) || self.tlvs.find(tlv::RECEIPTED_MESSAGE_ID).is_some()
    }

    /// The payload, and its place in a long message by user data header or sar parameters, which exclude each other.
    pub fn split(&self) -> (Option<Concatenation>, &'a [u8]) {
        match open_content(esm_class::has_header(self.esm_class), self.octets) {
            (None, payload) => (self.sar(), payload),
            found => found,
        }
    }

    /// The text of a receipt. It is ASCII, which the default alphabet of GSM is not quite: an id may contain `_` or `$`.
    pub fn words(&self) -> Cow<'a, [u8]> {
        let (_, payload) = self.split();
        match self.coding() {
            DataCoding::Ucs2 => text::decode(DataCoding::Ucs2, payload)
                .unwrap_or_default()
                .into_bytes()
                .into(),
            _ => payload.into(),
        }
    }

    fn sar(&self) -> Option<Concatenation> {
        let concatenation = Concatenation {
            reference: self.tlvs.find_u16(tlv::SAR_MSG_REF_NUM)?,
            wide: true,
            total: self.tlvs.find_u8(tlv::SAR_TOTAL_SEGMENTS)?,
            number: self.tlvs.find_u8(tlv::SAR_SEGMENT_SEQNUM)?,
        };
        concatenation.is_valid().then_some(concatenation)
    }
}
