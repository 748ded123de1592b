//! Figures of what is stored (STAT-1).

mod carriers;
mod csv;
mod figures;
mod span;
mod view;

pub use carriers::carrier_statistics;
pub use figures::statistics;
