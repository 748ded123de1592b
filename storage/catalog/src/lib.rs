//! The catalog: of one machine in an SQLite file, `catalog.db`, of a cluster in a PostgreSQL database.
//!
//! Statements are built once and rendered for the database behind the pool; see [`database`].

mod account_secrets;
mod alarms;
mod database;
mod failure;
mod key_file;
mod logins;
mod named;
mod notices;
mod object;
mod objects;
mod postgres;
mod rules;
mod schema;
mod seal;
mod sqlite;
mod store;
mod vault;

#[cfg(test)]
mod tests;

pub use postgres::{AddressError, PostgresAddress};
pub use store::{PostgresOptions, SqlCatalog};
