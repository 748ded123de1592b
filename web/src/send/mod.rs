//! Intake: from bytes to checked messages, and from the lane's answer to the caller's.

mod array_lines;
mod batch;
mod batch_answer;
mod draft;
mod duplicates;
pub mod idempotency;
mod line;
mod lines;
mod ndjson_lines;
pub mod pressure;
mod read;
mod single;

pub use batch::{DuplicatesWanted, batch, checked_lines};
pub use draft::{Checker, attachments};
pub use line::{LineFault, begins_object, fault, parse};
pub use lines::{BodyFault, Lines};
pub use read::read;
pub use single::single;
