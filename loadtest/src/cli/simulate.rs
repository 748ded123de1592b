use super::arguments::Simulate;
use super::print_json;
use carillon_loadtest::simulate::simulate as live_all;
use std::time::{SystemTime, UNIX_EPOCH};

/// `carillon-loadtest simulate`
pub fn simulate(arguments: &Simulate) -> anyhow::Result<bool> {
    let first = arguments.seed.unwrap_or_else(seed_of_now);
    eprintln!("seeds from {first} on; one that fails: carillon-loadtest simulate --seed N");
    let report = live_all(first, arguments.seeds, |report| {
        eprintln!("{} lives, {:.0}/s", report.seeds, report.seeds_per_s);
    });
    print_json(&report)?;
    if let Some(failure) = &report.failure {
        eprintln!("{failure}");
    }
    Ok(report.failure.is_none())
}

fn seed_of_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_secs() * 1_000_000)
}
