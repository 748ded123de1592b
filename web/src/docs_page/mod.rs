//! The API page: the OpenAPI document to be read and tried in a browser, without anything from outside.

mod page;

pub use page::{asset, page};
