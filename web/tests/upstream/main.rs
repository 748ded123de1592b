//! Upstream systems over a real Kafka, whose address is in `CARILLON_TEST_KAFKA`, against the running binary (API-2).

#[expect(dead_code, reason = "the tests with hostile peers use more of it")]
#[path = "../hostile/cmpp.rs"]
mod cmpp;
mod faults;
mod house;
mod refusals;
mod requests;
#[expect(dead_code, reason = "the tests with hostile peers use more of it")]
#[path = "../hostile/served.rs"]
mod served;
