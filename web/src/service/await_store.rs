use super::Failed;
use crate::http::Chain;
use carillon_actors::backoff::Backoff;
use carillon_storage::journal::JournalError;
use std::io;
use std::time::Duration;

/// The first and the longest wait before a store that is away is tried again.
const AGAIN_FIRST: Duration = Duration::from_millis(500);
const AGAIN_MAX: Duration = Duration::from_secs(10);

/// Opens what the service cannot start without. A store that is away is waited for, so that all may start at once; each new reason is
/// told once.
pub async fn await_store<T>(
    what: &'static str,
    open: impl AsyncFn() -> Result<T, Failed>,
) -> Result<T, Failed> {
    let mut backoff = Backoff::new(AGAIN_FIRST, AGAIN_MAX);
    let mut told = None;
    loop {
        let cause = match open().await {
            Err(Failed::Catalog(error)) if error.is_passing() => Chain(&error).to_string(),
            Err(Failed::History(error)) if error.is_passing() => Chain(&error).to_string(),
            Err(Failed::Journal(error)) if is_away(&error) => Chain(&error).to_string(),
            opened => return opened,
        };
        if told.as_ref() != Some(&cause) {
            tracing::error!(
                cause,
                "the service cannot start without {what}; it is tried again until it works"
            );
            told = Some(cause);
        }
        tokio::time::sleep(backoff.next(rand::random())).await;
    }
}

/// Whether no broker answered. What they answered will not change.
fn is_away(error: &JournalError) -> bool {
    matches!(error, JournalError::Io { source, .. } if source.kind() != io::ErrorKind::InvalidInput)
}
