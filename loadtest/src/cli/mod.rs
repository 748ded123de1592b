//! The command line.

mod all;
mod arguments;
mod carrier;
mod demo;
mod judge;
mod load;
mod mail;
mod run;
mod simulate;
mod size;

pub use arguments::Arguments;

use anyhow::Context;
use arguments::Command;
use std::io::Write;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Exit codes: 0 everything as it should be, 1 the run found a broken promise or a missed floor, 2 it could not be done.
pub fn run(arguments: Arguments) -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| match &arguments.command {
        // In a simulated life disks fill and clocks jump all the time.
        Command::Simulate(_) => {
            EnvFilter::new("error,carillon_actors::lane::clock=off,carillon_actors::lane::disk=off")
        }
        _ => EnvFilter::from_default_env(),
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match perform(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Prints to standard output, which may be closed.
fn print(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .context("cannot print")
}

fn print_json(report: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(report)?))
}

fn perform(arguments: Arguments) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    match arguments.command {
        Command::Carrier(arguments) => runtime.block_on(carrier::carrier(arguments)),
        Command::Control(arguments) => runtime.block_on(carrier::control(arguments)),
        Command::Demo(arguments) => runtime.block_on(demo::demo(arguments)),
        Command::DemoDay(arguments) => runtime.block_on(demo::demo_day(arguments)),
        Command::DemoWeek(arguments) => runtime.block_on(demo::demo_week(arguments)),
        Command::Load(arguments) => runtime.block_on(load::load(arguments)),
        Command::Reminders(arguments) => load::reminders(&arguments),
        Command::Judge(arguments) => runtime.block_on(judge::judge(arguments)),
        Command::Ledger(arguments) => judge::ledger(&arguments),
        Command::Bench(arguments) => runtime.block_on(run::bench(arguments)),
        Command::Kills(arguments) => runtime.block_on(run::kills(arguments)),
        Command::Nodes(arguments) => runtime.block_on(run::nodes(arguments)),
        Command::RemindersRun(arguments) => runtime.block_on(run::reminders_run(arguments)),
        Command::CampaignRun(arguments) => runtime.block_on(run::campaign_run(arguments)),
        Command::MailRun(arguments) => runtime.block_on(run::mail_run(arguments)),
        Command::MailSink(arguments) => runtime.block_on(mail::sink(arguments)),
        Command::Simulate(arguments) => simulate::simulate(&arguments),
        Command::InteropClient(arguments) => {
            carillon_loadtest::interop::run_client(&arguments).map(|()| true)
        }
        Command::Pdus(arguments) => carillon_loadtest::interop::dump_pdus(&arguments).map(|()| true),
    }
}
