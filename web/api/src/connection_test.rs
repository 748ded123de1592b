//! What came of the test of a connection.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionTestView {
    /// Every step went well.
    pub passed: bool,
    /// In order; the last one is the one that failed, if one did.
    pub steps: Vec<TestStepView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestStepView {
    /// `connect`, `bind`, `unbind`; of a mail relay also those of SMTP.
    pub step: String,
    pub passed: bool,
    /// What the other side answered: its code, and what that means.
    pub answer: String,
    pub ms: u64,
}
