//! The file store in a folder of its own: `ab/<hash>` for finished files, `<number>.part` for what is being written.

mod reader;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use store::EmbeddedFiles;
