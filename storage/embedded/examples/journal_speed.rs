//! How fast the journal is on a disk: `cargo run -p carillon-embedded --example journal_speed -- <empty folder>`.
//!
//! One thread appends frames of one size for 5 s, as fast as they are taken or at a steady rate, while a second one waits for each
//! sync. The processor time is that of the whole program.

use carillon_embedded::files::RealFiles;
use carillon_embedded::journal::{EmbeddedJournal, JournalOptions};
use carillon_storage::journal::{FrameSeq, Journal, JournalError};
use rustix::time::{ClockId, clock_gettime};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const RUN: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("usage: journal_speed <empty folder>")?;
    println!("   bytes  asked/s  frames/s  CPU µs  append ns  syncs/s  sync p50/p99/max µs");
    for (number, (bytes, rate)) in [
        (40 * 1024, None),
        (300, None),
        (40 * 1024, Some(1000)),
        (300, Some(12_000)),
        (300, Some(1000)),
    ]
    .into_iter()
    .enumerate()
    {
        run(&Path::new(&folder).join(number.to_string()), bytes, rate)?;
    }
    Ok(())
}

fn run(dir: &Path, bytes: usize, rate: Option<u32>) -> Result<(), JournalError> {
    let journal = Arc::new(EmbeddedJournal::open(
        dir,
        JournalOptions::default(),
        Arc::new(RealFiles),
    )?);
    let syncs = Arc::new(Mutex::new((Duration::ZERO, Vec::new())));
    let (noted, weak) = (syncs.clone(), Arc::downgrade(&journal));
    journal.on_durable(Box::new(move || {
        let Some(journal) = weak.upgrade() else { return };
        let total = journal.status().sync_time_total;
        let (before, times) = &mut *noted.lock().expect("no panic inside");
        times.push(total - std::mem::replace(before, total));
    }));
    let payload = vec![7; bytes];
    let (started, processor) = (Instant::now(), processor_time());
    let (mut frames, mut appending) = (0_u32, Duration::ZERO);
    while started.elapsed() < RUN {
        if let Some(rate) = rate {
            let due = started + Duration::from_secs(1) * frames / rate;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let payload = payload.clone();
        let before = Instant::now();
        match journal.append(payload) {
            Ok(_) => {
                appending += before.elapsed();
                frames += 1;
            }
            Err(JournalError::Full { .. }) => thread::sleep(Duration::from_micros(200)),
            Err(error) => return Err(error),
        }
    }
    let last = FrameSeq(u64::from(frames));
    while journal.durable() < last && journal.failure().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    let (elapsed, processor) = (started.elapsed().as_secs_f64(), processor_time() - processor);
    let status = journal.status();
    journal.close()?;
    let mut times = std::mem::take(&mut syncs.lock().expect("no panic inside").1);
    times.sort_unstable();
    let quantile = |percent: usize| times[(times.len() - 1) * percent / 100].as_micros();
    println!(
        "{bytes:8} {:>8} {:9.0} {:7.2} {:10.0} {:8.0}  {}/{}/{}",
        rate.map_or("max".into(), |rate| rate.to_string()),
        f64::from(frames) / elapsed,
        processor.as_secs_f64() * 1e6 / f64::from(frames),
        appending.as_secs_f64() * 1e9 / f64::from(frames),
        status.syncs_total as f64 / elapsed,
        quantile(50),
        quantile(99),
        status.sync_time_max.as_micros(),
    );
    Ok(())
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
