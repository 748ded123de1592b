//! Alarms (MON-2): one desk looks at the figures that screens show, and keeps what became of each alarm.

mod desk;
mod disks;
mod families;
mod figures;
mod handle;
mod list;
mod log_keeper;
mod sight;
mod sources;
mod view;

pub use desk::AlarmDesk;
pub use disks::Disks;
pub use families::families;
pub use handle::{acknowledge, shelve, unshelve};
pub use list::list;
pub use sources::AlarmSources;
