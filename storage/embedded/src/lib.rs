pub mod blobs;
pub mod files;
pub mod history;
pub mod journal;
