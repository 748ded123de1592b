//! CMPP_SUBMIT (CMPP 2.0 §7.4.3.1 and CMPP 3.0).
//!
//! | field | octets in 2.0 | in 3.0 |
//! |---|---|---|
//! | Msg_Id, given by the gateway | 8 | 8 |
//! | Pk_total, Pk_number | 1, 1 | 1, 1 |
//! | Registered_Delivery | 1 | 1 |
//! | Msg_level | 1 | 1 |
//! | Service_Id | 10 | 10 |
//! | Fee_UserType | 1 | 1 |
//! | Fee_terminal_Id | 21 | 32 |
//! | Fee_terminal_type | – | 1 |
//! | TP_pId, TP_udhi, Msg_Fmt | 1, 1, 1 | 1, 1, 1 |
//! | Msg_src | 6 | 6 |
//! | FeeType | 2 | 2 |
//! | FeeCode | 6 | 6 |
//! | ValId_Time, At_Time | 17, 17 | 17, 17 |
//! | Src_Id | 21 | 21 |
//! | DestUsr_tl | 1 | 1 |
//! | Dest_terminal_Id | 21 each | 32 each |
//! | Dest_terminal_type | – | 1 |
//! | Msg_Length | 1 | 1 |
//! | Msg_Content | Msg_Length | Msg_Length |
//! | Reserve (2.0), LinkID (3.0) | 8 | 20 |

use super::connect::SOURCE_ADDRESS_WIDTH;
use super::destinations::Destinations;
use super::header::Header;
use super::version::Version;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submit<'a> {
    /// Zero from a service provider; what one sends besides is to be ignored.
    pub message_id: u64,
    /// From 1.
    pub pk_total: u8,
    /// From 1.
    pub pk_number: u8,
    /// 1 asks for a receipt.
    pub registered_delivery: u8,
    pub msg_level: u8,
    pub service_id: &'a [u8],
    /// 0 destination, 1 source, 2 service provider, 3 see `fee_terminal_id`.
    pub fee_user_type: u8,
    pub fee_terminal_id: &'a [u8],
    /// 0 real number, 1 pseudo code; absent in 2.0.
    pub fee_terminal_type: u8,
    pub tp_pid: u8,
    /// 1 when the content begins with a user data header; test with [`super::format::has_header`].
    pub tp_udhi: u8,
    pub msg_fmt: u8,
    /// The service provider's code.
    pub msg_src: &'a [u8],
    /// `01` free, `02` per message, `03` monthly.
    pub fee_type: &'a [u8],
    /// In fen.
    pub fee_code: &'a [u8],
    pub valid_time: &'a [u8],
    pub at_time: &'a [u8],
    /// The service number, possibly extended.
    pub src_id: &'a [u8],
    pub destinations: Destinations<'a>,
    /// 0 real number, 1 pseudo code; absent in 2.0.
    pub dest_terminal_type: u8,
    pub content: &'a [u8],
    pub link_id: &'a [u8],
}

impl<'a> Submit<'a> {
    pub const COMMAND: u32 = 0x0000_0004;

    pub fn encode(&self, sequence: u32, version: Version, out: &mut BytesMut) -> Result<(), EncodeError> {
        let content_length =
            u8::try_from(self.content.len()).map_err(|_| EncodeError::too_long("Msg_Content", 255))?;
        out.reserve(256 + self.content.len());
        Header {
            command: Self::COMMAND,
            sequence,
        }
        .put(out, |out| {
            out.put_u64(self.message_id);
            out.put_slice(&[
                self.pk_total,
                self.pk_number,
                self.registered_delivery,
                self.msg_level,
            ]);
            wire::put_padded(out, self.service_id, 10, "Service_Id")?;
            out.put_u8(self.fee_user_type);
            wire::put_padded(
                out,
                self.fee_terminal_id,
                version.terminal_width(),
                "Fee_terminal_Id",
            )?;
            if version == Version::V30 {
                out.put_u8(self.fee_terminal_type);
            }
            out.put_slice(&[self.tp_pid, self.tp_udhi, self.msg_fmt]);
            wire::put_padded(out, self.msg_src, SOURCE_ADDRESS_WIDTH, "Msg_src")?;
            wire::put_padded(out, self.fee_type, 2, "FeeType")?;
            wire::put_padded(out, self.fee_code, 6, "FeeCode")?;
            wire::put_padded(out, self.valid_time, 17, "ValId_Time")?;
            wire::put_padded(out, self.at_time, 17, "At_Time")?;
            wire::put_padded(out, self.src_id, 21, "Src_Id")?;
            self.destinations.encode(version, out)?;
            if version == Version::V30 {
                out.put_u8(self.dest_terminal_type);
            }
            out.put_u8(content_length);
            out.put_slice(self.content);
            wire::put_padded(out, self.link_id, version.link_id_width(), "LinkID")
        })
    }

    pub fn decode(body: &'a [u8], version: Version) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let submit = Self {
            message_id: reader.u64("Msg_Id")?,
            pk_total: reader.u8("Pk_total")?,
            pk_number: reader.u8("Pk_number")?,
            registered_delivery: reader.u8("Registered_Delivery")?,
            msg_level: reader.u8("Msg_level")?,
            service_id: reader.padded(10, "Service_Id")?,
            fee_user_type: reader.u8("Fee_UserType")?,
            fee_terminal_id: reader.padded(version.terminal_width(), "Fee_terminal_Id")?,
            fee_terminal_type: only_v30(&mut reader, version, "Fee_terminal_type")?,
            tp_pid: reader.u8("TP_pId")?,
            tp_udhi: reader.u8("TP_udhi")?,
            msg_fmt: reader.u8("Msg_Fmt")?,
            msg_src: reader.padded(SOURCE_ADDRESS_WIDTH, "Msg_src")?,
            fee_type: reader.padded(2, "FeeType")?,
            fee_code: reader.padded(6, "FeeCode")?,
            valid_time: reader.padded(17, "ValId_Time")?,
            at_time: reader.padded(17, "At_Time")?,
            src_id: reader.padded(21, "Src_Id")?,
            destinations: Destinations::decode(&mut reader, version)?,
            dest_terminal_type: only_v30(&mut reader, version, "Dest_terminal_type")?,
            content: {
                let length = reader.u8("Msg_Length")?;
                reader.octets(length.into(), "Msg_Content")?
            },
            link_id: reader.padded(version.link_id_width(), "LinkID")?,
        };
        reader.finish()?;
        Ok(submit)
    }
}

/// A type octet that 2.0 does not have.
pub(super) fn only_v30(
    reader: &mut Reader<'_>,
    version: Version,
    field: &'static str,
) -> Result<u8, DecodeError> {
    match version {
        Version::V20 => Ok(0),
        Version::V30 => reader.u8(field),
    }
}
