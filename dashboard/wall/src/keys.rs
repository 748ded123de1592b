//! What keys do.

/// Where the language is kept.
pub const LANGUAGE: &str = "carillon.language";
/// Where the skin is kept.
pub const SKIN: &str = "carillon.wall.skin";

/// What somebody at the keyboard wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Help,
    CloseHelp,
    Skin,
    FullScreen,
    /// 0 is everything, then the organisations in their order.
    Scene(usize),
    Rotate,
    Pause,
    Language,
}

/// The command of a key, by its value in keyboard events; `has_modifier` are those of the browser's own short cuts.
pub fn command(key: &str, has_modifier: bool) -> Option<Command> {
    if has_modifier {
        return None;
    }
    match key {
        "?" | "？" => Some(Command::Help),
        "Escape" => Some(Command::CloseHelp),
        "s" | "S" => Some(Command::Skin),
        "f" | "F" => Some(Command::FullScreen),
        "r" | "R" => Some(Command::Rotate),
        "l" | "L" => Some(Command::Language),
        " " => Some(Command::Pause),
        digit => match digit.parse() {
            Ok(number @ 1..=9) if digit.len() == 1 => Some(Command::Scene(number - 1)),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_commands() {
        for (key, wanted) in [
            ("?", Some(Command::Help)),
            ("F", Some(Command::FullScreen)),
            ("1", Some(Command::Scene(0))),
            ("9", Some(Command::Scene(8))),
            ("0", None),
            ("12", None),
            ("+1", None),
            (" ", Some(Command::Pause)),
            ("F5", None),
        ] {
            assert_eq!(command(key, false), wanted, "{key}");
            assert_eq!(command(key, true), None);
        }
    }
}
