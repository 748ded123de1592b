//! The stateless check of one message (SEND-1): everything that can be decided from the request and the catalog alone.
//!
//! What needs state — quota, frequency caps, duplicates, what waits — is decided by the lane afterwards.
//!
//! **Plans** (SEND-2). Without a plan a message is a short message when there is a number, else a mail. In a plan of the request
//! every step must reach the recipient. In a stored strategy, which is written for many, a step is left out when the person
//! has no number or address for it, and the step after it starts when that one would have started: at once if it was the
//! first. Nothing left is a refusal.
//!
//! **Words.** An attempt says what its step says, else what the message says. A step of a strategy that names a template says
//! that. Text, HTML and template go together; a subject or attachments of the message serve every mail that has none of its
//! own. Signature and tail belong to short messages; subject, HTML and attachments to mails.

mod attachments;
mod draft;
mod fingerprint;
mod html_text;
mod mail;
mod place;
mod prepare;
mod recipient;
mod step;
#[cfg(test)]
mod tests;
mod text;
mod words;

pub use attachments::{ATTACHMENT_BYTES_MAX, ATTACHMENT_NAME_BYTES_MAX, ATTACHMENTS_MAX};
pub use draft::{Draft, PlanDraft, StepDraft, Variables, Words};
pub use fingerprint::fingerprint;
pub use mail::{CONTENT_BYTES_MAX, SUBJECT_CHARACTERS_MAX};
use prepare::render_refusal;
pub use prepare::{Prepared, REFERENCE_BYTES_MAX, VALIDITY_S, prepare};
pub use text::SIGNATURE_CHARACTERS_MAX;
