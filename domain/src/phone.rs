//! Phone numbers.

use serde::{Deserialize, Serialize};

/// An E.164 number: country code and national number as one integer, e.g. `8613800000001`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(u64);

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PhoneNumber(…{:04})", self.0 % 10_000)
    }
}
