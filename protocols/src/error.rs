//! Why bytes are not a PDU, and why a value has no bytes. Neither carries content, so both may be logged (PII-1).

/// Why bytes from the peer are not the PDU that they claim to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("{field} is cut short")]
    Short { field: &'static str },
    #[error("{field} is not terminated within {limit} octets")]
    Unterminated { field: &'static str, limit: usize },
    #[error("{field} is {length} long, allowed are {limit}")]
    Length {
        field: &'static str,
        length: usize,
        limit: usize,
    },
    #[error("{field} has the illegal value {value}")]
    Value { field: &'static str, value: u32 },
    #[error("{count} octets follow the last field")]
    Trailing { count: usize },
    #[error("command {command:#010x} is unknown")]
    Command { command: u32 },
}

/// Why a value cannot be written into its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct EncodeError {
    /// The field's name in the specification.
    pub field: &'static str,
    pub reason: EncodeReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeReason {
    /// `limit` counts what the field holds at most: octets, or entries of a list.
    #[error("is longer than {limit}")]
    TooLong { limit: usize },
    #[error("contains a NUL")]
    Nul,
    #[error("contains a character outside ASCII")]
    NotAscii,
    #[error("has a value that the protocol cannot carry")]
    Unsupported,
}

impl EncodeError {
    pub(crate) fn too_long(field: &'static str, limit: usize) -> Self {
        Self {
            field,
            reason: EncodeReason::TooLong { limit },
        }
    }

    pub(crate) fn unsupported(field: &'static str) -> Self {
        Self {
            field,
            reason: EncodeReason::Unsupported,
        }
    }
}

/// `value` as octets, if it is ASCII.
pub(crate) fn ascii<'a>(field: &'static str, value: &'a str) -> Result<&'a [u8], EncodeError> {
    if !value.is_ascii() {
        return Err(EncodeError {
            field,
            reason: EncodeReason::NotAscii,
        });
    }
    Ok(value.as_bytes())
}
