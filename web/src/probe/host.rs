use parking_lot::Mutex;
use rustix::fs::statvfs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use sysinfo::{Networks, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Speeds are of at least so much time.
const SPEED_TIME: Duration = Duration::from_secs(1);

/// Figures of this process and its host.
pub struct HostFigures {
    data: PathBuf,
    process: Option<Pid>,
    state: Mutex<State>,
}

struct State {
    system: System,
    networks: Networks,
    before: Option<Before>,
    speeds: Speeds,
}

/// What was counted when speeds were last taken.
struct Before {
    at: Instant,
    process_cpu: Duration,
}

#[derive(Clone, Copy, Default)]
struct Speeds {
    cpu: Option<f64>,
    process_cpu_share: Option<f64>,
    received_bytes_per_s: Option<u64>,
    sent_bytes_per_s: Option<u64>,
    network: Option<f64>,
}

/// As they are now. Shares are 0 to 1; `None` where the system does not tell, or not yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostReading {
    pub name: String,
    pub process_memory_bytes: u64,
    pub process_cpu: Duration,
    pub host_memory_available_bytes: u64,
    pub host_load_one_minute: f64,
    pub cpu: Option<f64>,
    pub memory: Option<f64>,
    /// Used, of the disk of the data folder.
    pub disk: Option<f64>,
    pub received_bytes_per_s: Option<u64>,
    pub sent_bytes_per_s: Option<u64>,
    /// Of the fastest interface, the busier direction.
    pub network: Option<f64>,
    /// Of all cores.
    pub process_cpu_share: Option<f64>,
}

impl HostFigures {
    /// `data` is on the disk that is looked at.
    pub fn new(data: &Path) -> Self {
        HostFigures {
            data: data.to_owned(),
            process: sysinfo::get_current_pid().ok(),
            state: Mutex::new(State {
                system: System::new(),
                networks: Networks::new_with_refreshed_list(),
                before: None,
                speeds: Speeds::default(),
            }),
        }
    }

    /// Asks the system; what is measured over time is that of the last second or two.
    pub fn read(&self) -> HostReading {
        let state = &mut *self.state.lock();
        state.system.refresh_memory();
        let mut reading = HostReading {
            name: System::host_name().unwrap_or_default(),
            host_memory_available_bytes: state.system.available_memory(),
            host_load_one_minute: System::load_average().one,
            memory: share(
                state
                    .system
                    .total_memory()
                    .saturating_sub(state.system.available_memory()),
                state.system.total_memory(),
            ),
            disk: disk_used(&self.data),
            ..HostReading::default()
        };
        if let Some(pid) = self.process {
            let kind = ProcessRefreshKind::nothing().with_cpu().with_memory();
            state
                .system
                .refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, kind);
            if let Some(process) = state.system.process(pid) {
                reading.process_memory_bytes = process.memory();
                reading.process_cpu = Duration::from_millis(process.accumulated_cpu_time());
            }
        }
        state.take_speeds(reading.process_cpu);
        let speeds = state.speeds;
        HostReading {
            cpu: speeds.cpu,
            process_cpu_share: speeds.process_cpu_share,
            received_bytes_per_s: speeds.received_bytes_per_s,
            sent_bytes_per_s: speeds.sent_bytes_per_s,
            network: speeds.network,
            ..reading
        }
    }
}

impl State {
    fn take_speeds(&mut self, process_cpu: Duration) {
        let now = Instant::now();
        let time = self.before.as_ref().map(|before| now.duration_since(before.at));
        if time.is_some_and(|time| time < SPEED_TIME) {
            return;
        }
        self.system.refresh_cpu_usage();
        self.networks.refresh(true);
        let before = self.before.replace(Before { at: now, process_cpu });
        let (Some(before), Some(time)) = (before, time) else {
            return;
        };
        let seconds = time.as_secs_f64();
        let cores = self.system.cpus().len().max(1) as f64;
        let used = process_cpu.saturating_sub(before.process_cpu).as_secs_f64();
        let per_second = |bytes: u64| (bytes as f64 / seconds) as u64;
        // What a machine says to itself fills no line.
        let lines = || self.networks.iter().filter(|(name, _)| *name != "lo");
        let fastest = lines()
            .filter_map(|(name, data)| {
                let speed = bytes_per_second_max(name)?;
                let busier = data.received().max(data.transmitted());
                Some((speed, share(per_second(busier), speed)))
            })
            .max_by_key(|(speed, _)| *speed);
        self.speeds = Speeds {
            cpu: Some(f64::from(self.system.global_cpu_usage()) / 100.0),
            process_cpu_share: Some(used / seconds / cores),
            received_bytes_per_s: Some(per_second(lines().map(|(_, data)| data.received()).sum())),
            sent_bytes_per_s: Some(per_second(lines().map(|(_, data)| data.transmitted()).sum())),
            network: fastest.and_then(|(_, used)| used),
        };
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64).min(1.0))
}

fn disk_used(folder: &Path) -> Option<f64> {
    let disk = statvfs(folder).ok()?;
    share(disk.f_blocks.saturating_sub(disk.f_bavail), disk.f_blocks)
}

/// As Linux tells it in Mbit/s; virtual lines have none.
fn bytes_per_second_max(interface: &str) -> Option<u64> {
    let path = Path::new("/sys/class/net").join(interface).join("speed");
    let mbits: i64 = std::fs::read_to_string(path).ok()?.trim().parse().ok()?;
    u64::try_from(mbits)
        .ok()
        .filter(|speed| *speed > 0)
        .map(|speed| speed * 125_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_tells_its_figures() {
        let folder = tempfile::tempdir().unwrap();
        let figures = HostFigures::new(folder.path());
        let first = figures.read();
        assert!(first.process_memory_bytes > 0 && first.memory.is_some());
        assert!(first.disk.is_some_and(|disk| (0.0..=1.0).contains(&disk)));
        assert_eq!(first.cpu, None);
        figures.state.lock().before = Some(Before {
            at: Instant::now() - 2 * SPEED_TIME,
            process_cpu: Duration::ZERO,
        });
        let later = figures.read();
        assert!(later.cpu.is_some() && later.process_cpu_share.is_some_and(|share| share > 0.0));
        assert!(later.received_bytes_per_s.is_some());
    }
}
