//! Intake: from bytes to checked messages, and from the lane's answer to the caller's.

mod array_lines;
mod batch;
mod batch_answer;
mod duplicates;
mod idempotency;
mod line;
mod lines;
mod ndjson_lines;
mod pressure;
mod single;

pub use batch::batch;
pub use line::LineFault;
pub use lines::{BodyFault, Lines};
pub use single::single;
