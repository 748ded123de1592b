//! The storage traits (journal, history, catalog, logins, alarms, files) and the conformance suites every backend passes.

pub mod alarm_log;
pub mod catalog;
pub mod changes;
pub mod conformance;
pub mod files;
pub mod history;
pub mod journal;
pub mod login;
