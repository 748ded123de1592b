//! CMPP_DELIVER (CMPP 2.0 §7.4.5.1 and CMPP 3.0): a message from a phone, or a receipt.
//!
//! | field | octets in 2.0 | in 3.0 |
//! |---|---|---|
//! | Msg_Id of this DELIVER | 8 | 8 |
//! | Dest_Id | 21 | 21 |
//! | Service_Id | 10 | 10 |
//! | TP_pid, TP_udhi, Msg_Fmt | 1, 1, 1 | 1, 1, 1 |
//! | Src_terminal_Id | 21 | 32 |
//! | Src_terminal_type | – | 1 |
//! | Registered_Delivery | 1 | 1 |
//! | Msg_Length | 1 | 1 |
//! | Msg_Content | Msg_Length | Msg_Length |
//! | Reserved (2.0), LinkID (3.0) | 8 | 20 |

use super::header::Header;
use super::submit::only_v30;
use super::version::Version;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deliver<'a> {
    pub message_id: u64,
    /// The service number.
    pub dest_id: &'a [u8],
    pub service_id: &'a [u8],
    pub tp_pid: u8,
    /// Test with [`super::format::has_header`].
    pub tp_udhi: u8,
    pub msg_fmt: u8,
    /// Who sent it; of a receipt, the destination of the submit.
    pub src_terminal_id: &'a [u8],
    /// 0 real number, 1 pseudo code; absent in 2.0.
    pub src_terminal_type: u8,
    /// 0 message, 1 receipt; see [`super::Report`].
    pub registered_delivery: u8,
    pub content: &'a [u8],
    pub link_id: &'a [u8],
}

impl<'a> Deliver<'a> {
    pub const COMMAND: u32 = 0x0000_0005;

    pub fn encode(&self, sequence: u32, version: Version, out: &mut BytesMut) -> Result<(), EncodeError> {
        let content_length =
            u8::try_from(self.content.len()).map_err(|_| EncodeError::too_long("Msg_Content", 255))?;
        Header {
            command: Self::COMMAND,
            sequence,
        }
        .put(out, |out| {
            out.put_u64(self.message_id);
            wire::put_padded(out, self.dest_id, 21, "Dest_Id")?;
            wire::put_padded(out, self.service_id, 10, "Service_Id")?;
            out.put_slice(&[self.tp_pid, self.tp_udhi, self.msg_fmt]);
            wire::put_padded(
                out,
                self.src_terminal_id,
                version.terminal_width(),
                "Src_terminal_Id",
            )?;
            if version == Version::V30 {
                out.put_u8(self.src_terminal_type);
            }
            out.put_slice(&[self.registered_delivery, content_length]);
            out.put_slice(self.content);
            wire::put_padded(out, self.link_id, version.link_id_width(), "LinkID")
        })
    }

    /// Takes a last field of any length up to that of 3.0: gateways of 3.0 send the one of 2.0, or none.
    pub fn decode(body: &'a [u8], version: Version) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        Ok(Self {
            message_id: reader.u64("Msg_Id")?,
            dest_id: reader.padded(21, "Dest_Id")?,
            service_id: reader.padded(10, "Service_Id")?,
            tp_pid: reader.u8("TP_pid")?,
            tp_udhi: reader.u8("TP_udhi")?,
            msg_fmt: reader.u8("Msg_Fmt")?,
            src_terminal_id: reader.padded(version.terminal_width(), "Src_terminal_Id")?,
            src_terminal_type: only_v30(&mut reader, version, "Src_terminal_type")?,
            registered_delivery: reader.u8("Registered_Delivery")?,
            content: {
                let length = reader.u8("Msg_Length")?;
                reader.octets(length.into(), "Msg_Content")?
            },
            link_id: {
                let tail = reader.rest();
                // The layout of 3.0 read as 2.0 would be an empty message before a long tail: its content must not be lost.
                if tail.len() > Version::V30.link_id_width() {
                    return Err(DecodeError::Trailing { count: tail.len() });
                }
                wire::until_nul(&tail[..tail.len().min(version.link_id_width())])
            },
        })
    }

    pub fn is_report(&self) -> bool {
        self.registered_delivery == 1
    }
}
