//! The history on real servers, whose addresses are in `CARILLON_TEST_CASSANDRA`.

mod crash;
mod house;
mod lanes;

use carillon_storage::conformance::history::agrees_with_a_model;
use house::House;

carillon_storage::history_conformance!(House::new());

#[test]
fn it_agrees_with_a_model() {
    for seed in [1, 7, 1_234_567] {
        agrees_with_a_model(House::new(), seed);
    }
}
