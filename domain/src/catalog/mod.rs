//! What operators configure: organisations, accounts, connections, route groups, business types, templates, strategies,
//! lists.
//!
//! These are plain values. The catalog store keeps them, the apply file declares them by name, and the lane works on one
//! immutable [`Snapshot`] of them.

pub mod apply;

mod account;
mod business_type;
mod cap;
mod compiled;
mod connection;
#[cfg(test)]
pub(crate) mod fixture;
mod lane_place;
mod mail;
mod next_ids;
mod number_filter;
mod number_list;
mod organisation;
mod route;
mod route_table;
mod scope;
mod snapshot;
mod strategy;
mod template;
mod webhook;
mod word_filter;
mod word_list;

pub use account::{Account, Modules};
pub use business_type::{BusinessType, Priority, UncertainPolicy};
pub use cap::{Cap, CapPeriod, CapPeriods};
pub use compiled::{CompileError, Compiled, CompiledTemplate};
pub use connection::{ConcatenationReference, Connection, Protocol, ReceiptIdForm, Secret};
pub use lane_place::LanePlace;
pub use mail::{MAIL_ADDRESS_BYTES_MAX, MailSecurity, MailSettings, is_host_name, is_mail_address};
pub use next_ids::NextIds;
pub use number_filter::Listed;
pub use number_list::{NUMBERS_MAX, NumberList, NumberListKind};
pub use organisation::Organisation;
pub use route::{Carrier, Member, RouteGroup, RouteRule, Strategy};
pub use route_table::{RouteExplanation, RuleVerdict, Verdict};
pub use snapshot::Snapshot;
pub use strategy::{SendingStrategy, StrategyStep};
pub use template::Template;
pub use webhook::{URL_BYTES_MAX, Webhook, WebhookEvent, is_webhook_url};
pub use word_filter::WordHit;
pub use word_list::{WORD_CHARACTERS_MAX, WORDS_MAX, WordList};
