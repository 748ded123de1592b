//! Webhooks: events of accounts pushed to their receivers, signed as Standard Webhooks has it (API-1).
//!
//! One reader of the journal offers every event to the deliverers ([`manager`]); each account has a deliverer of its own, which
//! reads the journal by itself when it is behind, so that nobody waits for a slow receiver.

mod address;
mod call_error;
mod caller;
#[cfg(test)]
mod caller_tests;
mod deliverer;
mod endpoints;
mod families;
mod figures;
mod line;
mod manager;
mod message;
mod office;
#[cfg(test)]
mod panic_tests;
mod signature;
mod target;
mod tls;
mod view;
mod webhooks;

pub use address::AddressGuard;
pub use caller::{CallTimes, Caller, Lookup, SystemLookup};
pub use endpoints::{enable_webhook, replay_webhook, webhooks};
pub use families::families;
pub use signature::{InvalidSecret, SigningKey};
pub use tls::connector;
pub use webhooks::Webhooks;
