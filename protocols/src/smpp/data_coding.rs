//! data_coding (SMPP 3.4 §5.2.19).

use crate::coding::DataCoding;
use crate::error::EncodeError;

/// What a data_coding means. 0 is the SMSC's own default, which is taken for the default alphabet of GSM.
pub fn coding_of(data_coding: u8) -> DataCoding {
    match data_coding {
        0 => DataCoding::Gsm7,
        1 => DataCoding::Ascii,
        2 | 4 => DataCoding::Binary,
        8 => DataCoding::Ucs2,
        other => DataCoding::Other(other),
    }
}

/// The data_coding for a coding.
///
/// # Errors
/// SMPP has no number for GBK.
pub fn data_coding_of(coding: DataCoding) -> Result<u8, EncodeError> {
    match coding {
        DataCoding::Gsm7 => Ok(0),
        DataCoding::Ascii => Ok(1),
        DataCoding::Binary => Ok(4),
        DataCoding::Ucs2 => Ok(8),
        DataCoding::Gbk => Err(EncodeError::unsupported("data_coding")),
        DataCoding::Other(other) => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_but_for_the_second_name_of_binary() {
        for number in (0..=u8::MAX).filter(|&number| number != 2) {
            assert_eq!(data_coding_of(coding_of(number)), Ok(number));
        }
        assert_eq!(coding_of(2), DataCoding::Binary);
        assert!(data_coding_of(DataCoding::Gbk).is_err());
    }
}
