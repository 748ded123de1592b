use carillon_actors::LaneHandle;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and SIGTERM.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub fn new() -> io::Result<Self> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Says every second how much is still under way; never ends by itself.
pub async fn tell_progress(lane: &LaneHandle) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let in_flight: u64 = lane
            .connections()
            .iter()
            .map(|status| u64::from(status.in_flight))
            .sum();
        tracing::info!(in_flight, "waiting for the carriers' answers");
    }
}
