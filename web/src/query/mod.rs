//! Reading messages: one by id, or many by number.

mod message;
mod search;
mod view;
mod words;

pub use message::{find, message};
pub use search::{Scope, SearchParameters, page, search};
pub use view::{Numbers, connection_name, view};
pub use words::final_state;
