use super::one;
use crate::catalog::{Carrier, Strategy};
use compact_str::CompactString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteGroupEntry {
    pub name: CompactString,
    /// `primary_backup` (default: members in the order of preference), `weighted`,
    /// `least_busy` or `adaptive` (members that deliver well and soon, measured).
    #[serde(default = "primary_backup")]
    pub strategy: Strategy,
    /// Of one channel kind.
    pub members: Vec<MemberEntry>,
}

/// A member of a group: `"connection"` or `{ connection = "…", weight = 3 }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberEntry {
    pub connection: CompactString,
    /// 1…1000, default 1.
    pub weight: u16,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
            weight: one(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MemberEntry, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            connection: CompactString,
            #[serde(default = "one")]
            weight: u16,
        }
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        Ok(MemberEntry {
            connection: table.connection,
            weight: table.weight,
        })
    }
}
