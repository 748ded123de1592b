//! The journal on a real broker, whose address is in `CARILLON_TEST_KAFKA`.

mod house;
mod nodes;
mod takeover;

use house::House;

carillon_storage::journal_conformance!(House::new());
