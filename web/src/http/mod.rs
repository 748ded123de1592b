//! What every endpoint shares: bounded bodies, parameters, failures, request ids, the log line and the counters.

pub mod body;
mod failure;
mod media_type;
mod metrics;
mod observe;
pub mod parameter;
mod request_id;
mod sockets;
pub mod stored_body;
pub mod time;
mod unread;

pub use failure::{Chain, Failure};
pub use media_type::MediaType;
pub use metrics::HttpMetrics;
pub use observe::observe;
pub use request_id::{REQUEST_ID, RequestId};
pub use sockets::{Place, Sockets};
