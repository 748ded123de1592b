use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Figures of this process and its host.
pub struct HostFigures {
    system: Mutex<System>,
    process: Option<Pid>,
}

/// As they are now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostReading {
    pub process_memory_bytes: u64,
    pub process_cpu: Duration,
    pub host_memory_available_bytes: u64,
    pub host_load_one_minute: f64,
}

impl HostFigures {
    pub fn new() -> Self {
        HostFigures {
            system: Mutex::new(System::new()),
            process: sysinfo::get_current_pid().ok(),
        }
    }

    pub fn read(&self) -> HostReading {
        let mut system = self.system.lock().unwrap_or_else(PoisonError::into_inner);
        system.refresh_memory();
        let mut reading = HostReading {
            host_memory_available_bytes: system.available_memory(),
            host_load_one_minute: System::load_average().one,
            ..HostReading::default()
        };
        if let Some(pid) = self.process {
            let kind = ProcessRefreshKind::nothing().with_cpu().with_memory();
            system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, kind);
            if let Some(process) = system.process(pid) {
                reading.process_memory_bytes = process.memory();
                reading.process_cpu = Duration::from_millis(process.accumulated_cpu_time());
            }
        }
        reading
    }
}

impl Default for HostFigures {
    fn default() -> Self {
        Self::new()
    }
}
