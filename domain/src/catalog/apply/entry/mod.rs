//! The shapes of the file's entries.

mod account;
mod business_type;
mod connection;
mod list;
mod named;
mod organisation;
mod route;
mod strategy;
mod template;

pub use account::{AccountEntry, WebhookEntry};
pub use business_type::BusinessTypeEntry;
pub use connection::{ConnectionEntry, MailEntry};
pub use list::{NumberListEntry, WordListEntry};
pub(super) use named::Entry;
pub use organisation::OrganisationEntry;
pub use route::{MemberEntry, RouteGroupEntry, RouteRuleEntry};
pub use strategy::{StepEntry, StrategyEntry};
pub use template::TemplateEntry;

/// Of weights.
fn one() -> u16 {
    1
}

fn yes() -> bool {
    true
}
