//! What a run costs and what ran beside it, from /proc and from the disk.

use super::beside::{Neighbour, Neighbourhood};
use super::versions::Versions;
use crate::load::{Latencies, Percentiles};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// A process's processor time and memory so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// User and system, all threads.
    pub cpu: Duration,
    pub rss_mib: f64,
    pub rss_mib_max: f64,
}

impl Usage {
    /// `None` when there is no such process.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let kib = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        };
        Some(Usage {
            cpu: cpu_in(&stat)?,
            rss_mib: kib("VmRSS:")? / 1_024.0,
            rss_mib_max: kib("VmHWM:")? / 1_024.0,
        })
    }
}

/// A process's processor time so far by what its threads do.
pub fn cpu_by_stage(pid: u32) -> BTreeMap<&'static str, Duration> {
    let mut stages = BTreeMap::new();
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return stages;
    };
    for thread in threads.flatten() {
        let Ok(stat) = fs::read_to_string(thread.path().join("stat")) else {
            continue;
        };
        let (Some(name), Some(cpu)) = (name_in(&stat), cpu_in(&stat)) else {
            continue;
        };
        *stages.entry(stage_of(name)).or_default() += cpu;
    }
    stages
}

/// The server names its threads after what they do; see its ARCHITECTURE.md. Those of the web have actix's own names.
fn stage_of(thread: &str) -> &'static str {
    match thread {
        "lane" => "lane",
        "live" => "live",
        _ if thread.starts_with("journal") => "journal",
        _ if thread.starts_with("history") => "history",
        _ if thread.starts_with("actix") => "web",
        _ => "rest",
    }
}

/// The name in brackets.
pub fn name_in(stat: &str) -> Option<&str> {
    Some(stat.split_once('(')?.1.rsplit_once(')')?.0)
}

/// User and system time. The name in brackets may hold anything; after it, utime and stime are fields 14 and 15 of all (proc(5)).
pub fn cpu_in(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let ticks = ticks()? + ticks()?;
    Some(Duration::from_secs_f64(
        ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
    ))
}

/// Processor time of the calling thread so far.
pub fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Processor time of this process so far, all threads.
pub fn process_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// What the system's TCP sockets take, all of them together; 0 where it does not tell.
pub fn kernel_socket_bytes() -> u64 {
    let sockets = fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    pages_in(&sockets).unwrap_or(0) * rustix::param::page_size() as u64
}

/// Of the line `TCP: inuse 4 orphan 0 tw 0 alloc 6 mem 1`.
fn pages_in(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    line.rsplit_once("mem ")?.1.trim().parse().ok()
}

/// What every measurement is given with.
#[derive(Clone, Debug, Serialize)]
pub struct Surroundings {
    pub versions: Versions,
    pub cores: usize,
    pub kernel: String,
    pub load_average: String,
    /// `fdatasync` after appending 4 KiB, in the run's folder.
    pub sync_ms: Percentiles,
    /// Who worked on the machine while that was measured.
    pub beside: Vec<Neighbour>,
}

const SYNCS: usize = 200;
/// Long enough for the ticks that processor time is counted in.
const LOOK: Duration = Duration::from_millis(200);

impl Surroundings {
    pub fn measure(folder: &Path) -> io::Result<Self> {
        let neighbourhood = Neighbourhood::look();
        let start = Instant::now();
        let first_line = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let sync_ms = sync_percentiles(folder)?;
        std::thread::sleep(LOOK.saturating_sub(start.elapsed()));
        Ok(Surroundings {
            versions: Versions::read(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: first_line("/proc/sys/kernel/osrelease"),
            load_average: first_line("/proc/loadavg"),
            sync_ms,
            beside: neighbourhood.busiest(),
        })
    }
}

fn sync_percentiles(folder: &Path) -> io::Result<Percentiles> {
    let path = folder.join("sync-probe");
    let mut file = File::create(&path)?;
    let mut latencies = Latencies::default();
    for _ in 0..SYNCS {
        sync_once(&mut file, &mut latencies)?;
    }
    fs::remove_file(path)?;
    Ok(latencies.percentiles())
}

/// `fdatasync` after appending 4 KiB.
pub fn sync_once(file: &mut File, latencies: &mut Latencies) -> io::Result<()> {
    file.write_all(&[0; 4_096])?;
    let start = Instant::now();
    file.sync_data()?;
    latencies.count(start.elapsed());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_usage_can_be_read() {
        let usage = Usage::of(std::process::id()).expect("we run");
        assert!(
            usage.rss_mib > 0.1 && usage.rss_mib <= usage.rss_mib_max + 1.0,
            "{usage:?}"
        );
        assert!(Usage::of(u32::MAX).is_none());
    }

    #[test]
    fn threads_are_told_apart_by_their_names() {
        let stat = "7 (journal) w)) S 1 7 7 0 -1 0 0 0 0 0 150 50 0 0 20 0 8 0 100";
        assert_eq!(name_in(stat), Some("journal) w)"));
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        assert_eq!(cpu_in(stat), Some(Duration::from_secs_f64(200.0 / ticks)));
        assert_eq!(
            pages_in("sockets: used 9\nTCP: inuse 4 orphan 0 mem 17\nUDP: mem 3\n"),
            Some(17)
        );
        assert_eq!(stage_of("journal-writer"), "journal");
        assert_eq!(stage_of("actix-rt|system"), "web");
        assert!(cpu_by_stage(std::process::id()).contains_key("rest"));
    }
}
