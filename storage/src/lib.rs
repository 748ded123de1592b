//! The three storage traits (journal, history, catalog) and the conformance suites every backend passes.

pub mod catalog;
pub mod conformance;
pub mod history;
pub mod journal;
