//! Services that share what a cluster shares, on real servers whose addresses are in the environment (`CARILLON_TEST_POSTGRES`).

mod catalog;
#[expect(dead_code, reason = "others use more of it")]
#[path = "../kit/cmpp.rs"]
mod cmpp;
mod database;
#[expect(dead_code, reason = "others use more of it")]
#[path = "../kit/served.rs"]
mod served;
