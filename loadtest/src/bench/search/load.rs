use super::rows::Rows;
use crate::bench::measure::thread_cpu;
use crate::bench::outcome::RunError;
use carillon_domain::journey::{Amendment, Journey};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::province::Province;
use carillon_embedded::history::EmbeddedHistory;
use carillon_storage::history::{Batch, History};
use indicatif::ProgressBar;
use serde::Serialize;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// A file of the history that is not merged again.
const BATCH: u64 = 250_000;

/// What it took to store them.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Stored {
    pub seconds: f64,
    /// Processor time of the thread that stores, figures included.
    pub cpu_us_per_message: f64,
}

/// Stores all rows, oldest first, as the builder of a server does under load: one full file after the other.
pub fn load(history: &EmbeddedHistory, rows: &Rows) -> Result<Stored, RunError> {
    let (began, cpu_began) = (Instant::now(), thread_cpu());
    let bar = ProgressBar::new(rows.count);
    let mut storing = Duration::ZERO;
    std::thread::scope(|scope| {
        let (full, batches) = sync_channel::<(Vec<Journey>, Vec<Amendment>)>(0);
        std::thread::Builder::new()
            .name("rows".into())
            .spawn_scoped(scope, move || {
                for begin in (0..rows.count).step_by(BATCH as usize) {
                    let part = begin..(begin + BATCH).min(rows.count);
                    let journeys = part.clone().map(|row| rows.journey(row)).collect();
                    let amendments = part.filter_map(|row| rows.amendment(row)).collect();
                    // Why nobody takes it is told by the receiver.
                    if full.send((journeys, amendments)).is_err() {
                        return;
                    }
                }
            })
            .map_err(RunError::File)?;
        for (journeys, amendments) in batches {
            let start = Instant::now();
            history.store(Batch::of(&journeys, &amendments), history.stored_upto().next())?;
            storing += start.elapsed();
            bar.inc(journeys.len() as u64);
        }
        Ok::<_, RunError>(())
    })?;
    bar.finish_and_clear();
    tracing::info!(
        ?storing,
        seconds = began.elapsed().as_secs_f64(),
        "all rows are stored"
    );
    let cpu = thread_cpu() - cpu_began;
    Ok(Stored {
        seconds: storing.as_secs_f64(),
        cpu_us_per_message: cpu.as_secs_f64() * 1e6 / rows.count.max(1) as f64,
    })
}

/// Every number range of the rows, by three carriers: most in one province, the others in any of 31.
pub fn ranges() -> Result<NumberRanges, RunError> {
    const FIRST: u64 = 1_300_000;
    const RANGES: u64 = 100_000;
    const PROVINCES: usize = 31;
    const AWAY_SHARE: u64 = 5;
    let provinces: Vec<_> = Province::all().take(PROVINCES).collect();
    let carriers = ["mobile", "unicom", "telecom"];
    let lines = (0..RANGES).map(|range| {
        let away = range.is_multiple_of(AWAY_SHARE);
        let province = provinces[if away { range as usize % provinces.len() } else { 0 }].name();
        let carrier = carriers[range as usize / provinces.len() % carriers.len()];
        format!("{},{province},,{carrier}\n", FIRST + range)
    });
    let ranges = NumberRanges::parse(&lines.collect::<String>());
    ranges.map_err(|errors| RunError::File(std::io::Error::other(format!("{errors:?}"))))
}
