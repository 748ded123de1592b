use super::Section;
use serde::Serialize;
use std::fmt;

/// One difference between the catalog before and after, as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub section: Section,
    /// The entry's name; a template's is `organisation/template`.
    pub name: String,
    #[serde(flatten)]
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    Added,
    /// The file does not name it any more.
    Removed,
    Changed {
        field: &'static str,
        from: String,
        to: String,
    },
    /// A password or key is another one; neither is shown.
    SecretChanged {
        field: &'static str,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (section, name) = (self.section, self.name.escape_debug());
        match &self.what {
            What::Added => write!(f, "+ {section} `{name}`"),
            What::Removed => write!(f, "- {section} `{name}`"),
            What::Changed { field, from, to } => {
                write!(f, "~ {section} `{name}`: {field} {} → {}", Value(from), Value(to))
            }
            What::SecretChanged { field } => write!(f, "~ {section} `{name}`: {field} changed"),
        }
    }
}

/// Shows empty values too, and keeps to one line.
struct Value<'a>(&'a str);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("(none)")
        } else {
            write!(f, "{}", self.0.escape_debug())
        }
    }
}
