use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// What happens to a node, or to what all of them stand on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// `kill -9` of the node and its lanes.
    Kill,
    /// It stands still, and wakes up when others have its lanes.
    Pause,
    /// It is asked to end.
    Stop,
    /// A command that somebody else gave.
    Outside(Outside),
}

/// A fault of a server, by the command that makes it and ends when it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outside {
    pub name: String,
    pub command: String,
}

impl FromStr for Outside {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, command) = text.split_once('=').ok_or("write it as NAME=COMMAND")?;
        Ok(Outside {
            name: name.to_owned(),
            command: command.to_owned(),
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Kill => f.write_str("kill"),
            Fault::Pause => f.write_str("pause"),
            Fault::Stop => f.write_str("stop"),
            Fault::Outside(outside) => f.write_str(&outside.name),
        }
    }
}
