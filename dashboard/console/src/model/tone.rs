use carillon_api::live::Health;

/// How loud a pill, a line or a message is. Colour never stands alone: each goes with a shape and a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Ok,
    Info,
    Bronze,
    Warn,
    Crit,
}

impl Tone {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Plain => "plain",
            Tone::Ok => "ok",
            Tone::Info => "info",
            Tone::Bronze => "bronze",
            Tone::Warn => "warn",
            Tone::Crit => "crit",
        }
    }

    /// ●, ▲ or ■; what is neither good nor bad has none.
    pub fn shape(self) -> Option<Health> {
        match self {
            Tone::Ok => Some(Health::Ok),
            Tone::Warn => Some(Health::Degraded),
            Tone::Crit => Some(Health::Failed),
            Tone::Plain | Tone::Info | Tone::Bronze => None,
        }
    }
}
