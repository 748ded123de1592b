//! What operators configure: organisations, accounts, connections, route groups, business types, templates.
//!
//! These are plain values. The catalog store keeps them, the apply file declares them by name, and the lane works on one
//! immutable [`Snapshot`] of them.

pub mod apply;

mod account;
mod business_type;
mod compiled;
mod connection;
#[cfg(test)]
pub(crate) mod fixture;
mod next_ids;
mod organisation;
mod route;
mod snapshot;
mod template;

pub use account::{Account, Modules};
pub use business_type::{BusinessType, Priority, UncertainPolicy};
pub use compiled::{CompileError, Compiled, CompiledTemplate};
pub use connection::{ConcatenationReference, Connection, Protocol, ReceiptIdForm, Secret};
pub use next_ids::NextIds;
pub use organisation::Organisation;
pub use route::{Carrier, Member, RouteGroup, RouteRule, Strategy};
pub use snapshot::Snapshot;
pub use template::Template;
