use super::super::SecretSource;
use super::yes;
use crate::catalog::{ConcatenationReference, MailSecurity, Protocol, ReceiptIdForm};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionEntry {
    pub name: CompactString,
    /// Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// `cmpp2.0`, `cmpp3.0`, `smpp3.4` or `smtp`.
    pub protocol: Protocol,
    pub host: CompactString,
    /// Default 7890 for CMPP, 2775 for SMPP; for SMTP 25, 587 or 465 by its security.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// May be left out for SMTP only: no authentication.
    #[serde(default)]
    pub login: CompactString,
    /// May be left out for SMTP only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// 1…32, default 1.
    #[serde(default = "sessions")]
    pub sessions: u8,
    /// 1…4096, default 16, the usual one of CMPP; 1 for SMTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u16>,
    /// 1…100,000, default 100. The carrier's contract says how much it may be.
    #[serde(default = "rate_per_second")]
    pub rate_per_second: u32,
    /// 0…4096, default 0.
    #[serde(default)]
    pub look_ahead: u16,
    /// Left out for SMTP.
    #[serde(default)]
    pub source_number: CompactString,
    /// Default empty; left out for SMTP.
    #[serde(default)]
    pub service_id: CompactString,
    /// `as_is` (default), `response_hex` or `receipt_hex`.
    #[serde(default)]
    pub receipt_id_form: ReceiptIdForm,
    /// `eight_bit` (default) or `sixteen_bit`.
    #[serde(default)]
    pub concatenation: ConcatenationReference,
    /// 0…20 characters, default 0.
    #[serde(default)]
    pub signature_reserve: u8,
    /// 1…600, default 60, the usual one of CMPP.
    #[serde(default = "response_timeout_s")]
    pub response_timeout_s: u16,
    /// 1…600, default 10.
    #[serde(default = "silence_s")]
    pub silence_s: u16,
    /// Default false, because many gateways leave the authenticator empty.
    #[serde(default)]
    pub verify_peer: bool,
    /// Of a cluster: the one lane that uses it, 0…1023; default every lane, with its share of sessions and rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<u16>,
    /// Needed for SMTP, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailEntry>,
}

/// What a mail relay needs besides; see [`crate::catalog::MailSettings`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailEntry {
    /// `none`, `starttls` (default) or `tls`.
    #[serde(default)]
    pub security: MailSecurity,
    pub from: CompactString,
    /// Default none.
    #[serde(default)]
    pub from_name: CompactString,
    /// Default none: bounces go to `from`, and are not recorded.
    #[serde(default)]
    pub return_path_domain: CompactString,
    /// 60…604,800, default one day.
    #[serde(default = "bounce_window_s")]
    pub bounce_window_s: u32,
    /// Default: the certificates that the system trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<CompactString>,
}

fn sessions() -> u8 {
    1
}

fn rate_per_second() -> u32 {
    100
}

fn response_timeout_s() -> u16 {
    60
}

fn silence_s() -> u16 {
    10
}

fn bounce_window_s() -> u32 {
    24 * 3600
}
