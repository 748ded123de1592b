//! Hostile carriers, callers and receivers of webhooks against the running binary. After each act a message by a healthy connection is
//! delivered, what the act touched is not lost, and the memory of the process stays bounded (SAFE-2).

mod alarms;
mod callers;
mod carriers;
#[path = "../kit/cmpp.rs"]
mod cmpp;
mod floods;
mod receiver;
mod receivers;
mod refusals;
mod restarts;
#[expect(dead_code, reason = "others use more of it")]
#[path = "../kit/served.rs"]
mod served;
mod stage;
mod throttling;
