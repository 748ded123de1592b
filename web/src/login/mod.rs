//! Operators' sessions and the links of walls: made, kept, ended.

mod attempts;
mod body;
mod buckets;
mod cookie;
mod guard;
mod keeper;
mod log_in;
mod password;
mod secret;
mod sessions;
mod source;
mod table;
mod wall_session;
mod wall_tokens;

pub use cookie::{SESSION_COOKIE, WALL_COOKIE, cookies, set_cookie};
pub use keeper::{LoginError, LoginKeeper};
pub use log_in::{log_in, log_out, session};
pub use password::{PASSWORD_CHARACTERS_MIN, change_password};
pub use secret::csrf_token_fits;
pub use sessions::{end_session, sessions};
pub use source::{FORWARDED_FOR, is_in, network, source};
pub use wall_session::{open_wall, wall_session};
pub use wall_tokens::{add_wall_token, remove_wall_token, wall_tokens};
