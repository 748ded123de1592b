pub mod catalog;
pub mod files;
pub mod journal;
