//! The carriers' ledger: what really arrived, what was answered, and which receipts were acknowledged. It is the truth
//! against which callers' acknowledgements and our own records are settled.

mod file;
mod peak;
mod record;

pub use file::{LedgerError, LedgerReader, LedgerWriter, MAGIC, Sink};
pub use peak::SlidingPeak;
pub use record::{AccountHeader, Answer, Contract, Frame, GivenReceipt, Part, Record, Seen, Summary};
