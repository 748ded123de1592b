//! CMPP_CONNECT_RESP (CMPP 2.0 §7.4.1.2 and CMPP 3.0).
//!
//! | field | octets in 2.0 | in 3.0 |
//! |---|---|---|
//! | Status | 1 | 4 |
//! | AuthenticatorISMG, zeros on failure | 16 | 16 |
//! | Version, the highest the gateway speaks | 1 | 1 |

use super::header::Header;
use super::version::Version;
use crate::error::DecodeError;
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectResp {
    /// See [`ConnectStatus`].
    pub status: u32,
    /// See [`super::auth::ismg`].
    pub authenticator: [u8; 16],
    pub version: u8,
}

/// The named values of Status; every other one is a refusal for another reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectStatus {
    Ok = 0,
    Structure = 1,
    SourceAddress = 2,
    Authentication = 3,
    VersionTooHigh = 4,
    Other = 5,
}

impl ConnectStatus {
    pub fn describe(status: u32) -> &'static str {
        match status {
            0 => "ok",
            1 => "message structure",
            2 => "illegal source address",
            3 => "authentication failed",
            4 => "version too high",
            _ => "other",
        }
    }
}

impl ConnectResp {
    pub const COMMAND: u32 = 0x8000_0001;

    /// `version` is the one that the client announced, whatever [`ConnectResp::version`] says. A status above 255 becomes 255 on 2.0.
    pub fn encode(&self, sequence: u32, version: Version, out: &mut BytesMut) {
        let header = Header {
            command: Self::COMMAND,
            sequence,
        };
        let mut body = [0; 21];
        body[4..20].copy_from_slice(&self.authenticator);
        body[20] = self.version;
        match version {
            Version::V20 => {
                body[3] = u8::try_from(self.status).unwrap_or(u8::MAX);
                header.put_infallible(out, &body[3..]);
            }
            Version::V30 => {
                body[..4].copy_from_slice(&self.status.to_be_bytes());
                header.put_infallible(out, &body);
            }
        }
    }

    /// Reads the layout from the length: some gateways answer in their own version instead of the client's.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let status = match body.len() {
            ..=18 => reader.u8("Status")?.into(),
            _ => reader.u32("Status")?,
        };
        let resp = Self {
            status,
            authenticator: reader.array16("AuthenticatorISMG")?,
            version: reader.u8("Version")?,
        };
        reader.finish()?;
        Ok(resp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_tells_the_layout() {
        for (version, length) in [(Version::V20, 30), (Version::V30, 33)] {
            let resp = ConnectResp {
                status: 3,
                authenticator: [7; 16],
                version: 0x30,
            };
            let mut out = BytesMut::new();
            resp.encode(9, version, &mut out);
            assert_eq!(out.len(), length);
            assert_eq!(ConnectResp::decode(&out[12..]), Ok(resp));
        }
        for length in [0, 17, 19, 20, 22] {
            assert!(ConnectResp::decode(&vec![0; length]).is_err(), "{length}");
        }
    }
}
