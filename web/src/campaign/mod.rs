//! Campaigns over the API: drafts, recipients, steering, progress and refused lines.

mod admin;
mod create;
mod failure;
mod list;
mod recipients;
mod refused;
mod remove;
mod request;
mod resend;
mod steer;
mod view;

pub use admin::{
    list as admin_list, pause as admin_pause, rate as admin_rate, refused as admin_refused,
    refused_csv as admin_refused_csv, resend as admin_resend, resume as admin_resume, show as admin_show,
    start as admin_start, stop as admin_stop,
};
pub use create::create;
pub use list::{list, show};
pub use recipients::upload;
pub use refused::{refused, refused_csv};
pub use remove::remove;
pub use request::{draft, parse};
pub use resend::resend;
pub use steer::{pause, rate, resume, schedule, start, stop};

/// The longest body of a campaign: its HTML, twice as long when every character is escaped.
const BODY_BYTES_MAX: usize = 256 * 1024;
