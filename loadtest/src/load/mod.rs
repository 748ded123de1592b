//! The load generator: batches or single requests over the REST API, and the log of what the caller was told.

mod acknowledgement;
mod outcomes;
mod report;
mod run;
mod sendsms;
mod source;

pub use acknowledgement::{
    Acknowledgement, AcknowledgementError, AcknowledgementLog, AcknowledgementSink, Discard, Outcome, Tee,
    read as read_acknowledgements,
};
pub use outcomes::outcomes;
pub use report::{Latencies, LoadReport, Percentiles};
pub use run::{LoadError, LoadOptions, OpenLimit, run};
pub use sendsms::SendSms;
pub use source::{Batch, FileSource, LineKey, PHONE_PREFIX, PatternSource, Source, phone_of};
