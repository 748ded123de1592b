//! The protocols, and what both ends of a session need of each.

use crate::frame::FrameReader;
use crate::{cmpp, smpp};
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    Cmpp20,
    Cmpp30,
    Smpp34,
}

impl Protocol {
    /// The layout, if this is CMPP.
    pub(super) fn cmpp(self) -> Option<cmpp::Version> {
        match self {
            Protocol::Cmpp20 => Some(cmpp::Version::V20),
            Protocol::Cmpp30 => Some(cmpp::Version::V30),
            Protocol::Smpp34 => None,
        }
    }

    pub(super) fn frame_reader(self) -> FrameReader {
        match self.cmpp() {
            Some(_) => FrameReader::new(cmpp::HEADER_LENGTH, cmpp::PDU_LIMIT),
            None => FrameReader::new(smpp::HEADER_LENGTH, smpp::PDU_LIMIT),
        }
    }

    pub(super) fn sequence_max(self) -> u32 {
        match self.cmpp() {
            Some(_) => u32::MAX,
            None => smpp::SEQUENCE_MAX,
        }
    }

    pub(super) fn put_link_test(self, sequence: u32, out: &mut BytesMut) {
        match self.cmpp() {
            Some(_) => cmpp::ActiveTest.encode(sequence, out),
            None => smpp::EnquireLink.encode(sequence, out),
        }
    }

    pub(super) fn put_link_test_answer(self, sequence: u32, out: &mut BytesMut) {
        match self.cmpp() {
            Some(_) => cmpp::ActiveTestResp.encode(sequence, out),
            None => smpp::EnquireLinkResp.encode(sequence, out),
        }
    }

    pub(super) fn put_unbind(self, sequence: u32, out: &mut BytesMut) {
        match self.cmpp() {
            Some(_) => cmpp::Terminate.encode(sequence, out),
            None => smpp::Unbind.encode(sequence, out),
        }
    }

    pub(super) fn put_unbind_answer(self, sequence: u32, out: &mut BytesMut) {
        match self.cmpp() {
            Some(_) => cmpp::TerminateResp.encode(sequence, out),
            None => smpp::UnbindResp.encode(sequence, out),
        }
    }
}
