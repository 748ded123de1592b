//! The catalog in a real PostgreSQL, whose address is in `CARILLON_TEST_POSTGRES`.

mod away;
mod house;
mod nodes;

use house::House;

carillon_storage::catalog_conformance!(House::new().await);
