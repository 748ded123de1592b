//! Carriers that speak the real protocols, a load generator, and a judge that settles what callers were told against
//! what carriers saw. Tests, demo and benchmarks use the same ones.

pub mod bench;
pub mod clock;
pub mod demo;
pub mod http;
pub mod interop;
pub mod judge;
pub mod ledger;
pub mod live;
pub mod load;
pub mod mail;
pub mod marker;
pub mod operator;
pub mod recipients;
pub mod reminders;
pub mod sim;
pub mod simulate;
