use super::arguments::{Common, address};
use super::print_json;
use anyhow::Context;
use carillon_domain::time::UnixMs;
use carillon_loadtest::bench::{self, DemoDayOptions};
use carillon_loadtest::clock::Clock;
use carillon_loadtest::demo::{
    CampaignTimes, DemoClock, Keys, People, PlayOptions, Told, WeekOptions, make_week, play,
};
use clap::Args;
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Requests are repeated for so long while the server is away.
const PATIENCE: Duration = Duration::from_secs(30);
const READ_EVERY: Duration = Duration::from_secs(5);

/// Messages a second in the busiest hour, live and in the week before.
const PEAK: f64 = 8.0;

#[derive(Debug, Args)]
pub struct Demo {
    /// Address of the API, e.g. `127.0.0.1:8080` or `http://127.0.0.1:8080`.
    #[arg(long)]
    pub url: String,
    /// What `carillon apply` printed: the lines `api-key ACCOUNT: KEY`.
    #[arg(long, value_name = "FILE")]
    pub keys: PathBuf,
    /// The table of number ranges; recipients have numbers of it.
    #[arg(long, value_name = "FILE")]
    pub ranges: PathBuf,
    /// The simulated carriers' control port: one of them goes bad now and then.
    #[arg(long, value_name = "PORT")]
    pub control: Option<u16>,
    /// Messages a second in the busiest hour.
    #[arg(long, default_value_t = PEAK)]
    pub peak: f64,
    /// By default a new one.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Plays one working day in so many seconds and ends; otherwise the time of day is the real one, without end.
    #[arg(long, value_name = "SECONDS")]
    pub day_in: Option<u64>,
}

#[derive(Debug, Args)]
pub struct DemoWeek {
    /// Data folder of a server that has its catalog and never ran.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The table of number ranges, the same as the server's.
    #[arg(long, value_name = "FILE")]
    pub ranges: PathBuf,
    /// The simulated carriers' file.
    #[arg(long, value_name = "FILE")]
    pub carriers: PathBuf,
    /// Whole days before today.
    #[arg(long, default_value_t = 7)]
    pub days: u32,
    /// Messages a second in the busiest hour.
    #[arg(long, default_value_t = PEAK)]
    pub peak: f64,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct DemoDay {
    /// How long the day takes.
    #[arg(long, default_value_t = 30)]
    pub seconds: u64,
    /// Messages a second in the busiest hour.
    #[arg(long, default_value_t = 400.0)]
    pub peak: f64,
    /// By default a new one, which is printed.
    #[arg(long)]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub common: Common,
}

pub async fn demo(arguments: Demo) -> anyhow::Result<bool> {
    let people = People::read(&arguments.ranges)?;
    let seed = arguments.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let length = arguments.day_in.map(Duration::from_secs);
    let options = PlayOptions {
        address: address(&arguments.url)?,
        keys: Keys::read(&arguments.keys)?,
        run: format!("demo-{:016x}", rand::random::<u64>()),
        seed,
        peak: arguments.peak,
        clock: match length {
            Some(length) => DemoClock::day_in(length, now()),
            None => DemoClock::real(now()),
        },
        length,
        patience: PATIENCE,
        read_every: READ_EVERY,
        campaigns: CampaignTimes::default(),
        control: arguments.control,
    };
    let told = Arc::new(Mutex::new(Told::default()));
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
    let stop = async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    };
    play(&options, &people, &told, stop).await;
    print_json(&*told.lock())?;
    Ok(true)
}

pub async fn demo_week(arguments: DemoWeek) -> anyhow::Result<bool> {
    let report = make_week(WeekOptions {
        data: arguments.data,
        ranges: arguments.ranges,
        carriers: arguments.carriers,
        days: arguments.days,
        seed: arguments.seed,
        peak: arguments.peak,
        now: now(),
    })
    .await?;
    print_json(&report)?;
    Ok(true)
}

pub async fn demo_day(arguments: DemoDay) -> anyhow::Result<bool> {
    let seed = arguments.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    // Before the run, so that it is known however the run ends.
    eprintln!("seed: {seed}");
    let report = bench::demo_day(&DemoDayOptions {
        seconds: arguments.seconds,
        peak: arguments.peak,
        seed,
        place: arguments.common.place,
    })
    .await?;
    print_json(&report)?;
    Ok(report.is_good())
}

fn now() -> UnixMs {
    UnixMs(Clock::start().unix_us() / 1_000)
}
