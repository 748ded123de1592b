//! Two skins, one layout.

/// How the screen looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Skin {
    /// 值守: quiet, colour only for exceptions.
    #[default]
    Duty,
    /// 展示: decorated, for visitors.
    Show,
}

impl Skin {
    /// From its word.
    pub fn parse(word: &str) -> Self {
        if word == "show" { Self::Show } else { Self::Duty }
    }

    /// As in the page's attribute `data-skin`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Duty => "duty",
            Self::Show => "show",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Duty => Self::Show,
            Self::Show => Self::Duty,
        }
    }
}
