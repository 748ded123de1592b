//! The client of the live feed: [`Link`] decides, [`Live`] does it in a browser.

mod backoff;
mod client;
mod link;
mod view;

pub use client::Live;
pub use link::{Effect, Event, Link, Poll};
pub use view::LinkView;
