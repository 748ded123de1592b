//! Every parser of foreign bytes under hostile input (SAFE-2): no panic, no memory and no time beyond what its limits allow.
//!
//! A [`Target`] is defined once and serves two engines: the short run on stable Rust ([`short_run`]), which mutates a corpus
//! blindly and is part of `deploy/test.sh`, and the long run under libFuzzer, which is guided by coverage.

pub mod corpus;
mod input;
mod meter;
mod mutator;
pub mod short_run;
mod target;
mod targets;

pub use target::{Cost, Memory, Target};
pub use targets::TARGETS;

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().copied().find(|target| target.name == name)
}
