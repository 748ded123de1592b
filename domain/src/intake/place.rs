use compact_str::{CompactString, format_compact};

/// Where in a request words stand; a refusal's field names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// With the message itself.
    Message,
    /// In a step of the request's plan; counts from 0.
    Step(usize),
    /// In a step of a stored strategy.
    Strategy,
}

impl Place {
    /// The field of a part of the words: `text`, `plan[1].text` or `strategy`.
    pub fn field(self, part: &str) -> CompactString {
        match self {
            Place::Message => part.into(),
            Place::Step(index) => format_compact!("plan[{index}].{part}"),
            Place::Strategy => CompactString::const_new("strategy"),
        }
    }
}
