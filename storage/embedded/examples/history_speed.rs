//! Measures the history on the real disk: `cargo run -p carillon-embedded --example history_speed -- [rows] [batch] [folder]`.

use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, CampaignId, MessageId, TenantId};
use carillon_domain::journey::{Amendment, Journey, MessageState};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::province::Province;
use carillon_domain::time::UnixMs;
use carillon_embedded::history::{EmbeddedHistory, HistoryOptions};
use carillon_storage::conformance::Random;
use carillon_storage::conformance::history::{journey, phone};
use carillon_storage::history::{Batch, GroupBy, History, RANGE_MAX, Resolution, RollupQuery, SearchQuery};
use carillon_storage::journal::FrameSeq;
use rustix::time::{ClockId, clock_gettime};
use std::env;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PHONES: u64 = 5_000_000;
const FIRST_MS: u64 = 1_770_000_000_000;
/// Messages accepted in a millisecond.
const PER_MS: u64 = 60;
const SEARCHES: u64 = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let rows: u64 = arguments.next().map_or(Ok(1_000_000), |rows| rows.parse())?;
    let batch: u64 = arguments.next().map_or(Ok(50_000), |batch| batch.parse())?;
    let parent = arguments.next().map_or_else(env::temp_dir, Into::into);
    let dir = tempfile::TempDir::new_in(parent)?;
    // Merged on this thread, so that its processor time is known.
    let options = HistoryOptions {
        works_in_background: false,
        ranges: Arc::new(ranges()?),
        ..HistoryOptions::default()
    };
    let history = EmbeddedHistory::open(dir.path(), options)?;
    let mut random = Random::new(1);
    store(&history, rows, batch, &mut random)?;
    merge(&history, dir.path(), rows)?;
    let ids = rows / batch * batch;
    let first = UnixMs(FIRST_MS);
    let page = || SearchQuery {
        from: first,
        until: UnixMs(first.0 + RANGE_MAX.as_millis() as u64),
        ..SearchQuery::newest(50)
    };
    measure("by number", || {
        let phone = Some(phone(random.below(PHONES)));
        history.search(&SearchQuery { phone, ..page() })
    })?;
    measure("by campaign", || {
        let campaign = Some(CampaignId(random.below(3) as u32));
        history.search(&SearchQuery { campaign, ..page() })
    })?;
    measure("by account and state", || {
        let account = Some(AccountId(random.below(9) as u32));
        let states = vec![MessageState::Final(FinalState::Failed)];
        history.search(&SearchQuery {
            account,
            states,
            ..page()
        })
    })?;
    measure("by account in vain", || {
        let account = Some(AccountId(random.below(9) as u32));
        let states = vec![MessageState::Active];
        history.search(&SearchQuery {
            account,
            states,
            ..page()
        })
    })?;
    measure("by organisation in vain", || {
        let tenant = Some(TenantId(2));
        history.search(&SearchQuery { tenant, ..page() })
    })?;
    let mut random = Random::new(2);
    measure("journey", || history.journey(id(random.below(ids))))?;
    figures(&history, &mut random, ids)
}

/// Every number range of the suite's numbers in one of 31 provinces.
fn ranges() -> Result<NumberRanges, Box<dyn Error>> {
    let provinces: Vec<_> = Province::all().take(31).collect();
    let carriers = ["mobile", "unicom", "telecom"];
    let lines = (0..PHONES / 10_000).map(|range| {
        let province = provinces[range as usize % provinces.len()].name();
        let carrier = carriers[range as usize / provinces.len() % carriers.len()];
        format!("{},{province},,{carrier}\n", 1_380_000 + range)
    });
    let ranges = NumberRanges::parse(&lines.collect::<String>());
    ranges.map_err(|errors| format!("{errors:?}").into())
}

fn id(number: u64) -> MessageId {
    MessageId(((FIRST_MS + number / PER_MS) << 22) + number % PER_MS)
}

fn figures(history: &EmbeddedHistory, random: &mut Random, ids: u64) -> Result<(), Box<dyn Error>> {
    let everything = |resolution, group_by| RollupQuery {
        resolution,
        from: UnixMs(0),
        until: UnixMs(u64::MAX),
        tenant: None,
        account: None,
        group_by,
    };
    let by_minute = GroupBy {
        time: true,
        tenant: true,
        ..GroupBy::default()
    };
    measure("figures by minute", || {
        history.rollup(&everything(Resolution::Minute, by_minute))
    })?;
    let by_province = GroupBy {
        time: true,
        connection: true,
        province: true,
        ..GroupBy::default()
    };
    measure("figures by hour, connection and province", || {
        history.rollup(&everything(Resolution::Hour, by_province))
    })?;
    let amendments: Vec<Amendment> = (0..1_000)
        .map(|_| Amendment {
            message: id(random.below(ids)),
            state: FinalState::Delivered,
            cause: None,
            at: UnixMs(FIRST_MS + 90_000_000),
        })
        .collect();
    let started = cpu_time(ClockId::ThreadCPUTime);
    history.store(Batch::of(&[], &amendments), history.stored_upto().next())?;
    let cpu = cpu_time(ClockId::ThreadCPUTime) - started;
    println!("corrections: CPU {:.1} µs each", per(1_000, cpu));
    Ok(())
}

fn store(
    history: &EmbeddedHistory,
    rows: u64,
    batch: u64,
    random: &mut Random,
) -> Result<(), Box<dyn Error>> {
    let (mut wall, mut cpu, mut longest) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for number in 0..rows / batch {
        // Ids inside a batch come in the order of ending: here, none.
        let ids = (0..batch).map(|place| id(number * batch + place * 7919 % batch));
        let journeys: Vec<Journey> = ids
            .map(|id| journey(id.0, phone(random.below(PHONES)), 1, random))
            .collect();
        let (started, cpu_started) = (Instant::now(), cpu_time(ClockId::ThreadCPUTime));
        history.store(Batch::of(&journeys, &[]), FrameSeq(number + 1))?;
        cpu += cpu_time(ClockId::ThreadCPUTime) - cpu_started;
        wall += started.elapsed();
        longest = longest.max(started.elapsed());
    }
    println!(
        "store, batches of {batch}: {:.2} µs per row, CPU {:.2}",
        per(rows, wall),
        per(rows, cpu)
    );
    println!("longest store: {:.0} ms", longest.as_secs_f64() * 1e3);
    Ok(())
}

fn merge(history: &EmbeddedHistory, dir: &Path, rows: u64) -> Result<(), Box<dyn Error>> {
    let (before, cpu_started) = (history.size().files, cpu_time(ClockId::ThreadCPUTime));
    history.merge_due()?;
    let cpu = cpu_time(ClockId::ThreadCPUTime) - cpu_started;
    let mut bytes = 0;
    for entry in dir.read_dir()? {
        bytes += entry?.metadata()?.len();
    }
    println!(
        "merge, {before} files to {}: CPU {:.2} µs per row",
        history.size().files,
        per(rows, cpu)
    );
    println!("disk: {} bytes per row", bytes / rows);
    Ok(())
}

fn measure<T, E>(what: &str, mut search: impl FnMut() -> Result<T, E>) -> Result<(), E> {
    let mut times = Vec::new();
    for _ in 0..SEARCHES {
        let started = Instant::now();
        search()?;
        times.push(started.elapsed());
    }
    times.sort();
    println!(
        "{what}: p50 {:?}, p99 {:?}",
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
    Ok(())
}

fn per(rows: u64, time: Duration) -> f64 {
    time.as_secs_f64() * 1e6 / rows as f64
}

fn cpu_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
