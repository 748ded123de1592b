//! Upstream systems over Kafka (API-2): requests come in as CloudEvents, what cannot be taken goes to a topic of its own, and what
//! becomes of messages is told in another (ADR 0033).

mod cloud_event;
mod failed;
mod figures;
mod handle;
mod incoming;
mod intake;
mod lines_of;
mod options;
mod outgoing;
mod places;
mod shared;
mod sink;
mod take;
mod teller;
mod topics;

pub use cloud_event::{CloudEvent, RequestKind};
pub use figures::{UpstreamFigures, families};
pub use handle::Upstream;
pub use options::{UpstreamOptions, topic};
pub use outgoing::{ACCEPTED, RECEIPT, REFUSED, REPLY};
pub use take::Taker;
