//! The pages.

mod alarms;
mod campaigns;
mod connections;
mod home;
mod login;
mod nowhere;
mod records;
mod walls;

pub use alarms::Alarms;
pub use campaigns::Campaigns;
pub use connections::Connections;
pub use home::Home;
pub use login::Login;
pub use nowhere::Nowhere;
pub use records::Records;
pub use walls::Walls;
