//! Reading messages: one by id, or many by number.

mod message;
mod search;
mod view;
mod words;

pub use message::{find, message};
pub use search::{Scope, SearchParameters, moment, page, search};
pub use view::{Numbers, Shown, account_name, connection_name, organisation_name, view};
pub use words::{channel as channel_word, final_state};
