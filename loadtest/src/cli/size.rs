//! Benchmarks of what grows: what waits, the journal, the history.

use super::arguments::Common;
use super::{print, print_json};
use carillon_loadtest::bench::{self, MemoryOptions, RecoveryOptions, SearchOptions};
use clap::Args;
use serde::Serialize;

#[derive(Debug, Args)]
pub struct Memory {
    #[arg(long, default_value_t = 5_000_000)]
    pub messages: u64,
    /// Requests open at the same time.
    #[arg(long, default_value_t = 4)]
    pub connections: usize,
    /// At the end the carrier comes back, and every message is settled.
    #[arg(long)]
    pub drain: bool,
    /// Fail when a waiting message takes more memory than this.
    #[arg(long)]
    pub bytes_max: Option<f64>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Recovery {
    /// Messages in the journal before the kill.
    #[arg(long, default_value_t = 10_000_000)]
    pub messages: u64,
    /// How often it is killed while it recovers.
    #[arg(long, default_value_t = 3)]
    pub kills: u32,
    /// Fail when the first message is accepted later after a start.
    #[arg(long)]
    pub seconds_max: Option<f64>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Search {
    /// Messages in the history. They take up to 400 bytes each on the disk.
    #[arg(long, visible_alias = "rows", default_value_t = 100_000_000)]
    pub messages: u64,
    /// First pages of each kind.
    #[arg(long, default_value_t = 1_000)]
    pub questions: usize,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Fail when one of a hundred first pages by number takes longer, warm.
    #[arg(long)]
    pub p99_ms_max: Option<f64>,
    #[command(flatten)]
    pub common: Common,
}

pub async fn memory(arguments: Memory) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::memory(&MemoryOptions {
        messages: arguments.messages,
        connections: arguments.connections,
        drain: arguments.drain,
        place,
    })
    .await?;
    print_figures(&report, json)?;
    let bytes = report.bytes_per_waiting_message;
    let too_much = arguments.bytes_max.is_some_and(|most| bytes > most);
    Ok(say(
        report.complaints(),
        too_much,
        format!("{bytes:.0} bytes of memory each"),
    ))
}

pub async fn recovery(arguments: Recovery) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::recovery(&RecoveryOptions {
        messages: arguments.messages,
        kills: arguments.kills,
        place,
    })
    .await?;
    print_figures(&report, json)?;
    let seconds = report.first_accepted_ms / 1e3;
    let too_late = arguments.seconds_max.is_some_and(|most| seconds > most);
    Ok(say(
        report.complaints(),
        too_late,
        format!("{seconds:.1} s to the first message"),
    ))
}

pub fn search(arguments: Search) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::search(&SearchOptions {
        messages: arguments.messages,
        questions: arguments.questions,
        seed: arguments.seed,
        place,
    })?;
    print_figures(&report, json)?;
    let p99_ms = report.p99_ms;
    let too_slow = arguments.p99_ms_max.is_some_and(|most| p99_ms > most);
    Ok(say(
        report.complaints(),
        too_slow,
        format!("p99 {p99_ms:.1} ms by number"),
    ))
}

/// Whether there is nothing to complain of; otherwise it is said.
fn say(mut complaints: Vec<String>, is_beyond: bool, figure: String) -> bool {
    complaints.extend(is_beyond.then_some(figure));
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    complaints.is_empty()
}

/// As JSON, or one line for each figure; of lists, one for each entry.
fn print_figures(report: &impl Serialize, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(report);
    }
    let mut text = String::new();
    if let serde_json::Value::Object(fields) = serde_json::to_value(report)? {
        for (name, value) in fields.iter().filter(|(name, _)| *name != "judgement") {
            match value {
                serde_json::Value::Array(entries) if !entries.is_empty() => {
                    text += &format!("{name}:\n");
                    text.extend(entries.iter().map(|entry| format!("  {entry}\n")));
                }
                value => text += &format!("{name}: {value}\n"),
            }
        }
    }
    print(&text)
}
