//! The commands of the binary.

mod apply;
mod arguments;
mod check_config;
mod environment;
mod exit;
mod log;
mod operator;
mod serve;
mod storage;
mod watch;

pub use arguments::{Arguments, Command};
pub use exit::{Failed, run};
pub use operator::first_operator;
pub use storage::{data_folder, number_ranges};
