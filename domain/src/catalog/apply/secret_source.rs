use super::Environment;
use crate::catalog::Secret;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Where a secret of the apply file comes from: `"text"`, `{ env = "NAME" }` or `{ file = "/path" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    Literal(Secret),
    /// An environment variable.
    Env(String),
    /// A file's text without the line end at its end.
    File(String),
}

impl SecretSource {
    pub(super) fn read(&self, environment: &dyn Environment) -> Result<Secret, String> {
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
        }
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
        f.write_str("a text, { env = \"NAME\" } or { file = \"/path\" }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SecretSource, E> {
        Ok(SecretSource::Literal(Secret::new(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretSource, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        match (table.env, table.file) {
            (Some(name), None) => Ok(SecretSource::Env(name)),
            (None, Some(path)) => Ok(SecretSource::File(path)),
            _ => Err(A::Error::custom("a secret has either `env` or `file`")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    env: Option<String>,
    file: Option<String>,
}
