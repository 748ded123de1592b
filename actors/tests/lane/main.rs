//! The lane as a whole: real cores, real sessions and the real journal, with simulated carriers, files and time.

mod bodies;
mod campaigns;
mod fairness;
mod feeds;
mod hot;
mod idempotency;
mod late;
mod plans;
mod policies;
mod pulls;
mod sharing;
mod tail;
mod tallies;
mod tenure;
mod tries;
mod whole_way;
mod world;
