use crate::attachment::AttachmentRequest;
use crate::text::Text;
use carillon_domain::plan::{ChannelKind, ConditionEntry};
use serde::{Deserialize, Serialize};

/// One attempt of a plan. What it does not say, the message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StepRequest<'a> {
    /// `sms` or `mail`.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "sms"))]
    pub channel: ChannelKind,
    /// When it starts, as what became of the step before: absent in the first step, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = condition))]
    pub when: Option<ConditionEntry>,
    /// Text, template and HTML go together: none of the message's is taken when the step has one of them.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub text: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub template: Option<Text<'a>>,
    /// Of a mail.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub subject: Option<Text<'a>>,
    /// Of a mail.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub html: Option<Text<'a>>,
    /// Of a mail, instead of the message's.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<AttachmentRequest<'static>>, required = false))]
    pub attachments: Vec<AttachmentRequest<'a>>,
}

/// The written forms of a [`ConditionEntry`].
#[cfg(feature = "openapi")]
fn condition() -> utoipa::openapi::Schema {
    use carillon_domain::plan::{CODES_MAX, WAIT_S};
    use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
    let word = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(["together", "not_submitted", "failed"]))
        .description(Some(
            "`together`: at the same time as the step before; `not_submitted`: no carrier or mail server took it; `failed`: \
             it failed, whatever the code",
        ));
    let object = |name: &str, value: utoipa::openapi::RefOr<utoipa::openapi::Schema>| {
        ObjectBuilder::new()
            .property(name, value)
            .required(name)
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
    };
    let codes = ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(Type::String))
        .max_items(Some(CODES_MAX))
        .description(Some("It failed with one of these codes."));
    let seconds = || {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(*WAIT_S.start()))
            .maximum(Some(*WAIT_S.end()))
            .description(Some("Seconds; only time in which the connection was up counts."))
    };
    OneOfBuilder::new()
        .item(word)
        .item(object("failed", codes.into()))
        .item(object("not_delivered_within_s", seconds().into()))
        .item(object("not_read_within_s", seconds().into()))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::plan::Condition;

    #[test]
    fn steps_as_callers_write_them() {
        let plan = r#"[{"channel":"sms"},{"channel":"mail","when":{"not_delivered_within_s":300},"template":"report"},{"channel":"sms","when":"failed","text":"a"}]"#;
        let steps: Vec<StepRequest<'_>> = serde_json::from_str(plan).unwrap();
        let conditions: Vec<_> = steps
            .iter()
            .map(|step| step.when.as_ref().map(|when| &when.0))
            .collect();
        assert_eq!(
            conditions,
            [
                None,
                Some(&Condition::NotDeliveredWithin { seconds: 300 }),
                Some(&Condition::Failed { codes: vec![] })
            ]
        );
        assert_eq!(serde_json::to_string(&steps).unwrap(), plan);
        for wrong in [
            r#"{"channel":"smoke"}"#,
            r#"{"channel":"sms","wehn":"failed"}"#,
            r#"{"channel":"sms","when":"sometimes"}"#,
            r#"{"channel":"sms","when":{}}"#,
            r#"{"when":"failed"}"#,
        ] {
            assert!(serde_json::from_str::<StepRequest<'_>>(wrong).is_err(), "{wrong}");
        }
    }
}
