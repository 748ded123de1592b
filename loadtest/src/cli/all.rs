use super::{print, print_json};
use carillon_loadtest::bench::{self, AllOptions, AllReport, Comparison, Place, Short};
use clap::Args;
use std::path::PathBuf;

/// What fails is a broken promise or a rate below the floor; a figure beyond its bound is only marked.
#[derive(Debug, Args)]
pub struct All {
    /// Only these; by default all.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<Short>,
    /// The last stored result, from the project's folder.
    #[arg(long, value_name = "FILE", default_value = "docs/bench/last.json")]
    pub last: PathBuf,
    /// Puts this result in its place; only when all were run and kept their promises.
    #[arg(long, conflicts_with = "only")]
    pub store: bool,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

pub async fn all(arguments: All) -> anyhow::Result<bool> {
    let last = AllReport::read(&arguments.last)?;
    let benches = match arguments.only.is_empty() {
        true => Short::ALL.to_vec(),
        false => arguments.only,
    };
    let report = bench::all(&AllOptions {
        benches,
        place: arguments.place,
    })
    .await?;
    if arguments.json {
        print_json(&report)?;
    } else {
        print(&Comparison::new(&report, last.as_ref()).to_string())?;
    }
    let good = report.benches.iter().all(|bench| bench.good);
    if arguments.store && good {
        report.store(&arguments.last)?;
    }
    Ok(good)
}
