//! Talking to implementations that are not ours: a client session against somebody else's carrier, and our PDUs as text
//! for somebody else's dissector.

mod client;
mod exchange;
mod pdus;

pub use client::{InteropClient, run_client};
pub use pdus::{PduDump, dump_pdus};
