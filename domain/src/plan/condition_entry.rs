use super::Condition;
use compact_str::CompactString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A condition as files and requests write it: `"together"`, `"not_submitted"`, `"failed"`, `{ failed = ["UNDELIV"] }`,
/// `{ not_delivered_within_s = 300 }` or `{ not_read_within_s = 300 }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionEntry(pub Condition);

const TOGETHER: &str = "together";
const NOT_SUBMITTED: &str = "not_submitted";
const FAILED: &str = "failed";

impl Serialize for ConditionEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Condition::Together => serializer.serialize_str(TOGETHER),
            Condition::NotSubmitted => serializer.serialize_str(NOT_SUBMITTED),
            Condition::Failed { codes } if codes.is_empty() => serializer.serialize_str(FAILED),
            Condition::Failed { codes } => one_entry(serializer, FAILED, codes),
            Condition::NotDeliveredWithin { seconds } => {
                one_entry(serializer, "not_delivered_within_s", seconds)
            }
            Condition::NotReadWithin { seconds } => one_entry(serializer, "not_read_within_s", seconds),
        }
    }
}

fn one_entry<S: Serializer>(
    serializer: S,
    key: &'static str,
    value: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

impl<'de> Deserialize<'de> for ConditionEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConditionVisitor)
    }
}

struct ConditionVisitor;

impl<'de> Visitor<'de> for ConditionVisitor {
    type Value = ConditionEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "\"together\", \"not_submitted\", \"failed\", { failed = [\"CODE\"] }, { not_delivered_within_s = 300 } or \
             { not_read_within_s = 300 }",
        )
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<ConditionEntry, E> {
        let condition = match word {
            TOGETHER => Condition::Together,
            NOT_SUBMITTED => Condition::NotSubmitted,
            FAILED => Condition::Failed { codes: Vec::new() },
            _ => return Err(E::unknown_variant(word, &[TOGETHER, NOT_SUBMITTED, FAILED])),
        };
        Ok(ConditionEntry(condition))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ConditionEntry, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            failed: Option<Vec<CompactString>>,
            not_delivered_within_s: Option<u32>,
            not_read_within_s: Option<u32>,
        }
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        let condition = match (
            table.failed,
            table.not_delivered_within_s,
            table.not_read_within_s,
        ) {
            (Some(codes), None, None) => Condition::Failed { codes },
            (None, Some(seconds), None) => Condition::NotDeliveredWithin { seconds },
            (None, None, Some(seconds)) => Condition::NotReadWithin { seconds },
            _ => {
                return Err(A::Error::custom(
                    "a condition is either `failed`, `not_delivered_within_s` or `not_read_within_s`",
                ));
            }
        };
        Ok(ConditionEntry(condition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_forms() {
        let cases = [
            ("\"together\"", Condition::Together),
            ("\"not_submitted\"", Condition::NotSubmitted),
            ("\"failed\"", Condition::Failed { codes: vec![] }),
            (
                "{\"failed\":[\"UNDELIV\",\"MA:0001\"]}",
                Condition::Failed {
                    codes: vec!["UNDELIV".into(), "MA:0001".into()],
                },
            ),
            (
                "{\"not_delivered_within_s\":300}",
                Condition::NotDeliveredWithin { seconds: 300 },
            ),
            (
                "{\"not_read_within_s\":60}",
                Condition::NotReadWithin { seconds: 60 },
            ),
        ];
        for (text, condition) in cases {
            let entry = ConditionEntry(condition);
            assert_eq!(serde_json::from_str::<ConditionEntry>(text).unwrap(), entry);
            assert_eq!(serde_json::to_string(&entry).unwrap(), text);
        }
        assert_eq!(
            serde_json::from_str::<ConditionEntry>("{\"failed\":[]}").unwrap(),
            ConditionEntry(Condition::Failed { codes: vec![] })
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "\"\"",
            "\"not_delivered_within_s\"",
            "{}",
            "[]",
            "300",
            "null",
            "{\"failed\":[],\"not_read_within_s\":60}",
            "{\"failed\":\"UNDELIV\"}",
            "{\"not_read_within_s\":-1}",
            "{\"not_read_within\":60}",
        ] {
            assert!(serde_json::from_str::<ConditionEntry>(text).is_err(), "{text}");
        }
    }
}
