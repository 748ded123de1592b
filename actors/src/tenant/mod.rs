//! One organisation: its queues and the actor that takes its messages in.

mod account_rows;
mod actor;
mod queues;
mod turns;

#[cfg(test)]
pub use actor::Fault;
pub use actor::{Intake, TenantActor};
pub use queues::{Source, Taken, TenantQueues, Waiting};
pub use turns::{Claim, Turns};
