use super::Environment;
use crate::catalog::Secret;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Where a secret of the apply file comes from: `"text"`, `{ env = "NAME" }`, `{ file = "/path" }` or `{ stored = true }`.
///
/// A literal is never written out: it is written as what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    Literal(Secret),
    /// An environment variable.
    Env(String),
    /// A file's text without the line end at its end.
    File(String),
    /// What the catalog has already.
    Stored,
}

impl SecretSource {
    /// `stored` is what the catalog has in this place.
    pub(super) fn read(
        &self,
        stored: Option<&Secret>,
        environment: &dyn Environment,
    ) -> Result<Secret, String> {
        match self {
            SecretSource::Literal(secret) => Ok(secret.clone()),
            SecretSource::Env(name) => {
                let text = environment.variable(name);
                text.map(Secret::new)
                    .map_err(|reason| format!("environment variable `{name}`: {reason}"))
            }
            SecretSource::File(path) => {
                let text = environment
                    .file(path)
                    .map_err(|reason| format!("file `{path}`: {reason}"))?;
                Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
            }
            SecretSource::Stored => {
                let nothing = || "the catalog: nothing is stored in this place".to_owned();
                stored.cloned().ok_or_else(nothing)
            }
        }
    }
}

impl Serialize for SecretSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            SecretSource::Literal(_) | SecretSource::Stored => map.serialize_entry("stored", &true)?,
            SecretSource::Env(name) => map.serialize_entry("env", name)?,
            SecretSource::File(path) => map.serialize_entry("file", path)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretSourceVisitor)
    }
}

struct SecretSourceVisitor;

impl<'de> Visitor<'de> for SecretSourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, { env = \"NAME\" }, { file = \"/path\" } or { stored = true }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SecretSource, E> {
        Ok(SecretSource::Literal(Secret::new(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretSource, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        match (table.env, table.file, table.stored) {
            (Some(name), None, None) => Ok(SecretSource::Env(name)),
            (None, Some(path), None) => Ok(SecretSource::File(path)),
            (None, None, Some(true)) => Ok(SecretSource::Stored),
            _ => Err(A::Error::custom(
                "a secret has either `env`, `file` or `stored = true`",
            )),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    env: Option<String>,
    file: Option<String>,
    stored: Option<bool>,
}
