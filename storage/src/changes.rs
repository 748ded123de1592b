//! How who works by what is stored learns that somebody changed it.

use async_trait::async_trait;

/// How much of what was told somebody has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen(pub u64);

/// A store that several processes change.
#[async_trait]
pub trait Changes: Send + Sync {
    /// Resolves when something may have been stored since `seen`: when the store tells of a change, and every half second
    /// besides, since not every store can tell and no telling is certain. Look at the store afterwards, and give the answer
    /// to the next call; begin with `Seen::default()`.
    ///
    /// Never fails, also while the store is away.
    async fn changed(&self, seen: Seen) -> Seen;
}
