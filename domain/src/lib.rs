//! What everything in Carillon means, without I/O: identifiers, phone numbers, SMS segments, facts and states, policies,
//! templates, routing. Knows no clock, no async and no other crate of ours; compiles to `wasm32`.

pub mod alarm;
pub mod beijing;
pub mod campaign;
pub mod carrier_id;
pub mod catalog;
pub mod content;
pub mod day_window;
pub mod fact;
pub mod frame;
pub mod ids;
pub mod intake;
pub mod journey;
pub mod number_range;
pub mod phone;
pub mod plan;
pub mod policy;
pub mod province;
pub mod quota;
pub mod receipt_status;
pub mod refusal;
pub mod rights;
pub mod segment;
pub mod spreadsheet;
pub mod state;
pub mod tally;
pub mod template;
pub mod time;
pub mod webhook;
