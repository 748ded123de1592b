pub mod blobs;
pub mod catalog;
pub mod files;
pub mod history;
pub mod journal;
