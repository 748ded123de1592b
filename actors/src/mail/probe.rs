use super::opening::{ProbeStep, Way};
use carillon_domain::catalog::Connection;
use std::time::Duration;
use tokio::time::timeout;

/// The longest a test takes as a whole.
const PROBE_TIMEOUT: Duration = Duration::from_secs(12);

/// Opens a session of its own with the relay, asks for a sign of life and leaves; nothing is sent. Every step tells what the
/// relay answered and how long it took; the last one is the one that failed, if one did.
pub async fn probe(connection: &Connection) -> Vec<ProbeStep> {
    let mut way = Way::new();
    let whole = async {
        let Ok(mut opened) = way.open(connection).await else {
            return;
        };
        for (step, command) in [("noop", "NOOP"), ("quit", "QUIT")] {
            if way.ask(&mut opened, step, command).await.is_err() {
                return;
            }
        }
    };
    if timeout(PROBE_TIMEOUT, whole).await.is_err() {
        way.fail(format!("no answer within {} s in all", PROBE_TIMEOUT.as_secs()));
    }
    way.steps
}
