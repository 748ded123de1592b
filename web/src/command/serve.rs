use super::arguments::Serve;
use super::operator::first_operator;
use super::watch::{self, Signals};
use super::{Failed, log, storage};
use crate::config::{Config, Overrides, load};
use crate::http::HttpMetrics;
use crate::probe::HostFigures;
use crate::right::Operators;
use crate::server;
use crate::state::AppState;
use actix_web::web;
use carillon_actors::{LaneHandle, NodeOptions, start_node};
use carillon_embedded::catalog::EmbeddedCatalog;
use carillon_embedded::files::RealFiles;
use carillon_embedded::history::{EmbeddedHistory, HistoryOptions};
use carillon_embedded::journal::EmbeddedJournal;
use carillon_storage::catalog::Catalog;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// As shells say it of a process that a SIGINT ended.
const INTERRUPTED_AGAIN: i32 = 130;

/// Prints `password: …` at the first start and `api: …` once requests are taken; ends by a signal or when the lane fails.
pub fn serve(arguments: &Serve) -> Result<(), Failed> {
    let overrides = Overrides {
        port: arguments.port,
        bind: arguments.bind,
    };
    let config = load(arguments.config.as_deref(), overrides)?;
    log::start(&config.log)?;
    actix_web::rt::System::new().block_on(run(arguments, config))
}

async fn run(arguments: &Serve, config: Config) -> Result<(), Failed> {
    let mut signals = Signals::new().map_err(Failed::Web)?;
    let ranges = storage::number_ranges(&config.numbers)?;
    // Before the journal: a taken port is told at once, not after a long replay.
    let listener = server::listen(&config.http)?;
    storage::data_folder(&arguments.data)?;
    let catalog = EmbeddedCatalog::open(&arguments.data).await?;
    let operator = first_operator(&catalog, arguments.password_file.as_deref()).await?;
    let lane = open_lane(&arguments.data, &config, &catalog).await?;

    let state = web::Data::new(AppState {
        lane: lane.clone(),
        ranges,
        operators: Operators::new(operator.phc).map_err(Failed::Random)?,
        limits: config.limits.clone(),
        host: HostFigures::new(),
    });
    let metrics = web::Data::new(HttpMetrics::new().map_err(Failed::Metrics)?);
    let address = listener.local_addr().map_err(Failed::Web)?;
    let server = server::start(listener, &config.http, state, metrics).map_err(Failed::Web)?;
    let handle = server.handle();
    let server = actix_web::rt::spawn(server);
    if let Some(password) = operator.shown {
        println!("password: {password}");
    }
    println!("api: {}", server::url(address));
    tracing::info!(%address, data = %arguments.data.display(), "serving");

    tokio::select! {
        () = signals.next() => {}
        // A journal that failed recovers only by a new process: nothing is drained, since nothing can be recorded.
        reason = lane.failed() => return Err(Failed::Service(reason)),
    }
    drain(
        &lane,
        &mut signals,
        Duration::from_secs(config.shutdown.drain_s.into()),
    )
    .await;
    handle.stop(true).await;
    match server.await {
        Ok(ended) => ended.map_err(Failed::Web),
        Err(_) => Ok(()),
    }
}

async fn open_lane(data: &Path, config: &Config, catalog: &EmbeddedCatalog) -> Result<LaneHandle, Failed> {
    let snapshot = catalog.snapshot().await?;
    let journal = EmbeddedJournal::open(
        &data.join("journal"),
        config.journal_options(),
        Arc::new(RealFiles),
    )
    .map_err(Failed::Journal)?;
    let history =
        EmbeddedHistory::open(&data.join("history"), HistoryOptions::default()).map_err(Failed::History)?;
    let options = NodeOptions {
        lane: config.lane_options(),
    };
    let (lane, report) =
        start_node(options, snapshot, Arc::new(journal), Arc::new(history)).map_err(Failed::Start)?;
    tracing::info!(
        messages_open = report.messages_open,
        facts_replayed = report.facts_replayed,
        "lane started"
    );
    Ok(lane)
}

/// Stops intake and waits for what is under way; a second signal ends the process at once.
async fn drain(lane: &LaneHandle, signals: &mut Signals, deadline: Duration) {
    tracing::info!(deadline_s = deadline.as_secs(), "stopping; again to end at once");
    tokio::select! {
        report = lane.stop(deadline) => match report {
            Some(report) => tracing::info!(
                open = report.open,
                cut = report.cut,
                "stopped; open messages go on at the next start"
            ),
            None => tracing::warn!("the lane ended before it said how"),
        },
        () = watch::tell_progress(lane) => {}
        () = signals.next() => {
            tracing::warn!("ended before the carriers' answers came; their segments are uncertain");
            std::process::exit(INTERRUPTED_AGAIN);
        }
    }
}
