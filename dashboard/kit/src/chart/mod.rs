//! Charts as plain SVG: geometry is pure, in units of the drawing at 1080 lines; components only place it.

mod curve;
mod labels;
mod scale;
mod tile_map;

pub use curve::{Curve, area};
pub use labels::spread;
pub use scale::{LogScale, Scale, round_top};
pub use tile_map::{COLUMNS, MapTile, ROWS, level, tiles};
