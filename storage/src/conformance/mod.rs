//! Suites that every backend of a storage trait passes, generic over the trait.

pub mod catalog;
pub mod files;
pub mod history;
pub mod journal;
mod random;

pub use random::Random;
