use super::stores::Stores;
use crate::http::time;
use crate::probe::{HostFigures, HostReading};
use carillon_actors::LaneHandle;
use carillon_api::live::{Health, HostRow, HostsPanel, Panel};
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

const READ_EVERY: Duration = Duration::from_secs(2);

/// From these shares on, something should be done, or must be.
const HIGH: f64 = 0.85;
const FULL: f64 = 0.97;

/// The machine and the stores on it, read in the background.
pub struct Hosts {
    figures: HostFigures,
    stores: Mutex<Stores>,
    reading: Mutex<Option<HostReading>>,
    panel: Mutex<Panel<HostsPanel>>,
}

impl Hosts {
    /// `data` is the folder of all stores.
    pub fn new(figures: HostFigures, data: PathBuf) -> Self {
        Hosts {
            figures,
            stores: Mutex::new(Stores::new(data)),
            reading: Mutex::default(),
            panel: Mutex::default(),
        }
    }

    pub fn panel(&self) -> Panel<HostsPanel> {
        self.panel.lock().clone()
    }

    /// As it was when it was last read: nobody waits for a disk that hangs. `None` before the first time.
    pub fn reading(&self) -> Option<HostReading> {
        self.reading.lock().clone()
    }

    /// Begins to read; ends with the lane's live thread.
    pub fn start(self: Arc<Self>, lane: &LaneHandle) {
        let handle = lane.clone();
        lane.live().spawn(async move {
            let mut timer = tokio::time::interval(READ_EVERY);
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                timer.tick().await;
                let (hosts, lane) = (self.clone(), handle.clone());
                let read = tokio::task::spawn_blocking(move || hosts.read(&lane)).await;
                if let Err(error) = read {
                    tracing::warn!(%error, "the host cannot be read");
                }
            }
        });
    }

    fn read(&self, lane: &LaneHandle) {
        let reading = self.figures.read();
        let stores = self.stores.lock().read(lane, &reading);
        *self.panel.lock() = Panel {
            at_ms: time::now().0,
            data: HostsPanel {
                hosts: vec![row(&reading)],
                stores,
            },
        };
        *self.reading.lock() = Some(reading);
    }
}

fn row(reading: &HostReading) -> HostRow {
    HostRow {
        name: reading.name.clone(),
        // How hard the processors work is a figure, no fault: what comes of it shows as backlog or latency, with an alarm.
        health: health([reading.memory, reading.disk].into_iter().flatten()),
        cpu: reading.cpu.map(rounded),
        memory: reading.memory.map(rounded),
        disk: reading.disk.map(rounded),
        network: reading.network.map(rounded),
        received_bytes_per_s: reading.received_bytes_per_s,
        sent_bytes_per_s: reading.sent_bytes_per_s,
        process_cpu: reading.process_cpu_share.map(rounded),
        process_memory_bytes: Some(reading.process_memory_bytes),
    }
}

/// By the worst share.
pub fn health(shares: impl Iterator<Item = f64>) -> Health {
    match shares.reduce(f64::max) {
        None => Health::None,
        Some(share) if share >= FULL => Health::Failed,
        Some(share) if share >= HIGH => Health::Degraded,
        Some(_) => Health::Ok,
    }
}

/// To a thousandth.
fn rounded(share: f64) -> f64 {
    (share * 1e3).round() / 1e3
}
