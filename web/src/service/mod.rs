//! The whole service: stores, lane and web server, wired together. The binary and the tests start it the same way.

mod failed;
mod files;
mod first_operator;
mod running;
mod server;

pub use failed::Failed;
pub use files::{data_folder, number_ranges, read};
pub use running::Service;
pub use server::url;
