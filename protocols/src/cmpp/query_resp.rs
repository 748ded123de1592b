//! CMPP_QUERY_RESP (CMPP 2.0 §7.4.4.2 and CMPP 3.0).
//!
//! | field | octets |
//! |---|---|
//! | Time, YYYYMMDD | 8 |
//! | Query_Type | 1 |
//! | Query_Code | 10 |
//! | eight counters | 4 each |

use super::header::Header;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryResp<'a> {
    pub time: &'a [u8],
    pub query_type: u8,
    pub query_code: &'a [u8],
    /// MT_TLMsg: messages from the service provider.
    pub mt_messages: u32,
    /// MT_Tlusr: their recipients.
    pub mt_users: u32,
    /// MT_Scs, MT_WT, MT_FL: of them passed on, waiting, failed.
    pub mt_succeeded: u32,
    pub mt_waiting: u32,
    pub mt_failed: u32,
    /// MO_Scs, MO_WT, MO_FL: towards the service provider passed on, waiting, failed.
    pub mo_succeeded: u32,
    pub mo_waiting: u32,
    pub mo_failed: u32,
}

impl<'a> QueryResp<'a> {
    pub const COMMAND: u32 = 0x8000_0006;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header {
            command: Self::COMMAND,
            sequence,
        }
        .put(out, |out| {
            wire::put_padded(out, self.time, 8, "Time")?;
            out.put_u8(self.query_type);
            wire::put_padded(out, self.query_code, 10, "Query_Code")?;
            out.put_u32(self.mt_messages);
            out.put_u32(self.mt_users);
            out.put_u32(self.mt_succeeded);
            out.put_u32(self.mt_waiting);
            out.put_u32(self.mt_failed);
            out.put_u32(self.mo_succeeded);
            out.put_u32(self.mo_waiting);
            out.put_u32(self.mo_failed);
            Ok(())
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let resp = Self {
            time: reader.padded(8, "Time")?,
            query_type: reader.u8("Query_Type")?,
            query_code: reader.padded(10, "Query_Code")?,
            mt_messages: reader.u32("MT_TLMsg")?,
            mt_users: reader.u32("MT_Tlusr")?,
            mt_succeeded: reader.u32("MT_Scs")?,
            mt_waiting: reader.u32("MT_WT")?,
            mt_failed: reader.u32("MT_FL")?,
            mo_succeeded: reader.u32("MO_Scs")?,
            mo_waiting: reader.u32("MO_WT")?,
            mo_failed: reader.u32("MO_FL")?,
        };
        reader.finish()?;
        Ok(resp)
    }
}
