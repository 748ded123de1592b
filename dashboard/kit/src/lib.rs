//! What the wall and the console share: design tokens (`style/`), the shapes of states, charts as plain SVG, texts,
//! numbers as people read them, and the client of the live feed.
//!
//! What decides is plain data and functions, tested natively; what touches the browser is thin.

pub mod chart;
mod fail;
pub mod format;
pub mod http;
pub mod live;
mod logo;
mod motion;
pub mod settings;
mod shape;
pub mod text;
mod trouble;

pub use fail::tell_when_it_fails;
pub use logo::Bells;
pub use motion::moving;
pub use shape::{Shape, class_of};
pub use trouble::trouble;
