//! Upstream systems over a real Kafka, whose address is in `CARILLON_TEST_KAFKA`, against the running binary (API-2).

#[expect(dead_code, reason = "others use more of it")]
#[path = "../kit/cmpp.rs"]
mod cmpp;
mod examples;
mod faults;
mod house;
mod lanes;
mod refusals;
mod requests;
#[expect(dead_code, reason = "others use more of it")]
#[path = "../kit/served.rs"]
mod served;
