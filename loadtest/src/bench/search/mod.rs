//! A large history: messages stored straight into its files, and searched in every way there is. What fits is known without the
//! history, so that every answer is checked.

mod ask;
mod cache;
mod calendar;
mod load;
mod mix;
mod parts;
mod people;
mod question;
mod rows;
mod run;

pub use ask::Asked;
pub use load::Stored;
pub use run::{SearchOptions, SearchReport, search};
