use super::people::Person;
use super::stream::{STREAMS, Stream, Words};
use carillon_api::{MessageRequest, Text, Variables};
use carillon_domain::intake::{Draft, PlanDraft, Words as DraftWords};

/// One message that a system of the hospital wants to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoMessage {
    pub(super) stream: usize,
    pub to: Person,
    /// The address, where the stream uses one.
    pub mail: Option<String>,
    pub(super) values: Vec<(&'static str, String)>,
    /// The system's own name for it.
    pub reference: String,
}

impl DemoMessage {
    pub(super) fn stream(&self) -> &'static Stream {
        &STREAMS[self.stream]
    }

    pub fn account(&self) -> &'static str {
        self.stream().account
    }

    /// As it goes over REST.
    pub fn request(&self) -> MessageRequest<'_> {
        let stream = self.stream();
        let (text, template) = match stream.words {
            Words::Template(name) => (None, Some(name.into())),
            Words::Text(text) => (Some(text.into()), None),
        };
        let variables = self.values.iter().map(|(name, value)| {
            let value: Text<'_> = value.as_str().into();
            (Text::from(*name), value)
        });
        MessageRequest {
            to: Some(self.to.phone.as_str().into()),
            mail: self.mail.as_deref().map(Text::from),
            text,
            template,
            variables: Variables::new(variables),
            reference: Some(self.reference.as_str().into()),
            strategy: stream.strategy.map(Text::from),
            ..MessageRequest::default()
        }
    }

    /// As intake checks it.
    pub(super) fn draft(&self) -> Draft<'_> {
        let stream = self.stream();
        let words = match stream.words {
            Words::Template(name) => DraftWords {
                template: Some(name),
                ..DraftWords::default()
            },
            Words::Text(text) => DraftWords {
                text: Some(text),
                ..DraftWords::default()
            },
        };
        Draft {
            mail: self.mail.as_deref(),
            words,
            variables: &self.values,
            reference: Some(&self.reference),
            plan: stream.strategy.map_or(PlanDraft::Simple, PlanDraft::Strategy),
            ..Draft::of_text(&self.to.phone, "")
        }
    }
}
