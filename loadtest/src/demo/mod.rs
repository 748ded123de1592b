//! The demo hospital: what its systems send in the course of a day, and the week before the first one.

mod caller;
mod campaign;
mod day;
mod keys;
mod message;
mod moods;
mod people;
mod play;
mod reader;
mod stream;
mod told;
mod traffic;
mod week;

pub use day::{DemoClock, share_of_peak};
pub use keys::{Keys, KeysError};
pub use message::DemoMessage;
pub use moods::{Mood, Moods};
pub use people::{People, PeopleError, Person};
pub use play::{CampaignTimes, PlayOptions, play};
pub use told::{Accepted, Told};
pub use traffic::{Call, Fault, Traffic};
pub use week::{WeekError, WeekOptions, WeekReport, make_week};
