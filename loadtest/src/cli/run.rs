use super::arguments::{
    Backlog, Bench, CampaignRun, CarrierSpeed, Common, Failover, Fairness, IdleWalls, Kills, Latency,
    MailRun, Mixed, Nodes, Overload, RemindersRun, SlowDisk, Soak, Throughput, Walls,
};
use super::{all, print, print_json, size};
use carillon_loadtest::bench::{
    self, BacklogOptions, CampaignOptions, CarrierSpeedOptions, FailoverOptions, FairnessOptions,
    IdleWallsOptions, KillsOptions, LatencyOptions, MailRunOptions, MixedOptions, NodesOptions, Outcome,
    OverloadOptions, RemindersOptions, SlowDiskOptions, SoakOptions, ThroughputOptions, WallsOptions,
};
use serde::Serialize;
use std::time::Duration;

const SINGLE_CONNECTIONS: usize = 64;
const BATCH_CONNECTIONS: usize = 4;

pub async fn bench(arguments: Bench) -> anyhow::Result<bool> {
    match arguments {
        Bench::Batch(arguments) => throughput(arguments, false).await,
        Bench::Http(arguments) => throughput(arguments, true).await,
        Bench::Latency(arguments) => latency(arguments).await,
        Bench::Backlog(arguments) => backlog(arguments).await,
        Bench::Fairness(arguments) => fairness(arguments).await,
        Bench::SlowDisk(arguments) => slow_disk(arguments).await,
        Bench::Mixed(arguments) => mixed(arguments).await,
        Bench::Failover(arguments) => failover(arguments).await,
        Bench::Overload(arguments) => overload(arguments).await,
        Bench::Soak(arguments) => soak(arguments).await,
        Bench::Memory(arguments) => size::memory(arguments).await,
        Bench::Recovery(arguments) => size::recovery(arguments).await,
        Bench::Search(arguments) => size::search(arguments),
        Bench::All(arguments) => all::all(arguments).await,
        Bench::Carrier(arguments) => carrier(arguments).await,
        Bench::Walls(arguments) => walls(arguments).await,
        Bench::IdleWalls(arguments) => idle_walls(arguments).await,
    }
}

/// Prints a report as JSON, or its figures and the judgement for people.
fn print_run(report: &impl Serialize, outcome: &Outcome, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(report);
    }
    let mut text = String::new();
    if let serde_json::Value::Object(fields) = serde_json::to_value(report)? {
        for (name, value) in fields.iter().filter(|(name, _)| *name != "judgement") {
            text += &format!("{name}: {value}\n");
        }
    }
    print(&format!("{text}{}", outcome.judgement))
}

async fn throughput(arguments: Throughput, single: bool) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::throughput(&ThroughputOptions {
        seconds: arguments.seconds,
        single,
        lines_per_request: arguments.lines,
        connections: arguments.connections.unwrap_or(if single {
            SINGLE_CONNECTIONS
        } else {
            BATCH_CONNECTIONS
        }),
        rate: arguments.rate,
        protocol: arguments.protocol,
        sessions: arguments.sessions,
        window: arguments.window,
        receipt_ms: arguments.receipt_ms,
        open_max: arguments.open_max,
        features: arguments.features,
        look_ahead: arguments.look_ahead,
        added_sync: Duration::from_millis(arguments.added_sync_ms),
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    let fast_enough = arguments.floor.is_none_or(|floor| report.messages_per_s >= floor);
    if !fast_enough {
        eprintln!(
            "below the floor: {:.0} messages per second",
            report.messages_per_s
        );
    }
    Ok(report.outcome.clean && report.outcome.judgement.ended_unsent == 0 && fast_enough)
}

async fn slow_disk(arguments: SlowDisk) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::slow_disk(&SlowDiskOptions {
        seconds: arguments.seconds,
        added_sync: Duration::from_millis(arguments.added_sync_ms),
        look_ahead: arguments.look_ahead,
        connections: arguments.connections,
        window: arguments.window,
        place,
    })
    .await?;
    if json {
        print_json(&report)?;
    } else {
        print(&report.to_string())?;
    }
    Ok(report.is_clean())
}

