//! Simulated carriers: real TCP servers that speak CMPP 2.0, CMPP 3.0 and SMPP 3.4, and keep a ledger of everything.

mod behaviour;
mod book;
mod carrier;
mod config;
pub mod control;
mod host;
mod ids;
mod order;
mod session;
mod shell;
mod timers;

pub use behaviour::{Behaviour, DecidedAnswer, IdForm, Range, WeightedStatus};
pub use book::Progress;
pub use carrier::{Carrier, Moment, Switches};
pub use config::{AccountConfig, CarrierConfig, CarriersConfig, ConfigError, ProtocolName};
pub use host::{CarrierStart, Host, HostError, Orders, RunningCarrier};
pub use order::{InvalidOrder, Order};
pub use session::{PhoneReply, SessionKey};
