//! The stateless check of one message (SEND-1): everything that can be decided from the request and the catalog alone.
//!
//! What needs state — quota, duplicates, what waits — is decided by the lane afterwards.

mod draft;
mod fingerprint;
mod prepare;
#[cfg(test)]
mod tests;
mod text;

pub use draft::{Draft, PlanDraft, StepDraft, Variables, Words};
pub use fingerprint::fingerprint;
pub use prepare::{Prepared, REFERENCE_BYTES_MAX, VALIDITY_S, prepare};
pub use text::SIGNATURE_CHARACTERS_MAX;
