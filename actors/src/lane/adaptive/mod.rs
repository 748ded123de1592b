//! Adaptive route groups: members are chosen by how they do lately (SEND-10, CH-SMS).
//!
//! What is measured lives in memory only: after a restart every member is as good as any other until it shows otherwise.

mod choice;
mod quality;
mod ranking;

pub(in crate::lane) use choice::is_adaptive;
pub use quality::{Outcome, Quality, QualityFigures};
pub use ranking::{Place, Ranking};
