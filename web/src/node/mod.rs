//! One machine of a cluster: runs the lanes that fall to it, each as a process of its own, and answers requests for all lanes
//! (ADR 0034).

mod front;
mod lane_process;
mod lanes;
mod running;

pub use running::{Node, Places};
