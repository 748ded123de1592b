//! The file layer under the journal: the few operations it needs, on a real disk or on a simulated one that loses power.

mod layer;
mod real;
mod simulated;

pub use layer::{File, FileLock, Files, write_zeros};
pub use real::RealFiles;
pub use simulated::{Failure, Operation, SimulatedFiles};
