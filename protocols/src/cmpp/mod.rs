//! CMPP 2.0 and 3.0 (China Mobile Peer to Peer), between a service provider and a gateway (ISMG).
//!
//! One file per PDU. Octet strings are given as they came, without their padding: what a gateway fills in is often not
//! what the specification says, and losing a receipt over a service code would be worse.

mod active_test;
mod active_test_resp;
pub mod auth;
mod cancel;
mod cancel_resp;
mod connect;
mod connect_resp;
mod deliver;
mod deliver_resp;
mod destinations;
pub mod format;
mod header;
mod message_id;
pub mod pdu;
mod query;
mod query_resp;
mod report;
pub mod result;
mod submit;
mod submit_resp;
mod terminate;
mod terminate_resp;
mod version;

pub use active_test::ActiveTest;
pub use active_test_resp::ActiveTestResp;
pub use cancel::Cancel;
pub use cancel_resp::CancelResp;
pub use connect::{Connect, SOURCE_ADDRESS_WIDTH};
pub use connect_resp::{ConnectResp, ConnectStatus};
pub use deliver::Deliver;
pub use deliver_resp::DeliverResp;
pub use destinations::{DESTINATIONS_LIMIT, Destinations};
pub use header::{HEADER_LENGTH, Header, PDU_LIMIT, RESPONSE};
pub use message_id::{MessageId, MessageIdParts};
pub use pdu::{Pdu, Request, Response};
pub use query::Query;
pub use query_resp::QueryResp;
pub use report::Report;
pub use submit::Submit;
pub use submit_resp::SubmitResp;
pub use terminate::Terminate;
pub use terminate_resp::TerminateResp;
pub use version::Version;
