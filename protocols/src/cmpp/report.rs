//! A receipt, in the Msg_Content of a DELIVER (CMPP 2.0 §7.4.5.1 and CMPP 3.0).
//!
//! | field | octets in 2.0 | in 3.0 |
//! |---|---|---|
//! | Msg_Id of the submit | 8 | 8 |
//! | Stat | 7 | 7 |
//! | Submit_time, YYMMDDHHMM | 10 | 10 |
//! | Done_time, YYMMDDHHMM | 10 | 10 |
//! | Dest_terminal_Id | 21 | 32 |
//! | SMSC_sequence | 4 | 4 |

use super::version::Version;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

/// Octets of a receipt in 3.0; whatever is at least as long has a number of 32 octets.
const LENGTH_V30: usize = 71;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    pub message_id: u64,
    /// `DELIVRD`, … or a code of the gateway: text, never an enum.
    pub stat: &'a [u8],
    pub submit_time: &'a [u8],
    pub done_time: &'a [u8],
    pub dest_terminal_id: &'a [u8],
    pub smsc_sequence: u32,
}

impl<'a> Report<'a> {
    pub fn encode(&self, version: Version, out: &mut BytesMut) -> Result<(), EncodeError> {
        out.put_u64(self.message_id);
        wire::put_padded(out, self.stat, 7, "Stat")?;
        wire::put_padded(out, self.submit_time, 10, "Submit_time")?;
        wire::put_padded(out, self.done_time, 10, "Done_time")?;
        wire::put_padded(
            out,
            self.dest_terminal_id,
            version.terminal_width(),
            "Dest_terminal_Id",
        )?;
        out.put_u32(self.smsc_sequence);
        Ok(())
    }

    /// Reads the layout from the length: gateways send the receipt of 2.0 on connections of 3.0. What follows is ignored.
    pub fn decode(content: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(content);
        let version = if content.len() < LENGTH_V30 {
            Version::V20
        } else {
            Version::V30
        };
        Ok(Self {
            message_id: reader.u64("Msg_Id")?,
            stat: reader.padded(7, "Stat")?,
            submit_time: reader.padded(10, "Submit_time")?,
            done_time: reader.padded(10, "Done_time")?,
            dest_terminal_id: reader.padded(version.terminal_width(), "Dest_terminal_Id")?,
            smsc_sequence: reader.u32("SMSC_sequence")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: Report<'static> = Report {
        message_id: 0x30b0_0780_006a_0009,
        stat: b"AF:4",
        submit_time: b"2503011200",
        done_time: b"2503011201",
        dest_terminal_id: b"13800000001",
        smsc_sequence: 0x1234_5678,
    };

    #[test]
    fn the_length_tells_the_layout() {
        for (version, length) in [(Version::V20, 60), (Version::V30, 71)] {
            let mut out = BytesMut::new();
            REPORT.encode(version, &mut out).unwrap();
            assert_eq!(out.len(), length);
            assert_eq!(Report::decode(&out), Ok(REPORT));
        }
    }

    #[test]
    fn shorter_than_both_is_refused() {
        for length in [0, 8, 34, 59] {
            assert!(Report::decode(&vec![b'0'; length]).is_err(), "{length}");
        }
    }
}
