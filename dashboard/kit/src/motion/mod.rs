//! Motion: short, and only where somebody sees and wants it.

mod moving;
mod tween;

pub use moving::moving;
use tween::Tween;
