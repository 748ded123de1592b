//! What each panel says, as plain data: texts, places and classes computed from the live state.

mod alarms;
mod backlog;
mod campaigns;
mod delivery;
mod header;
mod latency;
mod layout;
mod map;
mod matrix;
mod rates;
mod state;
mod strip;
mod totals;

pub use alarms::{AlarmCard, alarms};
pub use backlog::backlog;
pub use campaigns::{CampaignLine, campaigns};
pub use delivery::{DotRow, delivery};
pub use header::{Counter, Overall, link_line, lost, overall};
pub use latency::{LatencyLine, LatencyView, Tick, latency};
pub use layout::{KIND_ROWS_MAX, Layout, layout};
pub use map::{PlaceRow, PlaceTile, map};
pub use matrix::{MatrixView, Size, TILES_MAX, Tile, matrix};
pub use rates::{RateRow, rates};
use state::state;
pub use strip::{Cell, Gauge, Line, strip};
pub use totals::{KindLine, totals};