async fn latency(arguments: Latency) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::latency(&LatencyOptions {
        rate: arguments.rate,
        seconds: arguments.seconds,
        connections: arguments.connections,
        receipt_ms: arguments.receipt_ms,
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    Ok(report.outcome.clean && report.outcome.judgement.ended_unsent == 0)
}

async fn backlog(arguments: Backlog) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::backlog(&BacklogOptions {
        messages: arguments.messages,
        connections: arguments.connections,
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    let small_enough = arguments.rss_mib_max.is_none_or(|most| report.rss_mib <= most);
    if !small_enough {
        eprintln!("too much memory: {:.0} MiB", report.rss_mib);
    }
    Ok(report.outcome.clean && report.outcome.accepted == arguments.messages && small_enough)
}

async fn walls(arguments: Walls) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::walls(&WallsOptions {
        walls: arguments.walls,
        rate: arguments.rate,
        seconds: arguments.seconds,
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    let percent = report.cpu_percent_of_walls;
    let cheap_enough = arguments.percent_max.is_none_or(|most| percent <= most);
    if !cheap_enough {
        eprintln!("the screens took {percent:.1} % of a core");
    }
    Ok(report.outcome.clean && report.walls_lost == 0 && cheap_enough)
}

async fn idle_walls(arguments: IdleWalls) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::idle_walls(&IdleWallsOptions {
        sockets: arguments.sockets,
        rate: arguments.rate,
        seconds: arguments.seconds,
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    Ok(is_good(&report.complaints()))
}

async fn fairness(arguments: Fairness) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::fairness(&FairnessOptions {
        backlog: arguments.backlog,
        singles_per_s: arguments.singles,
        seconds: arguments.seconds,
        carrier_rate: arguments.carrier_rate,
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    let soon_enough = arguments
        .p99_ms_max
        .is_none_or(|most| report.beside_ms.p99 <= most);
    if !soon_enough {
        eprintln!("too late beside the backlog: {:.0} ms", report.beside_ms.p99);
    }
    Ok(report.outcome.clean && report.backlog_last > 0 && soon_enough)
}

/// Whether there is nothing to complain of; otherwise it is said.
fn is_good(complaints: &[impl std::fmt::Display]) -> bool {
    for complaint in complaints {
        eprintln!("{complaint}");
    }
    complaints.is_empty()
}

async fn mixed(arguments: Mixed) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::mixed(&MixedOptions {
        organisations: arguments.organisations,
        backlog: arguments.backlog,
        rate_per_second: arguments.rate,
        window_s: arguments.window,
        seconds: arguments.seconds,
        singles_per_s: arguments.singles,
        codes_per_s: arguments.codes,
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    Ok(is_good(&report.complaints()))
}

async fn failover(arguments: Failover) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::failover(&FailoverOptions {
        rate: arguments.rate,
        cut_only: arguments.cut_only,
        silence: Duration::from_secs(arguments.silence_s),
        response_timeout: Duration::from_secs(arguments.response_timeout_s),
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    let within = arguments.within_ms.map(Duration::from_millis);
    Ok(is_good(&report.complaints(within)))
}

async fn overload(arguments: Overload) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::overload(&OverloadOptions {
        rate_per_second: arguments.rate,
        times: arguments.times,
        seconds: arguments.seconds,
        calm_seconds: arguments.calm,
        after_seconds: arguments.after,
        slow_seconds: arguments.slow,
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    Ok(is_good(&report.complaints()))
}

async fn soak(arguments: Soak) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::soak(&SoakOptions {
        messages_per_day: arguments.per_day,
        seconds: arguments.seconds,
        lines_per_request: arguments.lines,
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    Ok(is_good(&report.complaints()))
}

async fn carrier(arguments: CarrierSpeed) -> anyhow::Result<bool> {
    let report = bench::carrier_speed(&CarrierSpeedOptions {
        protocol: arguments.protocol,
        messages: arguments.messages,
        sessions: arguments.sessions,
        window: arguments.window,
    })
    .await?;
    print_json(&report)?;
    Ok(true)
}

fn seed(given: Option<u64>) -> u64 {
    let seed = given.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    // Before the run, so that it is known however the run ends.
    eprintln!("seed: {seed}");
    seed
}

/// A report that says everything itself.
fn print_whole(report: &(impl serde::Serialize + std::fmt::Display), json: bool) -> anyhow::Result<()> {
    match json {
        true => print_json(report),
        false => print(&report.to_string()),
    }
}

pub async fn kills(arguments: Kills) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::kills(&KillsOptions {
        times: arguments.times,
        seed: seed(arguments.seed),
        rate: arguments.rate,
        alive_ms_max: arguments.alive_ms,
        place,
    })
    .await?;
    print_whole(&report, json)?;
    Ok(report.is_good())
}

pub async fn nodes(arguments: Nodes) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::nodes(&NodesOptions {
        nodes: arguments.nodes,
        lanes: arguments.lanes,
        seed: seed(arguments.seed),
        rate: arguments.rate,
        times: arguments.times,
        pause: Duration::from_secs(arguments.pause_seconds),
        outside: arguments.fault,
        place,
    })
    .await?;
    print_whole(&report, json)?;
    Ok(report.is_good())
}

pub async fn reminders_run(arguments: RemindersRun) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::reminders_run(&RemindersOptions {
        count: arguments.count,
        seed: seed(arguments.seed),
        broken_share: arguments.broken,
        rate_per_second: arguments.rate,
        down: Duration::from_secs(arguments.down_seconds),
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    Ok(report.is_good())
}

pub async fn campaign_run(arguments: CampaignRun) -> anyhow::Result<bool> {
    let Common { place, json } = arguments.common;
    let report = bench::campaign_run(&CampaignOptions {
        count: arguments.lines,
        seed: seed(arguments.seed),
        broken_share: arguments.broken,
        rate_per_second: arguments.rate,
        place,
    })
    .await?;
    print_run(&report, &report.outcome, json)?;
    Ok(report.is_good())
}

pub async fn mail_run(arguments: MailRun) -> anyhow::Result<bool> {
    let report = bench::mail_run(&MailRunOptions {
        messages: arguments.messages,
        seed: seed(arguments.seed),
        place: arguments.common.place,
    })
    .await?;
    print_json(&report)?;
    Ok(report.is_good())
}
