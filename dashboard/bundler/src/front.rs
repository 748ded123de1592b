//! The front ends there are.

/// One front end: a page of its own below `/NAME/`.
pub struct Front {
    /// Its folder in `dashboard/`, its path on the server, and, after `carillon-`, its crate.
    pub name: String,
    /// The crate's features in a build for work on it.
    pub dev_features: &'static [&'static str],
}

impl Front {
    /// All front ends.
    pub fn all() -> Vec<Self> {
        vec![
            Self {
                name: "wall".into(),
                dev_features: &["fixtures"],
            },
            Self {
                name: "console".into(),
                dev_features: &[],
            },
        ]
    }

    /// The crate's name, which is also the program's.
    pub fn package(&self) -> String {
        format!("carillon-{}", self.name)
    }

    /// Where the server serves it.
    pub fn base(&self) -> String {
        format!("/{}/", self.name)
    }
}
