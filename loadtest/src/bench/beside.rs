use super::measure::{cpu_in, name_in};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

/// A process that has nothing to do with the run and worked beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    pub name: String,
    /// How many cores it kept busy.
    pub cores: f64,
}

const TOLD_MAX: usize = 5;
/// Less is not told.
const CORES_MIN: f64 = 0.05;

/// All processes' processor time at one moment.
pub struct Neighbourhood {
    at: Instant,
    processes: BTreeMap<u32, (String, Duration)>,
}

impl Neighbourhood {
    pub fn look() -> Self {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let processes = processes.filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let is_ours = pid == std::process::id() || parent_in(&stat)? == std::process::id();
            (!is_ours).then_some((pid, (name_in(&stat)?.to_owned(), cpu_in(&stat)?)))
        });
        Neighbourhood {
            at: Instant::now(),
            processes: processes.collect(),
        }
    }

    /// Who worked since this moment, the busiest first. Who has ended meanwhile is not seen.
    pub fn busiest(&self) -> Vec<Neighbour> {
        let now = Neighbourhood::look();
        let seconds = (now.at - self.at).as_secs_f64().max(f64::MIN_POSITIVE);
        let mut busy: Vec<_> = now
            .processes
            .into_iter()
            .map(|(pid, (name, cpu))| {
                let before = self.processes.get(&pid).map_or(Duration::ZERO, |(_, cpu)| *cpu);
                Neighbour {
                    name,
                    cores: cpu.saturating_sub(before).as_secs_f64() / seconds,
                }
            })
            .filter(|neighbour| neighbour.cores >= CORES_MIN)
            .collect();
        busy.sort_by(|a, b| b.cores.total_cmp(&a.cores));
        busy.truncate(TOLD_MAX);
        busy
    }
}

/// How busy the whole machine and this process with its ended children have been so far.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    at: Instant,
    busy: Duration,
    ours: Duration,
}

impl Machine {
    pub fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Machine {
            at: Instant::now(),
            busy: busy_in(&read("/proc/stat")).unwrap_or_default(),
            ours: cpu_with_children_in(&read("/proc/self/stat")).unwrap_or_default(),
        }
    }

    /// Cores that others kept busy since this moment.
    pub fn cores_beside(&self) -> f64 {
        let now = Machine::look();
        let (busy, ours) = (
            now.busy.saturating_sub(self.busy),
            now.ours.saturating_sub(self.ours),
        );
        let seconds = (now.at - self.at).as_secs_f64().max(f64::MIN_POSITIVE);
        busy.saturating_sub(ours).as_secs_f64() / seconds
    }
}

/// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, … (proc(5)).
fn busy_in(stat: &str) -> Option<Duration> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    Some(of_ticks(
        [0, 1, 2, 5, 6]
            .into_iter()
            .map(|field| ticks.get(field).copied().unwrap_or(0))
            .sum(),
    ))
}

/// Fields 14 to 17: user and system time, also of children that were waited for.
fn cpu_with_children_in(stat: &str) -> Option<Duration> {
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(4);
    Some(of_ticks(
        fields.filter_map(|field| field.parse::<u64>().ok()).sum(),
    ))
}

fn of_ticks(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// The fourth field, after the name in brackets and the state (proc(5)).
fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_do_is_not_counted_as_beside() {
        let second = rustix::param::clock_ticks_per_second();
        let stat = format!("cpu  {second} {second} {second} 999 999 {second} {second} 5 0 0\ncpu0 1 1 1\n");
        assert_eq!(busy_in(&stat), Some(Duration::from_secs(5)));
        let own = format!("7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 {second} {second} {second} 0 20 0");
        assert_eq!(cpu_with_children_in(&own), Some(Duration::from_secs(3)));
        let now = Machine::look();
        let quiet = Machine {
            at: now.at - Duration::from_secs(1_000),
            busy: now.busy,
            ours: now.ours,
        };
        assert!(quiet.cores_beside() < 1.0);
    }

    #[test]
    fn who_works_beside_us_is_seen_and_we_are_not() {
        assert_eq!(parent_in("7 (a) b) S 12 7 7 0"), Some(12));
        let before = Neighbourhood::look();
        assert!(before.processes.contains_key(&1) && !before.processes.contains_key(&std::process::id()));
        // Somebody who worked a second since then.
        let mut earlier = before;
        earlier.at -= Duration::from_secs(1);
        let (pid, (name, cpu)) = earlier.processes.pop_first().expect("a process");
        let was = cpu.saturating_sub(Duration::from_secs(1));
        earlier.processes.insert(pid, (name.clone(), was));
        let seen = earlier.busiest();
        assert!(
            cpu == was || seen.iter().any(|neighbour| neighbour.name == name),
            "{seen:?}"
        );
    }
}
