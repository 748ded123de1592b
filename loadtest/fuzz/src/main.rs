//! `carillon-fuzz`: the short run over all targets, and what helps with a failure. See docs/fuzzing.md.

use anyhow::{Context, bail};
use carillon_fuzz::short_run::ShortRun;
use carillon_fuzz::{TARGETS, Target, corpus, target};
use clap::{Parser, Subcommand};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

#[derive(Parser)]
#[command(version, about = "Runs the parsers of foreign bytes under hostile input")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs targets one after the other, all of them when none is named
    Run {
        targets: Vec<String>,
        /// For mutations of each target
        #[arg(long, default_value_t = 1.0)]
        seconds: f64,
        /// A random one when absent; the same seed makes the same inputs
        #[arg(long)]
        seed: Option<u64>,
        /// Where inputs are put that fail
        #[arg(long, default_value = "var/fuzz")]
        failed: PathBuf,
    },
    /// Runs files once
    Once { target: String, files: Vec<PathBuf> },
    /// Writes what a target begins with into a folder, for the long run
    Corpus { target: String, folder: PathBuf },
    /// Names the targets
    List,
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Run {
            targets,
            seconds,
            seed,
            failed,
        } => run(&targets, seconds, seed.unwrap_or_else(rand::random), &failed),
        Command::Once { target, files } => once(named(&target)?, &files),
        Command::Corpus { target, folder } => write_corpus(named(&target)?, &folder),
        Command::List => {
            TARGETS.iter().for_each(|target| println!("{}", target.name));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn run(names: &[String], seconds: f64, seed: u64, failed: &Path) -> anyhow::Result<ExitCode> {
    let targets: Vec<&Target> = if names.is_empty() {
        TARGETS.to_vec()
    } else {
        names
            .iter()
            .map(|name| named(name))
            .collect::<anyhow::Result<_>>()?
    };
    let short_run = ShortRun {
        seed,
        time: Duration::try_from_secs_f64(seconds).context("the seconds")?,
        corpus: corpus::folder(),
        failed: failed.to_owned(),
    };
    println!(
        "seed {seed}; the input that is being run is in {}/<target>",
        failed.display()
    );
    let (count, mut failures) = (targets.len(), 0);
    for target in targets {
        let seen = short_run.over(target).context(target.name)?;
        println!(
            "{:<18} {:>4} of the corpus, {:>9} mutated, at most {:>8} bytes of memory and {:>9.3} ms",
            target.name,
            seen.from_corpus,
            seen.mutated,
            seen.most.memory_bytes,
            seen.most.cpu.as_secs_f64() * 1e3,
        );
        if let Some(path) = seen.failed {
            failures += 1;
            println!("FAILED: carillon-fuzz once {} {}", target.name, path.display());
        }
    }
    println!("tests: {count}");
    Ok(if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn once(target: &Target, files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    target.warm_up();
    for file in files {
        let input = fs::read(file).with_context(|| file.display().to_string())?;
        let cost = target.check(&input);
        println!("{}: {cost:?}", file.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn write_corpus(target: &Target, folder: &Path) -> anyhow::Result<ExitCode> {
    fs::create_dir_all(folder)?;
    for (number, input) in corpus::inputs(target, &corpus::folder())?.iter().enumerate() {
        fs::write(folder.join(format!("known-{number:04}")), input)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn named(name: &str) -> anyhow::Result<&'static Target> {
    match target(name) {
        Some(target) => Ok(target),
        None => bail!("there is no target {name}; see `carillon-fuzz list`"),
    }
}
