//! A journal whose disk is slow to sync: what that costs, and what INTENTs ahead of the windows give back (UNC-1 names their
//! price).

use super::outcome::RunError;
use super::place::Place;
use super::throughput::{ThroughputOptions, ThroughputReport, throughput};
use serde::Serialize;
use std::fmt;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct SlowDiskOptions {
    /// Of each run.
    pub seconds: u64,
    /// Every sync of the journal takes so much longer.
    pub added_sync: Duration,
    /// INTENTs beyond the free slots of a window, in the third run.
    pub look_ahead: u32,
    /// Requests open at the same time: each waits for a sync.
    pub connections: usize,
    pub window: u32,
    pub place: Place,
}

/// The same load three times.
#[derive(Clone, Debug, Serialize)]
pub struct SlowDiskReport {
    pub disk_as_it_is: ThroughputReport,
    pub slow: ThroughputReport,
    pub slow_with_look_ahead: ThroughputReport,
    /// Of the rate on the disk as it is.
    pub kept: f64,
    pub kept_with_look_ahead: f64,
}

pub async fn slow_disk(options: &SlowDiskOptions) -> Result<SlowDiskReport, RunError> {
    let run = |added_sync, look_ahead| ThroughputOptions {
        seconds: options.seconds,
        connections: options.connections,
        window: options.window,
        added_sync,
        look_ahead,
        place: options.place.clone(),
        ..ThroughputOptions::default()
    };
    let disk_as_it_is = throughput(&run(Duration::ZERO, 0)).await?;
    let slow = throughput(&run(options.added_sync, 0)).await?;
    let slow_with_look_ahead = throughput(&run(options.added_sync, options.look_ahead)).await?;
    Ok(SlowDiskReport {
        kept: slow.messages_per_s / disk_as_it_is.messages_per_s,
        kept_with_look_ahead: slow_with_look_ahead.messages_per_s / disk_as_it_is.messages_per_s,
        disk_as_it_is,
        slow,
        slow_with_look_ahead,
    })
}

impl SlowDiskReport {
    /// Whether every promise was kept in each run.
    pub fn is_clean(&self) -> bool {
        let runs = [&self.disk_as_it_is, &self.slow, &self.slow_with_look_ahead];
        runs.iter().all(|run| run.outcome.clean)
    }
}

impl fmt::Display for SlowDiskReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, run, kept) in [
            ("disk as it is", &self.disk_as_it_is, 1.0),
            ("slow", &self.slow, self.kept),
            (
                "slow, look-ahead",
                &self.slow_with_look_ahead,
                self.kept_with_look_ahead,
            ),
        ] {
            writeln!(
                f,
                "{name:<17} {:>8.0} messages/s  {:>5.1} %  {:>5.1} µs/message  p99 to the carrier {} ms  clean: {}",
                run.messages_per_s,
                kept * 100.0,
                run.cpu_us_per_message,
                run.to_carrier_ms.p99,
                run.outcome.clean,
            )?;
        }
        Ok(())
    }
}
