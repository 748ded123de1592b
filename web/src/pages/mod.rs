//! The pages of the wall and the console: files that were built beforehand, served from memory.

mod encoding;
mod front;
mod serve;
mod shelf;

pub use serve::{console, to_console, to_wall, wall};
pub use shelf::Pages;
