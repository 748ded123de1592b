//! Result of SUBMIT_RESP and DELIVER_RESP (CMPP 2.0 §7.4.3.2 and CMPP 3.0), and the body both share.

use super::header::Header;
use super::version::Version;
use crate::error::DecodeError;
use crate::reject::RejectClass;
use crate::wire::Reader;
use bytes::BytesMut;

pub const OK: u32 = 0;
pub const STRUCTURE: u32 = 1;
pub const COMMAND: u32 = 2;
pub const MESSAGE_LENGTH: u32 = 4;
pub const FLOW_CONTROL: u32 = 8;
/// The first code without a meaning of its own.
pub const OTHER: u32 = 9;

/// Name and class of a result other than [`OK`]. The names from 9 up are those of 3.0; 2.0 calls all of them "other".
pub fn describe(result: u32) -> (&'static str, RejectClass) {
    match result {
        STRUCTURE => ("message structure", RejectClass::Permanent),
        COMMAND => ("command id", RejectClass::Permanent),
        // A submit is never written twice under one sequence, so the next one carries another.
        3 => ("duplicate sequence", RejectClass::Temporary),
        MESSAGE_LENGTH => ("message length", RejectClass::Permanent),
        5 => ("fee code", RejectClass::Permanent),
        6 => ("longer than the maximum", RejectClass::Permanent),
        7 => ("service code", RejectClass::Permanent),
        FLOW_CONTROL => ("flow control", RejectClass::Throttled),
        9 => ("charging number not served", RejectClass::Permanent),
        10 => ("Src_Id", RejectClass::Permanent),
        11 => ("Msg_src", RejectClass::Permanent),
        12 => ("Fee_terminal_Id", RejectClass::Permanent),
        13 => ("Dest_terminal_Id", RejectClass::Permanent),
        _ => ("other", RejectClass::Permanent),
    }
}

/// The result that tells the peer why its request could not be read.
pub fn of_decode_error(error: DecodeError) -> u32 {
    match error {
        DecodeError::Short { field: "Msg_Content" } => MESSAGE_LENGTH,
        DecodeError::Command { .. } => COMMAND,
        _ => STRUCTURE,
    }
}

pub(super) fn put_answer(header: Header, message_id: u64, result: u32, version: Version, out: &mut BytesMut) {
    let mut body = [0; 12];
    body[..8].copy_from_slice(&message_id.to_be_bytes());
    match version {
        Version::V20 => {
            body[8] = u8::try_from(result).unwrap_or(u8::MAX);
            header.put_infallible(out, &body[..9]);
        }
        Version::V30 => {
            body[8..].copy_from_slice(&result.to_be_bytes());
            header.put_infallible(out, &body);
        }
    }
}

pub(super) fn decode_answer(body: &[u8]) -> Result<(u64, u32), DecodeError> {
    let mut reader = Reader::new(body);
    let message_id = reader.u64("Msg_Id")?;
    let result = decode_code(reader, "Result")?;
    Ok((message_id, result))
}

/// A last field of one or four octets.
pub(super) fn decode_code(mut reader: Reader<'_>, field: &'static str) -> Result<u32, DecodeError> {
    let code = match reader.remaining() {
        ..=1 => reader.u8(field)?.into(),
        _ => reader.u32(field)?,
    };
    reader.finish()?;
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_flow_control_throttles() {
        let throttled: Vec<u32> = (1..300)
            .filter(|&result| describe(result).1 == RejectClass::Throttled)
            .collect();
        assert_eq!(throttled, [FLOW_CONTROL]);
    }

    #[test]
    fn the_length_tells_the_width() {
        let header = Header {
            command: 0x8000_0004,
            sequence: 1,
        };
        for (version, result, back) in [
            (Version::V20, 8, 8),
            (Version::V20, 1000, 255),
            (Version::V30, 1000, 1000),
        ] {
            let mut out = BytesMut::new();
            put_answer(header, 77, result, version, &mut out);
            assert_eq!(decode_answer(&out[12..]), Ok((77, back)));
        }
        for length in [0, 8, 10, 11, 13] {
            assert!(decode_answer(&vec![0; length]).is_err(), "{length}");
        }
    }
}
