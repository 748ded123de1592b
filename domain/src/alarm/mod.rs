//! Alarms (MON-2): which figures are abnormal, and what became of each alarm, in the states of ISA-18.2.

mod book;
mod figures;
mod limits;
mod record;
mod watch;

pub use book::{AlarmBook, AlarmError, OPEN_MAX, REASON_CHARACTERS_MAX, SHELVE_MAX};
pub use figures::{ConnectionFigures, Figures, StoreFigures};
pub use limits::AlarmLimits;
pub use record::{Alarm, AlarmId, AlarmKey, AlarmRule, AlarmState, Severity, Shelf};
pub use watch::Finding;
