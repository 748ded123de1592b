//! The catalog in one SQLite file, `catalog.db`, with its key beside it.
//!
//! Statements are built once and rendered for the database behind the pool; see [`database`].

mod account_secrets;
mod alarms;
mod database;
mod key_file;
mod logins;
mod named;
mod object;
mod objects;
mod rules;
mod schema;
mod seal;
mod store;
mod vault;

#[cfg(test)]
mod tests;

pub use store::SqlCatalog;
