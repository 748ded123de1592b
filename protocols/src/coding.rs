//! How the payload of a segment is to be read.

/// The coding of a payload, over the protocols' own numbers (CMPP `Msg_Fmt`, SMPP `data_coding`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataCoding {
    /// GSM 03.38 default alphabet, one septet per octet.
    Gsm7,
    Ascii,
    /// UTF-16, big-endian, without a byte order mark.
    Ucs2,
    Gbk,
    Binary,
    /// The number on the wire. Numbers from 16 up are read as a GSM 03.38 data coding scheme.
    Other(u8),
}
