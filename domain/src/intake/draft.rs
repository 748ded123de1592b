use std::collections::BTreeMap;

/// One message as a caller asks for it.
#[derive(Clone, Copy)]
pub struct Draft<'a> {
    /// The recipient's number, as people write it.
    pub to: &'a str,
    /// The whole text, or…
    pub text: Option<&'a str>,
    /// …a template's name with values for its variables.
    pub template: Option<&'a str>,
    pub variables: &'a dyn Variables,
    /// Instead of the account's own; without 【】. Empty for none.
    pub signature: Option<&'a str>,
    /// Name of the business type; else the template's or the account's.
    pub business_type: Option<&'a str>,
    /// The caller's own name for the message.
    pub reference: Option<&'a str>,
    /// Seconds an unsent message stays valid; else the business type's.
    pub validity_s: Option<u32>,
}

impl<'a> Draft<'a> {
    /// A draft of plain text; the other fields are left to the account.
    pub fn of_text(to: &'a str, text: &'a str) -> Self {
        Draft {
            to,
            text: Some(text),
            template: None,
            variables: &(),
            signature: None,
            business_type: None,
            reference: None,
            validity_s: None,
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
