use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    carillon::command::run(carillon::command::Arguments::parse())
}
