use super::opening::{OpenError, ProbeStep, in_full, open};
use carillon_domain::catalog::Connection;
use tokio::time::Instant;

/// Opens a session of its own with the relay, asks for a sign of life and leaves; nothing is sent. Every step tells what the
/// relay answered and how long it took; the last one is the one that failed, if one did. Bounded by the time-outs of its
/// steps.
pub async fn probe(connection: &Connection) -> Vec<ProbeStep> {
    let mut trail = Vec::new();
    let Ok(mut opened) = open(connection, &mut trail).await else {
        return trail;
    };
    for (step, command) in [("noop", "NOOP"), ("quit", "QUIT")] {
        let begun = Instant::now();
        let (ok, detail) = match opened.dialogue.ask(step, command).await {
            Ok(reply) => (reply.is_done(), reply.to_string()),
            // There is no need to wait for the answer to a QUIT.
            Err(OpenError::Closed { .. }) if step == "quit" => (true, String::new()),
            Err(error) => (false, in_full(&error)),
        };
        trail.push(ProbeStep {
            step,
            ok,
            detail,
            ms: begun.elapsed().as_millis() as u64,
        });
        if !ok {
            break;
        }
    }
    trail
}
