use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// API keys by account.
#[derive(Clone, Default)]
pub struct Keys(BTreeMap<String, String>);

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} has no key of the account {account}")]
    Missing { path: PathBuf, account: &'static str },
}

impl Keys {
    /// From what `carillon apply` prints: lines `api-key ACCOUNT: KEY` among others.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let text = std::fs::read_to_string(path).map_err(|source| KeysError::Read {
            path: path.to_owned(),
            source,
        })?;
        let keys = Keys::of(&text);
        for stream in super::stream::STREAMS {
            if keys.get(stream.account).is_none() {
                return Err(KeysError::Missing {
                    path: path.to_owned(),
                    account: stream.account,
                });
            }
        }
        Ok(keys)
    }

    /// The same from the text.
    pub fn of(text: &str) -> Self {
        let keys = text
            .lines()
            .filter_map(|line| line.strip_prefix("api-key ")?.split_once(": "));
        Keys(
            keys.map(|(account, key)| (account.to_owned(), key.trim().to_owned()))
                .collect(),
        )
    }

    pub fn get(&self, account: &str) -> Option<&str> {
        self.0.get(account).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_among_what_apply_says() {
        let keys =
            Keys::of("+ account his\napplied 3 changes: version 1\napi-key his: abc\napi-key lis: def\n");
        assert_eq!(keys.get("his"), Some("abc"));
        assert_eq!(keys.get("lis"), Some("def"));
        assert_eq!(keys.get("account"), None);
    }
}
