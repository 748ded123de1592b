//! For orchestrators, monitoring and tools: health, readiness, figures, the OpenAPI and AsyncAPI documents.

mod family;
mod figures;
mod health;
mod host;
mod live;
mod metrics;

pub use family::Family;
pub use health::{asyncapi, health, openapi, ready};
pub use host::{HostFigures, HostReading};
pub use metrics::{exposition, metrics};
