//! Suites that every backend of a storage trait passes, generic over the trait.

pub mod alarm_log;
pub mod catalog;
pub mod files;
pub mod history;
pub mod journal;
pub mod login;
mod random;

pub use random::Random;
