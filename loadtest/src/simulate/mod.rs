//! The seeded simulator: the real cores of a lane, its connections with their protocol sessions, its tenants and campaigns, in
//! one thread with simulated carriers, a simulated disk and virtual time. The same seed lives the same life, event for event.

mod acts;
mod call;
mod campaign;
mod fairness;
mod hospital;
mod journal;
mod life;
mod line;
mod promise;
mod routing;
mod run;
#[cfg(test)]
mod tests;
mod trace;
mod truth;
mod witness;
mod world;

pub use journal::SimulatedJournal;
pub use life::{Figures, live};
pub use promise::Violation;
pub use routing::{Carried, carry};
pub use run::{Failure, Report, simulate};
