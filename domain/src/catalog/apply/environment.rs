use crate::catalog::Secret;

/// What [`resolve`](super::resolve) needs from outside: it does no I/O itself.
pub trait Environment {
    /// The value of an environment variable, or why there is none.
    fn variable(&self, name: &str) -> Result<String, String>;

    /// The text of a file, or why it cannot be read.
    fn file(&self, path: &str) -> Result<String, String>;

    fn sha256(&self, text: &str) -> [u8; 32];

    /// A fresh random API key of 256 bits, for a new account whose entry names none.
    fn new_api_key(&self) -> Secret;
}
