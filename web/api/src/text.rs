//! Texts of a request, borrowed from its body where JSON needed no unescaping: a batch line then allocates nothing.

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The most variables one request may carry.
pub const VARIABLES_MAX: usize = 64;

/// A text that borrows from the body when it can. (`Option<Cow<str>>` itself never borrows under serde.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Text<'_> {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text(Cow::Owned(text))
    }
}

/// Values for a template's variables by name: a JSON object of texts and whole numbers, at most [`VARIABLES_MAX`].
///
/// Other values are refused: a fraction would lose its trailing zeros ("12.50"), so it has to come as a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables<'a>(Vec<(Text<'a>, Text<'a>)>);

impl<'a> Variables<'a> {
    pub fn new(values: impl IntoIterator<Item = (Text<'a>, Text<'a>)>) -> Self {
        Variables(values.into_iter().collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n.as_str() == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl carillon_domain::intake::Variables for Variables<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name)
    }
}

impl Serialize for Variables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Variables<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(VariablesVisitor)
    }
}

struct VariablesVisitor;

impl<'de> Visitor<'de> for VariablesVisitor {
    type Value = Variables<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of variables")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Variables<'de>, A::Error> {
        let mut variables = Variables::default();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            if variables.0.len() == VARIABLES_MAX {
                return Err(A::Error::custom(format_args!(
                    "more than {VARIABLES_MAX} variables"
                )));
            }
            if variables.get(name.as_str()).is_some() {
                return Err(A::Error::custom(format_args!(
                    "variable `{}` is given twice",
                    name.as_str()
                )));
            }
            let Value(value) = map.next_value()?;
            variables.0.push((name, value));
        }
        Ok(variables)
    }
}

struct Value<'a>(Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor).map(Value)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a whole number")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(text.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(text.to_owned().into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Text<'de>, E> {
        Ok(text.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Text<'de>, E> {
        Ok(number.to_string().into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Text<'de>, E> {
        Ok(number.to_string().into())
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use super::Variables;
    use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Type};
    use utoipa::openapi::{RefOr, Schema};

    impl utoipa::PartialSchema for Variables<'_> {
        fn schema() -> RefOr<Schema> {
            let value = OneOfBuilder::new()
                .item(ObjectBuilder::new().schema_type(Type::String))
                .item(ObjectBuilder::new().schema_type(Type::Integer));
            ObjectBuilder::new()
                .description(Some("Values of the template's variables by name."))
                .additional_properties(Some(AdditionalProperties::from(Schema::from(value))))
                .max_properties(Some(super::VARIABLES_MAX))
                .into()
        }
    }

    impl utoipa::ToSchema for Variables<'_> {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_texts_are_borrowed_and_escaped_ones_are_owned() {
        let variables: Variables<'_> =
            serde_json::from_str(r#"{"name":"王","note":"a\nb","count":3,"low":-1}"#).unwrap();
        assert!(matches!(variables.0[0].1.0, Cow::Borrowed("王")));
        assert!(matches!(variables.0[1].1.0, Cow::Owned(_)));
        assert_eq!(variables.get("count"), Some("3"));
        assert_eq!(variables.get("low"), Some("-1"));
        assert_eq!(variables.get("absent"), None);
        let optional: Option<Text<'_>> = serde_json::from_str(r#""plain""#).unwrap();
        assert!(matches!(optional, Some(Text(Cow::Borrowed("plain")))));
    }

    #[test]
    fn what_is_not_a_text_or_a_whole_number_is_refused() {
        for body in [
            r#"{"a":1.5}"#,
            r#"{"a":true}"#,
            r#"{"a":null}"#,
            r#"{"a":[]}"#,
            r#"{"a":{}}"#,
            r#"[]"#,
            r#"{"a":"1","a":"2"}"#,
        ] {
            assert!(serde_json::from_str::<Variables<'_>>(body).is_err(), "{body}");
        }
        let many: String = (0..=VARIABLES_MAX).map(|n| format!(r#""v{n}":"","#)).collect();
        let body = format!("{{{}}}", many.trim_end_matches(','));
        assert!(
            serde_json::from_str::<Variables<'_>>(&body)
                .unwrap_err()
                .to_string()
                .contains("more than")
        );
    }

    #[test]
    fn variables_survive_a_round_trip() {
        let variables = Variables::new([("姓名".into(), "王\"女士\"".into()), ("t".into(), "".into())]);
        let text = serde_json::to_string(&variables).unwrap();
        assert_eq!(serde_json::from_str::<Variables<'_>>(&text).unwrap(), variables);
    }
}
