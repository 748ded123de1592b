//! What a carrier's refusal of a submit means for what comes next.

/// The class of a refusal code. Codes that a table does not know are [`RejectClass::Permanent`]: any code but success says
/// that the carrier did not take the segment, and only the named ones promise that trying again helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectClass {
    /// Too fast: pause the whole connection, then submit the same again.
    Throttled,
    /// The carrier could not take it at the moment.
    Temporary,
    /// The same submit would be refused again.
    Permanent,
}
