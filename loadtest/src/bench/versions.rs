use serde::{Deserialize, Serialize};
use std::process::Command;

/// What was measured, and what made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    pub carillon: String,
    /// Of the folder the run was started in, with a plus when there are changes; `None` outside of the project.
    pub commit: Option<String>,
    pub rustc: String,
    /// How it was built.
    pub profile: String,
}

impl Versions {
    pub fn read() -> Self {
        let assertions = if cfg!(debug_assertions) { "with" } else { "without" };
        Versions {
            carillon: env!("CARGO_PKG_VERSION").to_owned(),
            commit: commit(),
            rustc: env!("CARILLON_RUSTC").to_owned(),
            profile: format!("level {}, {assertions} assertions", env!("CARILLON_OPT_LEVEL")),
        }
    }
}

fn commit() -> Option<String> {
    let arguments = ["describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"];
    let output = Command::new("git").args(arguments).output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_is_known() {
        let versions = Versions::read();
        assert!(versions.rustc.starts_with("rustc 1."), "{versions:?}");
        assert!(versions.profile.starts_with("level "), "{versions:?}");
    }
}
