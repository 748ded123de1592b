//! The commands of the binary.

mod advice;
mod apply;
mod arguments;
mod check_config;
mod environment;
mod exit;
mod log;
mod node;
mod open_files;
mod operator;
mod program;
mod serve;
mod watch;

pub use arguments::{Arguments, Command};
#[cfg(test)]
pub(crate) use environment::Surroundings;
pub use exit::{LOST_THE_LANE, run};
