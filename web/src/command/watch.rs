use carillon_actors::LaneHandle;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

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

/// Ends when standard input does, if that is asked for.
pub async fn parent_ended(is_asked: bool) {
    if !is_asked {
        return std::future::pending().await;
    }
    let (told, ended) = oneshot::channel();
    let watch = std::thread::Builder::new().name("parent".into()).spawn(move || {
        let _also_an_error_is_an_end = io::copy(&mut io::stdin(), &mut io::sink());
        let _nobody_may_wait = told.send(());
    });
    if let Err(error) = watch {
        tracing::warn!(%error, "this process does not see when who started it ends");
        return std::future::pending().await;
    }
    let _also_a_panic_is_an_end = ended.await;
}
