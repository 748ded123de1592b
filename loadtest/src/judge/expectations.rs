use crate::load::{Acknowledgement, Outcome};
use crate::reminders::{Expected, Reminder};
use std::collections::HashMap;

/// Which lines have to be refused, and how. All others have to be accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations(HashMap<u64, (String, String)>);

impl Expectations {
    /// Lines of number, code and field with tabs between; `None` if a line is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let parse = |line: &str| {
            let mut fields = line.split('\t');
            let number = fields.next()?.parse().ok()?;
            Some((number, (fields.next()?.to_owned(), fields.next()?.to_owned())))
        };
        text.lines().map(parse).collect::<Option<_>>().map(Expectations)
    }

    pub fn expect(&mut self, reminder: &Reminder) {
        if let Some(expected) = reminder.expected {
            self.expect_line(reminder.line, expected);
        }
    }

    pub fn expect_line(&mut self, line: u64, expected: Expected) {
        self.0
            .insert(line, (expected.code.to_owned(), expected.field.to_owned()));
    }

    /// How many lines have to be refused.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file that [`Expectations::parse`] reads, by line.
    pub fn to_text(&self) -> String {
        let mut lines: Vec<_> = self.0.iter().collect();
        lines.sort_unstable();
        lines
            .iter()
            .map(|(line, (code, field))| format!("{line}\t{code}\t{field}\n"))
            .collect()
    }

    /// What is wrong with a line's fate, in words. An empty expected field fits any.
    pub fn misjudged(&self, told: &Acknowledgement) -> Option<String> {
        let expected = self.0.get(&told.line);
        let fits = match (&told.outcome, expected) {
            (Outcome::Accepted(_), None) => true,
            (Outcome::Refused { code, field }, Some((right_code, right_field))) => {
                code == right_code && (right_field.is_empty() || field == right_field)
            }
            _ => false,
        };
        (!fits).then(|| format!("line {}: {:?}, expected {expected:?}", told.line, told.outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reminders::Reminders;
    use carillon_domain::ids::MessageId;

    #[test]
    fn lines_are_judged_by_what_was_expected() {
        let text = "2\tinvalid_phone\tto\n3\tduplicate_line\t\n";
        let expectations = Expectations::parse(text).expect("a file");
        assert_eq!(expectations.to_text(), text);
        let refused = |code: &str, field: &str| Outcome::Refused {
            code: code.into(),
            field: field.into(),
        };
        let cases = [
            (1, Outcome::Accepted(MessageId(1)), true),
            (1, refused("invalid_phone", "to"), false),
            (2, refused("invalid_phone", "to"), true),
            (2, refused("invalid_phone", "text"), false),
            (2, Outcome::Accepted(MessageId(1)), false),
            (3, refused("duplicate_line", "line 2"), true),
            (3, Outcome::Unanswered, false),
        ];
        for (line, outcome, right) in cases {
            let told = Acknowledgement {
                line,
                marker: None,
                phone: "".into(),
                outcome,
            };
            assert_eq!(expectations.misjudged(&told).is_none(), right, "{told:?}");
        }
        assert_eq!(Expectations::parse("x\ty\tz"), None);
    }

    #[test]
    fn reminders_expect_exactly_their_broken_lines() {
        let mut expectations = Expectations::default();
        let reminders: Vec<_> = Reminders::new(5, 0.2).take(1_000).collect();
        reminders
            .iter()
            .for_each(|reminder| expectations.expect(reminder));
        let broken = reminders
            .iter()
            .filter(|reminder| reminder.expected.is_some())
            .count();
        assert!(broken > 100);
        assert_eq!(expectations.0.len(), broken);
    }
}
