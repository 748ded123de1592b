//! A frame's payload: a version byte, then facts one after the other.
//!
//! A frame is the unit of atomicity: after a crash either all facts of it are there or none. Unknown versions are refused,
//! never skipped.

use crate::fact::Fact;

/// The version this code writes. Older ones it can read are listed in [`decode`].
pub const VERSION: u8 = 2;

/// The largest payload a frame may have; a batch is spread over several frames.
pub const PAYLOAD_BYTES_MAX: usize = 512 * 1024;

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum FrameError {
    #[error("the frame is empty")]
    Empty,
    #[error("the frame has version {found}, this program reads up to {VERSION}")]
    UnknownVersion { found: u8 },
    #[error("fact {index} at byte {offset} cannot be read: {reason}")]
    Malformed {
        index: usize,
        offset: usize,
        reason: postcard::Error,
    },
    #[error("a fact cannot be written: {0}")]
    Encode(postcard::Error),
}

/// Collects facts into one payload.
#[derive(Debug)]
pub struct FrameBuilder {
    payload: Vec<u8>,
}

impl Default for FrameBuilder {
    fn default() -> Self {
        FrameBuilder {
            payload: vec![VERSION],
        }
    }
}

impl FrameBuilder {
    pub fn push(&mut self, fact: &Fact) -> Result<(), FrameError> {
        let payload = std::mem::take(&mut self.payload);
        self.payload = postcard::to_extend(fact, payload).map_err(FrameError::Encode)?;
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.payload.len() <= 1
    }

    /// Bytes so far, version byte included.
    pub fn len(&self) -> usize {
        self.payload.len()
    }

    /// The payload; the builder is empty afterwards.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::replace(&mut self.payload, vec![VERSION])
    }
}

/// The facts of one payload, in order. Stops at the first that cannot be read.
pub fn decode(payload: &[u8]) -> Result<FactReader<'_>, FrameError> {
    match payload.first() {
        None => Err(FrameError::Empty),
        Some(&VERSION) => Ok(FactReader {
            whole: payload.len(),
            rest: &payload[1..],
            index: 0,
        }),
        Some(&found) => Err(FrameError::UnknownVersion { found }),
    }
}

pub struct FactReader<'a> {
    whole: usize,
    rest: &'a [u8],
    index: usize,
}

impl Iterator for FactReader<'_> {
    type Item = Result<Fact, FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.whole - self.rest.len();
        match postcard::take_from_bytes(self.rest) {
            Ok((fact, rest)) => {
                self.rest = rest;
                self.index += 1;
                Some(Ok(fact))
            }
            Err(reason) => {
                self.rest = &[];
                Some(Err(FrameError::Malformed {
                    index: self.index,
                    offset,
                    reason,
                }))
            }
        }
    }
}
