//! A message from a phone.

use crate::coding::DataCoding;
use crate::concat::{self, Concatenation};
use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The phone's number.
    pub from: String,
    /// The service number it was sent to.
    pub to: String,
    pub coding: DataCoding,
    /// Without the user data header.
    pub payload: Vec<u8>,
    pub concatenation: Option<Concatenation>,
    /// The payload read by its coding; `None` when that is not one of text.
    pub text: Option<String>,
}

/// A message from a phone on its way to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyOut<'a> {
    pub from: &'a str,
    pub to: &'a str,
    pub coding: DataCoding,
    /// Without the user data header.
    pub payload: &'a [u8],
    pub concatenation: Option<Concatenation>,
    pub service_id: &'a str,
}

/// A content with or without a user data header, taken apart.
pub(super) fn open_content(has_header: bool, content: &[u8]) -> (Option<Concatenation>, &[u8]) {
    if has_header {
        concat::split(content)
    } else {
        (None, content)
    }
}

/// Octets of a text field as text. Carriers send what they like; what is not UTF-8 becomes U+FFFD.
pub(super) fn lossy<T: for<'a> From<Cow<'a, str>>>(octets: &[u8]) -> T {
    String::from_utf8_lossy(octets).into()
}
