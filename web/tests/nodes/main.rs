//! A node of a cluster with two lanes, on real servers whose addresses are in the environment (`CARILLON_TEST_KAFKA`,
//! `CARILLON_TEST_POSTGRES`).

#[expect(dead_code, reason = "others use more of it")]
#[path = "../kit/cmpp.rs"]
mod cmpp;
#[expect(dead_code, reason = "others use more of it")]
#[path = "../cluster/database.rs"]
mod database;
#[expect(dead_code, reason = "others use more of it")]
#[path = "../kit/live_socket.rs"]
mod live_socket;
mod passing;
#[expect(dead_code, reason = "others use more of it")]
#[path = "../kit/served.rs"]
mod served;
