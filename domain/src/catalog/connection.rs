use super::MailSettings;
use crate::ids::ConnectionId;
use crate::plan::ChannelKind;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// One configured link to one carrier account or mail relay (通道).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    pub id: ConnectionId,
    pub name: CompactString,
    pub enabled: bool,
    pub protocol: Protocol,
    pub host: CompactString,
    pub port: u16,
    /// CMPP Source_Addr (≤ 6), SMPP system_id (≤ 15), user of the relay (empty: no AUTH).
    pub login: CompactString,
    /// CMPP shared secret, SMPP password (≤ 8). Encrypted at rest, never logged or shown.
    pub password: Secret,
    /// TCP sessions held at the same time, 1…32.
    pub sessions: u8,
    /// Unanswered submits per session, 1…4096; a session with a relay has one mail in flight (WIN-1).
    pub window: u16,
    /// Segments written in any sliding second over all sessions (RATE-1).
    pub rate_per_second: u32,
    /// INTENTs journalled ahead of free window slots; 0 unless the disk is slow (UNC-1).
    pub look_ahead: u16,
    /// The access number (接入号); an account's extension is appended. Empty for a relay.
    pub source_number: CompactString,
    /// CMPP Service_Id (≤ 10), SMPP service_type (≤ 5).
    pub service_id: CompactString,
    /// How the carrier names segments in receipts (SMPP; traps: hex here, decimal there).
    pub receipt_id_form: ReceiptIdForm,
    pub concatenation: ConcatenationReference,
    /// The gateway appends a signature of this many characters itself; room is kept in the last segment.
    pub signature_reserve: u8,
    /// Seconds until an unanswered submit is UNCERTAIN; the protocol's T (CMPP 60).
    pub response_timeout_s: u16,
    /// Seconds of silence with requests open until the breaker opens (black hole).
    pub silence_s: u16,
    /// Check the carrier's own authenticator (CMPP AuthenticatorISMG); many gateways send zeros.
    pub verify_peer: bool,
    /// The one lane that uses it. Without, every lane does, with its share of sessions and rate.
    #[serde(default)]
    pub lane: Option<u16>,
    /// Present for a mail relay, and only there.
    #[serde(default)]
    pub mail: Option<MailSettings>,
}

impl Connection {
    /// What it carries.
    pub fn kind(&self) -> ChannelKind {
        match self.protocol {
            Protocol::Cmpp20 | Protocol::Cmpp30 | Protocol::Smpp34 => ChannelKind::Sms,
            Protocol::Smtp => ChannelKind::Mail,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Protocol {
    #[serde(rename = "cmpp2.0")]
    Cmpp20,
    #[serde(rename = "cmpp3.0")]
    Cmpp30,
    #[serde(rename = "smpp3.4")]
    Smpp34,
    #[serde(rename = "smtp")]
    Smtp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptIdForm {
    /// The same text in the response and in the receipt.
    #[default]
    AsIs,
    /// Hexadecimal in the response, decimal in the receipt.
    ResponseHex,
    /// Decimal in the response, hexadecimal in the receipt.
    ReceiptHex,
}

/// Which concatenation header long messages carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConcatenationReference {
    /// Six bytes, 8-bit reference: 67 UCS-2 units or 153 septets a segment.
    #[default]
    EightBit,
    /// Seven bytes, 16-bit reference: 66 UCS-2 units or 152 septets a segment.
    SixteenBit,
}

/// Text that must not be shown. `Debug` and `Display` print stars.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text itself. Every caller is a place where it may leak.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
