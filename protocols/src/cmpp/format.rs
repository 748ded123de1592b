//! TP_udhi, Msg_Fmt and Msg_Length: how a content is to be read and written (CMPP 2.0 §7.4.3.1).

use crate::coding::DataCoding;
use crate::error::EncodeError;

/// Octets of a content with Msg_Fmt 0. The text says "less than 160"; a full message of 160 septets is left to the gateway
/// to take or refuse.
pub const CONTENT_LIMIT_ASCII: usize = 160;

/// Octets of a content with any other Msg_Fmt.
pub const CONTENT_LIMIT: usize = 140;

/// Whether TP_udhi says that the content begins with a user data header. The specification uses bit 0; gateways also pass
/// bit 6 of SMPP's esm_class through.
pub fn has_header(tp_udhi: u8) -> bool {
    tp_udhi & 0x41 != 0
}

/// What a Msg_Fmt means.
pub fn coding_of(msg_fmt: u8) -> DataCoding {
    match msg_fmt {
        0 => DataCoding::Ascii,
        4 => DataCoding::Binary,
        8 => DataCoding::Ucs2,
        15 => DataCoding::Gbk,
        other => DataCoding::Other(other),
    }
}

/// The Msg_Fmt for a coding; the default alphabet of GSM goes as 0, one septet per octet.
pub fn format_of(coding: DataCoding) -> u8 {
    match coding {
        DataCoding::Gsm7 | DataCoding::Ascii => 0,
        DataCoding::Binary => 4,
        DataCoding::Ucs2 => 8,
        DataCoding::Gbk => 15,
        DataCoding::Other(other) => other,
    }
}

/// Checks a content against the limit of its format.
pub(crate) fn check_length(msg_fmt: u8, content: &[u8]) -> Result<(), EncodeError> {
    let limit = if msg_fmt == 0 {
        CONTENT_LIMIT_ASCII
    } else {
        CONTENT_LIMIT
    };
    if content.len() > limit {
        return Err(EncodeError::too_long("Msg_Content", limit));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_come_back() {
        for format in 0..=u8::MAX {
            assert_eq!(format_of(coding_of(format)), format);
        }
    }

    #[test]
    fn a_header_by_either_bit() {
        let with: Vec<u8> = [0, 1, 0x40, 0x41, 2, 0x80]
            .into_iter()
            .filter(|&udhi| has_header(udhi))
            .collect();
        assert_eq!(with, [1, 0x40, 0x41]);
    }
}
