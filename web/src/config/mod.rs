//! The configuration: defaults, one TOML file, the environment, the command line — each overrides those before it.

mod check;
mod listen;
mod load;
mod sections;

pub use listen::{InvalidListen, Listen};
pub use load::{ConfigError, Overrides, load};
pub use sections::{
    Config, HistorySection, Http, JournalSection, KafkaSection, Limits, Log, LogFormat, MailBounces, Numbers,
    PagesSection, Shutdown, UpstreamSection, WebhooksSection,
};
