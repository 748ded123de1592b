//! The catalog's database on PostgreSQL: connections, transactions, and notices of changes.

mod address;
mod fitness;
mod notices;
mod pool;
mod transaction;

pub(crate) use address::place;
pub use address::{AddressError, PostgresAddress};
pub(crate) use notices::{listen, notify};
pub(crate) use pool::PostgresPool;
pub(crate) use transaction::{Access, PostgresTransaction};
