//! Templates: text with typed variables, `{name}` or `{name:type}` (TPL-1).
//!
//! | type | value |
//! |---|---|
//! | `text` (also without a type), `text(n)` | any text, at most n characters (default 100) |
//! | `number` | digits, optionally a sign and a fraction |
//! | `money` | digits, optionally one or two decimals |
//! | `date` | `2026-05-01`, `2026/5/1`, `2026年5月1日` |
//! | `time` | `08:30`, `08:30:00` |
//! | `code` | 4 to 8 digits |
//! | `url` | `http://…` or `https://…` |
//! | `phone` | a number to call: 3 to 20 digits, `+`, `-`, spaces, parentheses |
//!
//! `{{` and `}}` stand for the braces themselves; those of a style sheet in HTML are written so. No value may hold `【` or `】`: with them a caller could forge a signature.

mod parse;
mod render;
mod value;

use compact_str::CompactString;

pub use parse::{TemplateError, TemplateProblem};
pub use render::{RenderError, RenderProblem};
pub use value::VariableType;

/// The longest template, in bytes of UTF-8.
pub const TEXT_BYTES_MAX: usize = 8 * 1024;
/// The longest HTML template, in bytes of UTF-8.
pub const HTML_BYTES_MAX: usize = 64 * 1024;
/// The most places for variables in one template.
pub const PLACES_MAX: usize = 64;
/// The longest name of a variable, in characters.
pub const NAME_CHARACTERS_MAX: usize = 32;

/// A template ready to be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Box<[Part]>,
    /// Bytes of all fixed parts.
    fixed_bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Fixed(Box<str>),
    Variable(Variable),
}

/// A place in a template that a value fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Letters, digits and `_`.
    pub name: CompactString,
    pub kind: VariableType,
}

impl Template {
    /// The variables in the order of their places; one used twice appears twice.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(variable) => Some(variable),
            Part::Fixed(_) => None,
        })
    }
}
