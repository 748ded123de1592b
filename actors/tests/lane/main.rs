//! The lane as a whole: real cores, real sessions and the real journal, with simulated carriers, files and time.

mod feeds;
mod hot;
mod idempotency;
mod late;
mod plans;
mod pulls;
mod sharing;
mod tries;
mod whole_way;
mod world;
