use super::SecretSource;
use crate::catalog::{
    Carrier, ConcatenationReference, Modules, Priority, Protocol, ReceiptIdForm, Strategy, UncertainPolicy,
};
use compact_str::CompactString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// The apply file: lists of entries that refer to each other by name. It is the whole truth: what it does not name goes.
///
/// Names are unique per section over the installation; only templates are unique per organisation.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApplyFile {
    pub organisation: Vec<OrganisationEntry>,
    pub business_type: Vec<BusinessTypeEntry>,
    pub connection: Vec<ConnectionEntry>,
    pub route_group: Vec<RouteGroupEntry>,
    /// Tried in the order of the file.
    pub route_rule: Vec<RouteRuleEntry>,
    pub account: Vec<AccountEntry>,
    pub template: Vec<TemplateEntry>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationEntry {
    pub name: CompactString,
    /// 1…1000, default 1.
    #[serde(default = "weight")]
    pub weight: u16,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusinessTypeEntry {
    pub name: CompactString,
    /// `high`, `medium` (default) or `low`.
    #[serde(default)]
    pub priority: Priority,
    /// `hold` (default) or `resend_once`.
    #[serde(default)]
    pub uncertain: UncertainPolicy,
    /// Seconds an unsent message stays valid, 60…604,800; default one day.
    #[serde(default = "validity_s")]
    pub validity_s: u32,
    /// Seconds a receipt is waited for, 60…604,800; default 48 hours.
    #[serde(default = "receipt_wait_s")]
    pub receipt_wait_s: u32,
    /// Default false: free text is allowed.
    #[serde(default)]
    pub template_required: bool,
    /// Default true.
    #[serde(default = "yes")]
    pub receipts: bool,
    /// Default none.
    #[serde(default)]
    pub tail: CompactString,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionEntry {
    pub name: CompactString,
    /// Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// `cmpp2.0`, `cmpp3.0` or `smpp3.4`.
    pub protocol: Protocol,
    pub host: CompactString,
    /// Default 7890 for CMPP, 2775 for SMPP.
    pub port: Option<u16>,
    pub login: CompactString,
    pub password: SecretSource,
    /// 1…32, default 1.
    #[serde(default = "sessions")]
    pub sessions: u8,
    /// 1…4096, default 16, the usual one of CMPP.
    #[serde(default = "window")]
    pub window: u16,
    /// 1…100,000, default 100. The carrier's contract says how much it may be.
    #[serde(default = "rate_per_second")]
    pub rate_per_second: u32,
    /// 0…4096, default 0.
    #[serde(default)]
    pub look_ahead: u16,
    pub source_number: CompactString,
    /// Default empty.
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
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteGroupEntry {
    pub name: CompactString,
    /// `primary_backup` (default: members in the order of preference) or `weighted`.
    #[serde(default = "primary_backup")]
    pub strategy: Strategy,
    pub members: Vec<MemberEntry>,
}

/// A member of a group: `"connection"` or `{ connection = "…", weight = 3 }`.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberEntry {
    pub connection: CompactString,
    /// 1…1000, default 1.
    pub weight: u16,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteRuleEntry {
    pub name: CompactString,
    /// Empty (the default of all four lists) fits all.
    #[serde(default)]
    pub accounts: Vec<CompactString>,
    #[serde(default)]
    pub business_types: Vec<CompactString>,
    #[serde(default)]
    pub carriers: Vec<Carrier>,
    #[serde(default)]
    pub provinces: Vec<CompactString>,
    /// The route group.
    pub group: CompactString,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    pub name: CompactString,
    pub organisation: CompactString,
    /// Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Each off unless switched on (SEND-10).
    #[serde(default)]
    pub modules: Modules,
    /// Connections granted one by one; none by default (SEND-10).
    #[serde(default)]
    pub connections: Vec<CompactString>,
    /// Default without limit.
    pub quota_per_day: Option<u64>,
    /// 1…1000, default 1.
    #[serde(default = "weight")]
    pub weight: u16,
    /// Digits; default none.
    #[serde(default)]
    pub extension: CompactString,
    /// Default none.
    #[serde(default)]
    pub signature: CompactString,
    pub business_type: CompactString,
    /// In 1/10,000 yuan, 0…1,000,000; default 0.
    #[serde(default)]
    pub price_per_segment: u32,
    /// 16…128 characters. Without it a new account gets a fresh key and an existing one keeps its own.
    pub api_key: Option<SecretSource>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateEntry {
    /// Unique in the organisation.
    pub name: CompactString,
    pub organisation: CompactString,
    pub text: String,
    pub business_type: CompactString,
}

fn weight() -> u16 {
    1
}

fn yes() -> bool {
    true
}

fn validity_s() -> u32 {
    24 * 3600
}

fn receipt_wait_s() -> u32 {
    48 * 3600
}

fn sessions() -> u8 {
    1
}

fn window() -> u16 {
    16
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

fn primary_backup() -> Strategy {
    Strategy::PrimaryBackup
}

impl<'de> Deserialize<'de> for MemberEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = MemberEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a connection's name or { connection = \"…\", weight = 1 }")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<MemberEntry, E> {
        Ok(MemberEntry {
            connection: name.into(),
            weight: weight(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MemberEntry, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            connection: CompactString,
            #[serde(default = "weight")]
            weight: u16,
        }
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        Ok(MemberEntry {
            connection: table.connection,
            weight: table.weight,
        })
    }
}
