//! A disk in memory that can lose power, fail and lie, driven by a seed.

mod disk;
mod fault;
mod handle;
mod inode;
mod names;
#[cfg(test)]
mod tests;

pub use fault::{Failure, Operation};
pub use handle::SimulatedFiles;
