use super::arguments::Serve;
use super::program::{begin, tell_password};
use super::watch::{self, Signals, parent_ended};
use crate::config::Config;
use crate::service::{Failed, Service, url};
use std::time::Duration;

/// As shells say it of a process that a SIGINT ended.
const INTERRUPTED_AGAIN: i32 = 130;

/// Prints `password: …` at the first start, or `password-file: …` when nobody would read it but a log, and `api: …` once
/// requests are taken; ends by a signal or when the lane fails.
pub fn serve(arguments: &Serve) -> Result<(), Failed> {
    let config = begin(&arguments.program)?;
    actix_web::rt::System::new().block_on(run(arguments, config))
}

async fn run(arguments: &Serve, config: Config) -> Result<(), Failed> {
    let program = &arguments.program;
    let service = Service::start(&program.data, &config, program.password_file.as_deref()).await?;
    // Not earlier: a signal while the journal is replayed ends the process at once, which loses nothing.
    let mut signals = Signals::new().map_err(Failed::Web)?;
    if let Some(password) = &service.password {
        tell_password(password, program)?;
    }
    println!("api: {}", url(service.address));
    tokio::select! {
        () = signals.next() => {}
        // A journal that failed recovers only by a new process: nothing is drained, since nothing can be recorded.
        reason = service.lane.failed() => return Err(service.failed(reason)),
        () = parent_ended(arguments.with_parent) => tracing::warn!("who started this process has ended"),
    }
    drain(
        &service,
        &mut signals,
        Duration::from_secs(config.shutdown.drain_s.into()),
    )
    .await;
    service.end().await
}

/// Stops intake and waits for what is under way; a second signal ends the process at once.
async fn drain(service: &Service, signals: &mut Signals, deadline: Duration) {
    tracing::info!(
        deadline_s = deadline.as_secs(),
        "stopping; a second signal ends at once"
    );
    tokio::select! {
        report = service.stop(deadline) => match report {
            Some(report) => {
                tracing::info!(open = report.open, cut = report.cut, "stopped; open messages go on at the next start");
            }
            None => tracing::warn!("the lane ended before it said how"),
        },
        () = watch::tell_progress(&service.lane) => {}
        () = signals.next() => {
            tracing::warn!("ended before the carriers' answers came; their segments are uncertain");
            std::process::exit(INTERRUPTED_AGAIN);
        }
    }
}
