//! The whole service: stores, lane and web server, wired together. The binary and the tests start it the same way.

mod await_store;
mod catalog_keeper;
mod catalog_place;
pub(crate) mod claim;
mod failed;
mod files;
mod first_operator;
mod keep_going;
mod key_maker;
mod mail_key;
mod running;
pub(crate) mod server;

pub(crate) use await_store::await_store;
pub use catalog_keeper::{CatalogKeeper, ChangeError, Terms};
pub use catalog_place::open_catalog;
pub use failed::Failed;
pub use files::{data_folder, keep_files_private, number_ranges, read};
pub use first_operator::{first_operator, forget_first_password, keep_first_password};
pub use key_maker::KeyMaker;
pub use running::Service;
pub use server::url;
