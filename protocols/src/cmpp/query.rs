//! CMPP_QUERY (CMPP 2.0 §7.4.4.1 and CMPP 3.0): the counters of one day.
//!
//! | field | octets |
//! |---|---|
//! | Time, YYYYMMDD | 8 |
//! | Query_Type | 1 |
//! | Query_Code | 10 |
//! | Reserve | 8 |

use super::header::Header;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    pub time: &'a [u8],
    /// 0 in total, 1 of the service in `query_code`.
    pub query_type: u8,
    pub query_code: &'a [u8],
}

impl<'a> Query<'a> {
    pub const COMMAND: u32 = 0x0000_0006;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header {
            command: Self::COMMAND,
            sequence,
        }
        .put(out, |out| {
            wire::put_padded(out, self.time, 8, "Time")?;
            out.put_u8(self.query_type);
            wire::put_padded(out, self.query_code, 10, "Query_Code")?;
            wire::put_padded(out, b"", 8, "Reserve")
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let query = Self {
            time: reader.padded(8, "Time")?,
            query_type: reader.u8("Query_Type")?,
            query_code: reader.padded(10, "Query_Code")?,
        };
        reader.octets(8, "Reserve")?;
        reader.finish()?;
        Ok(query)
    }
}
