//! Optional parameters (SMPP 3.4 §5.3): tag 2 octets, length 2 octets, value. They may come in any order; unknown ones are
//! skipped by whoever looks for known ones.

use crate::error::{DecodeError, EncodeError};
use bytes::{BufMut, BytesMut};

pub const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
pub const SAR_MSG_REF_NUM: u16 = 0x020c;
pub const SAR_TOTAL_SEGMENTS: u16 = 0x020e;
pub const SAR_SEGMENT_SEQNUM: u16 = 0x020f;
pub const SC_INTERFACE_VERSION: u16 = 0x0210;
pub const MS_AVAILABILITY_STATUS: u16 = 0x0422;
pub const NETWORK_ERROR_CODE: u16 = 0x0423;
pub const MESSAGE_PAYLOAD: u16 = 0x0424;
pub const MESSAGE_STATE: u16 = 0x0427;

/// A tag and its value.
pub type Tlv<'a> = (u16, &'a [u8]);

/// A sequence of optional parameters whose lengths were checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tlvs<'a> {
    octets: &'a [u8],
}

impl<'a> Tlvs<'a> {
    /// # Errors
    /// A tag or value is cut short.
    pub fn decode(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut rest = octets;
        while !rest.is_empty() {
            (_, rest) = split(rest).ok_or(DecodeError::Short { field: "TLV" })?;
        }
        Ok(Self { octets })
    }

    /// In the order they came.
    pub fn iter(&self) -> impl Iterator<Item = Tlv<'a>> + use<'a> {
        let mut rest = self.octets;
        std::iter::from_fn(move || {
            let tlv;
            (tlv, rest) = split(rest)?;
            Some(tlv)
        })
    }

    /// The value of the first parameter with this tag.
    pub fn find(&self, tag: u16) -> Option<&'a [u8]> {
        self.iter()
            .find(|&(found, _)| found == tag)
            .map(|(_, value)| value)
    }

    /// A value of one octet; one of another length is as good as none.
    pub fn find_u8(&self, tag: u16) -> Option<u8> {
        match self.find(tag)? {
            &[octet] => Some(octet),
            _ => None,
        }
    }

    /// A value of two octets; one of another length is as good as none.
    pub fn find_u16(&self, tag: u16) -> Option<u16> {
        Some(u16::from_be_bytes(self.find(tag)?.try_into().ok()?))
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_slice(self.octets);
    }
}

/// Optional parameters under construction; may be used again after [`TlvBuffer::clear`].
#[derive(Default)]
pub struct TlvBuffer {
    octets: BytesMut,
}

impl TlvBuffer {
    pub fn clear(&mut self) {
        self.octets.clear();
    }

    /// # Errors
    /// The value is longer than a length field can say.
    pub fn push(&mut self, tag: u16, value: &[u8]) -> Result<(), EncodeError> {
        let length = u16::try_from(value.len()).map_err(|_| EncodeError::too_long("TLV", u16::MAX.into()))?;
        self.octets.put_u16(tag);
        self.octets.put_u16(length);
        self.octets.put_slice(value);
        Ok(())
    }

    /// Puts a NUL behind the value.
    ///
    /// # Errors
    /// As [`TlvBuffer::push`].
    pub fn push_c_string(&mut self, tag: u16, value: &[u8]) -> Result<(), EncodeError> {
        if value.len() >= u16::MAX.into() {
            return Err(EncodeError::too_long("TLV", u16::MAX.into()));
        }
        self.octets.put_u16(tag);
        self.octets.put_u16(value.len() as u16 + 1);
        self.octets.put_slice(value);
        self.octets.put_u8(0);
        Ok(())
    }

    pub fn push_u8(&mut self, tag: u16, value: u8) {
        self.octets.put_u16(tag);
        self.octets.put_u16(1);
        self.octets.put_u8(value);
    }

    pub fn tlvs(&self) -> Tlvs<'_> {
        Tlvs { octets: &self.octets }
    }
}

fn split(octets: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (tag, rest) = octets.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    Some(((u16::from_be_bytes(*tag), value), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn found_by_tag_in_any_order() {
        let octets = [
            0x04, 0x24, 0, 2, b'h', b'i', 0x13, 0x0c, 0, 0, 0x04, 0x27, 0, 1, 2,
        ];
        let tlvs = Tlvs::decode(&octets).unwrap();
        assert_eq!(tlvs.find(MESSAGE_PAYLOAD), Some(&b"hi"[..]));
        assert_eq!(tlvs.find(0x130c), Some(&b""[..]));
        assert_eq!(tlvs.find_u8(MESSAGE_STATE), Some(2));
        assert_eq!(tlvs.find_u16(MESSAGE_PAYLOAD), Some(0x6869));
        assert_eq!(tlvs.find_u8(MESSAGE_PAYLOAD), None);
        assert_eq!(tlvs.find(0x0001), None);
    }

    #[test]
    fn cut_at_every_octet() {
        let octets = [0x04, 0x24, 0, 2, b'h', b'i'];
        for end in 1..octets.len() {
            assert_eq!(
                Tlvs::decode(&octets[..end]),
                Err(DecodeError::Short { field: "TLV" }),
                "{end}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_was_pushed_comes_back(list in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..40)), 0..10)) {
            let mut buffer = TlvBuffer::default();
            for (tag, value) in &list {
                buffer.push(*tag, value).unwrap();
            }
            let mut out = BytesMut::new();
            buffer.tlvs().encode(&mut out);
            let back: Vec<(u16, Vec<u8>)> =
                Tlvs::decode(&out).unwrap().iter().map(|(tag, value)| (tag, value.to_vec())).collect();
            prop_assert_eq!(back, list);
        }
    }
}
