use super::advice::advice;
use super::arguments::{Arguments, Command};
use super::{apply, check_config, node, operator, serve};
use crate::http::Chain;
use crate::service::{Failed, keep_files_private};
use std::process::ExitCode;

/// Another process has the lane: starting again would take it away from there.
pub const LOST_THE_LANE: u8 = 4;

/// Runs a command to its end. When it fails, it says on standard error why, what is safe, and what to do.
pub fn run(arguments: Arguments) -> ExitCode {
    keep_files_private();
    let result = match arguments.command {
        Command::Serve(arguments) => serve::serve(&arguments),
        Command::Node(arguments) => node::node(&arguments),
        Command::Apply(arguments) => apply::apply(&arguments),
        Command::Operator(arguments) => operator::operator(&arguments),
        Command::CheckConfig(arguments) => check_config::check_config(&arguments),
    };
    let Err(failed) = result else {
        return ExitCode::SUCCESS;
    };
    if let Failed::Apply { errors, .. } = &failed {
        for error in errors {
            eprintln!("{error}");
        }
    }
    eprintln!("error: {}", Chain(&failed));
    if let Some(advice) = advice(&failed) {
        eprintln!("{advice}");
    }
    ExitCode::from(exit_code(&failed))
}

/// 3 is a file that is not valid: trying again without changing it is of no use.
fn exit_code(failed: &Failed) -> u8 {
    match failed {
        Failed::Config(_)
        | Failed::Toml { .. }
        | Failed::Apply { .. }
        | Failed::Numbers { .. }
        | Failed::LogFilter(_) => 3,
        Failed::LaneLost { .. } => LOST_THE_LANE,
        _ => 1,
    }
}
