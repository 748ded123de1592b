//! The commands of the binary.

mod apply;
mod arguments;
mod check_config;
mod environment;
mod exit;
mod log;
mod open_files;
mod operator;
mod serve;
mod watch;

pub use arguments::{Arguments, Command};
pub use exit::run;
