use clap::Parser;
use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;

/// By measurement: docs/adr/0028-allocator.md.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    carillon::command::run(carillon::command::Arguments::parse())
}
