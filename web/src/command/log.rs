use crate::config::{Log, LogFormat};
use crate::service::Failed;
use std::io::stderr;
use tracing_subscriber::EnvFilter;

/// Logs go to standard error; standard output is for what scripts read.
pub fn start(log: &Log) -> Result<(), Failed> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(log)?)
        .with_writer(stderr);
    match log.format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}

pub fn filter(log: &Log) -> Result<EnvFilter, Failed> {
    EnvFilter::builder().parse(&log.filter).map_err(Failed::LogFilter)
}
