use super::{ApplyError, Problem, Section};

/// Characters in a name.
pub(super) const NAME_CHARACTERS_MAX: usize = 64;

/// The last lane there can be: a message's id has ten bits for it.
pub(super) const LANE_MAX: u64 = 1023;

/// Collects what is wrong with one entry.
pub(super) struct Check<'a> {
    section: Section,
    name: String,
    errors: &'a mut Vec<ApplyError>,
}

impl<'a> Check<'a> {
    pub fn new(section: Section, name: impl Into<String>, errors: &'a mut Vec<ApplyError>) -> Self {
        Check {
            section,
            name: name.into(),
            errors,
        }
    }

    pub fn report(&mut self, field: &'static str, problem: Problem) {
        self.errors.push(ApplyError {
            section: self.section,
            name: self.name.clone(),
            field,
            problem,
        });
    }

    /// A name: not empty, trimmed, without control characters, at most [`NAME_CHARACTERS_MAX`].
    pub fn name(&mut self, name: &str) {
        self.filled("name", name, NAME_CHARACTERS_MAX);
    }

    /// A text of one line that must be there, without white space around it.
    pub fn filled(&mut self, field: &'static str, text: &str, characters_max: usize) {
        if text.is_empty() {
            return self.report(field, Problem::Empty);
        }
        if text.trim() != text {
            return self.report(field, Problem::Untrimmed);
        }
        self.line(field, text, characters_max);
    }

    /// A text of one line, possibly empty.
    pub fn line(&mut self, field: &'static str, text: &str, characters_max: usize) {
        if let Some(character) = text.chars().find(|c| c.is_control()) {
            self.report(
                field,
                Problem::Character {
                    character,
                    allowed: "printable characters",
                },
            );
        }
        self.length(field, text.chars().count(), 0, characters_max);
    }

    /// A text that goes to a carrier in a fixed ASCII field, possibly empty.
    pub fn ascii(&mut self, field: &'static str, text: &str, bytes_max: usize) {
        if let Some(character) = text.chars().find(|c| !c.is_ascii_graphic()) {
            self.report(
                field,
                Problem::Character {
                    character,
                    allowed: "printable ASCII characters",
                },
            );
        }
        self.length(field, text.chars().count(), 0, bytes_max);
    }

    pub fn digits(&mut self, field: &'static str, text: &str, digits_max: usize) {
        if let Some(character) = text.chars().find(|c| !c.is_ascii_digit()) {
            self.report(
                field,
                Problem::Character {
                    character,
                    allowed: "the digits 0 to 9",
                },
            );
        }
        self.length(field, text.chars().count(), 0, digits_max);
    }

    pub fn length(&mut self, field: &'static str, length: usize, length_min: usize, length_max: usize) {
        if length < length_min {
            self.report(field, Problem::TooShort { length, length_min });
        }
        if length > length_max {
            self.report(field, Problem::TooLong { length, length_max });
        }
    }

    pub fn range(&mut self, field: &'static str, value: impl Into<u64>, min: u64, max: u64) {
        let value = value.into();
        if !(min..=max).contains(&value) {
            self.report(field, Problem::OutOfRange { value, min, max });
        }
    }

    /// Relative shares, 1…1000.
    pub fn weight(&mut self, field: &'static str, value: u16) {
        self.range(field, value, 1, 1000);
    }

    /// A value that a list holds twice.
    pub fn unique<'v>(&mut self, field: &'static str, values: impl IntoIterator<Item = &'v str>) {
        let mut seen = std::collections::BTreeSet::new();
        for value in values {
            if !seen.insert(value) {
                self.report(
                    field,
                    Problem::Duplicate {
                        value: value.to_owned(),
                    },
                );
            }
        }
    }
}
