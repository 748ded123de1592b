use crate::catalog::Priority;
use crate::content::Attachment;
use crate::day_window::DayWindow;
use crate::plan::{ChannelKind, Condition};
use crate::time::UnixMs;
use std::collections::BTreeMap;

/// One message as a caller asks for it.
#[derive(Clone, Copy)]
pub struct Draft<'a> {
    /// The recipient's number, as people write it. At least one of number and address is there.
    pub to: Option<&'a str>,
    /// The recipient's mail address.
    pub mail: Option<&'a str>,
    /// What is said, where a step of the plan does not say otherwise.
    pub words: Words<'a>,
    pub variables: &'a dyn Variables,
    /// Instead of the account's own; without 【】. Empty for none.
    pub signature: Option<&'a str>,
    /// Name of the business type; else the template's or the account's.
    pub business_type: Option<&'a str>,
    /// Instead of the business type's; never a higher class than that.
    pub priority: Option<Priority>,
    /// The caller's own name for the message.
    pub reference: Option<&'a str>,
    /// Seconds an unsent message stays valid, counted from `not_before` or acceptance; else the business type's.
    pub validity_s: Option<u32>,
    /// Nothing is written before this moment.
    pub not_before: Option<UnixMs>,
    /// The recipient's own sending window.
    pub window: Option<DayWindow>,
    pub plan: PlanDraft<'a>,
}

/// Words of a message: free text and HTML, or a template's name, never both.
#[derive(Clone, Copy, Default)]
pub struct Words<'a> {
    /// The whole text, or…
    pub text: Option<&'a str>,
    /// …a template's name with values for its variables.
    pub template: Option<&'a str>,
    /// Of a mail whose template has none.
    pub subject: Option<&'a str>,
    /// Of a mail with free text, beside it or instead of it.
    pub html: Option<&'a str>,
    /// Of a mail.
    pub attachments: &'a [Attachment],
}

/// Which channels a message takes (SEND-2).
#[derive(Clone, Copy, Default)]
pub enum PlanDraft<'a> {
    /// SMS when there is a number, else mail.
    #[default]
    Simple,
    /// A stored strategy of the organisation, by name.
    Strategy(&'a str),
    Steps(&'a [StepDraft<'a>]),
}

/// One step of a plan.
#[derive(Clone)]
pub struct StepDraft<'a> {
    pub channel: ChannelKind,
    /// Instead of the message's text, HTML and template where one of these is given; the same for subject and attachments.
    pub words: Words<'a>,
    pub when: Option<Condition>,
}

impl<'a> Draft<'a> {
    /// A draft of plain text to a number; the other fields are left to the account.
    pub fn of_text(to: &'a str, text: &'a str) -> Self {
        Draft {
            to: Some(to),
            mail: None,
            words: Words {
                text: Some(text),
                ..Words::default()
            },
            variables: &(),
            signature: None,
            business_type: None,
            priority: None,
            reference: None,
            validity_s: None,
            not_before: None,
            window: None,
            plan: PlanDraft::Simple,
        }
    }
}

/// Values for the variables of a template, by name.
pub trait Variables {
    fn value(&self, name: &str) -> Option<&str>;
}

/// None at all.
impl Variables for () {
    fn value(&self, _: &str) -> Option<&str> {
        None
    }
}

impl<K: Ord + std::borrow::Borrow<str>, V: AsRef<str>> Variables for BTreeMap<K, V> {
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(AsRef::as_ref)
    }
}

/// The first pair of a name counts.
impl<K: AsRef<str>, V: AsRef<str>> Variables for [(K, V)] {
    fn value(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(given, _)| given.as_ref() == name)
            .map(|(_, value)| value.as_ref())
    }
}

impl<K: AsRef<str>, V: AsRef<str>, const N: usize> Variables for [(K, V); N] {
    fn value(&self, name: &str) -> Option<&str> {
        self.as_slice().value(name)
    }
}

impl<K: AsRef<str>, V: AsRef<str>> Variables for Vec<(K, V)> {
    fn value(&self, name: &str) -> Option<&str> {
        self.as_slice().value(name)
    }
}
