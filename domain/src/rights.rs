use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What an operator may do beyond looking on (SEC-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See full numbers and addresses, and what is said in messages (PII-1).
    Numbers,
    /// Start and stop connections and campaigns, handle alarms and webhooks.
    Steer,
    /// Change the configuration and the links of walls.
    Configure,
}

impl Right {
    pub const ALL: [Right; 3] = [Right::Numbers, Right::Steer, Right::Configure];

    pub fn word(self) -> &'static str {
        match self {
            Right::Numbers => "numbers",
            Right::Steer => "steer",
            Right::Configure => "configure",
        }
    }
}

/// The rights of one operator. Written as words with commas between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    pub const NONE: Rights = Rights(0);
    pub const ALL: Rights = Rights(0b111);

    pub fn has(self, right: Right) -> bool {
        self.0 & (1 << right as u8) != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Rights(rights.into_iter().fold(0, |bits, right| bits | 1 << right as u8))
    }
}

/// A word that names no right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a right is one of numbers, steer, configure")]
pub struct UnknownRight;

impl FromStr for Rights {
    type Err = UnknownRight;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words
            .map(|word| {
                let mut rights = Right::ALL.into_iter();
                rights.find(|right| right.word() == word).ok_or(UnknownRight)
            })
            .collect()
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, right) in self.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{}", right.word())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_written_as_words() {
        for bits in 0..=Rights::ALL.0 {
            let rights = Rights(bits);
            assert_eq!(rights.to_string().parse(), Ok(rights));
            assert_eq!(rights.iter().collect::<Rights>(), rights);
        }
        assert_eq!(Rights::ALL.to_string(), "numbers,steer,configure");
        assert_eq!(Right::ALL.into_iter().collect::<Rights>(), Rights::ALL);
        assert_eq!(" steer ,, numbers".parse(), Ok(Rights(0b011)));
        for wrong in ["all", "steer numbers", "Numbers"] {
            assert_eq!(wrong.parse::<Rights>(), Err(UnknownRight), "{wrong}");
        }
    }
}
