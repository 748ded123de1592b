//! One table of endpoints, from which the router, the OpenAPI document, the metrics' labels and the test that every
//! endpoint refuses the unauthorised are all built; and beside it the AsyncAPI document of what goes through Kafka.

mod alarms;
mod asyncapi;
mod campaigns;
mod configuration;
mod declaration;
mod live;
mod logins;
mod openapi;
mod pages;
mod router;
mod statistics;
mod table;

pub use asyncapi::asyncapi;
pub use declaration::{Access, Body, Endpoint, Parameter, Success};
pub use openapi::document;
pub use router::{RouteIndex, configure, each_path, not_found};
pub use table::ENDPOINTS;
