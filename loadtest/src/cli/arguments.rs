use super::all::All;
use super::demo::{Demo, DemoDay, DemoWeek};
use super::size::{Memory, Recovery, Search};
use carillon_loadtest::bench::{Outside, Place};
use carillon_loadtest::interop::{InteropClient, PduDump};
use carillon_loadtest::mail::Rule;
use carillon_loadtest::sim::ProtocolName;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Carriers, load, and a judge for Carillon.
#[derive(Debug, Parser)]
#[command(name = "carillon-loadtest", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run simulated carriers until interrupted.
    Carrier(Carrier),
    /// Give a running carrier an order.
    Control(Control),
    /// Send the traffic of the demo hospital until interrupted.
    Demo(Demo),
    /// A short day of the demo hospital; then figures are counted again from everybody's books.
    DemoDay(DemoDay),
    /// Fill a new server's history with the week before.
    DemoWeek(DemoWeek),
    /// Send messages and log what was answered.
    Load(Load),
    /// Write appointment reminders, some of them broken.
    Reminders(RemindersFile),
    /// Settle acknowledgements, our records and the carriers' ledgers.
    Judge(Judge),
    /// Print a ledger as NDJSON.
    Ledger(Ledger),
    /// Measure a whole system.
    #[command(subcommand)]
    Bench(Bench),
    /// Kill the server again and again while it works.
    Kills(Kills),
    /// Kill, stop and restart the nodes of a cluster while they work. Where its servers are, the environment says as for `carillon
    /// node`: CARILLON_KAFKA_BROKERS, CARILLON_CATALOG_URL and others.
    Nodes(Nodes),
    /// A hospital's reminders over three connections, one of them cut and back.
    RemindersRun(RemindersRun),
    /// A campaign of a GBK file of recipients, with everything that can happen to it on its way.
    CampaignRun(CampaignRun),
    /// Run an SMTP server that keeps a ledger, until interrupted.
    MailSink(MailSink),
    /// Short messages and mails that fall back to each other, while the server is killed once.
    MailRun(MailRun),
    /// Live simulated lives of the real cores, one per seed, and check every promise.
    Simulate(Simulate),
    /// Submit messages to somebody else's carrier.
    InteropClient(InteropClient),
    /// Print the PDUs of a conversation in hexadecimal.
    Pdus(PduDump),
}

#[derive(Debug, Args)]
pub struct Simulate {
    /// The first seed; one that failed lives the same life again. By default another one every time.
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many, from the first on.
    #[arg(long, default_value_t = 1)]
    pub seeds: u64,
}

#[derive(Debug, Args)]
pub struct Carrier {
    /// Carriers as `[[carrier]]` tables (TOML); instead of the options for a single one.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["protocol", "port", "login", "password", "name"])]
    pub config: Option<PathBuf>,
    #[arg(long, default_value = "cmpp2.0")]
    pub protocol: ProtocolName,
    /// 0 takes a free one; the real one is printed.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    #[arg(long, default_value = "carrier")]
    pub name: String,
    #[arg(long, default_value = "900001")]
    pub login: String,
    #[arg(long, default_value = "secret1")]
    pub password: String,
    /// From response to receipt.
    #[arg(long, default_value_t = 200)]
    pub receipt_ms: u64,
    /// Share of delivered messages whose recipient answers.
    #[arg(long, default_value_t = 0.0)]
    pub reply_share: f64,
    /// Writes one ledger per carrier here: NAME.ledger.
    #[arg(long, value_name = "DIR")]
    pub ledger: Option<PathBuf>,
    /// Takes orders on this port of this machine; 0 takes a free one.
    #[arg(long, value_name = "PORT")]
    pub control: Option<u16>,
}

#[derive(Debug, Args)]
pub struct Control {
    #[arg(long)]
    pub port: u16,
    /// The carrier's name and the order, e.g. `mobile cut`.
    #[arg(required = true)]
    pub order: Vec<String>,
}

#[derive(Debug, Args)]
pub struct MailSink {
    /// 0 takes a free one; the real one is printed.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// What is done with mails to some recipients, e.g. `full*=refuse`; the first that fits counts. Acts: accept,
    /// greylist:S, refuse, refuse-content, hang-kept, hang-lost, cut, slow:MS, bounce:MS, delay:MS, deliver:MS.
    #[arg(long, value_name = "PATTERN=ACT")]
    pub rule: Vec<Rule>,
    /// Senders have to log in.
    #[arg(long, value_name = "NAME:PASSWORD")]
    pub login: Option<String>,
    /// TLS, with a certificate that is made at start and written here.
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// TLS from the first byte instead of by STARTTLS.
    #[arg(long, requires = "certificate")]
    pub implicit: bool,
    /// Shows another certificate than the one that was written.
    #[arg(long, requires = "certificate")]
    pub bad_certificate: bool,
    /// A session that says nothing for so long is closed.
    #[arg(long, default_value_t = 300)]
    pub idle_seconds: u64,
    /// Turns every session away with 421.
    #[arg(long)]
    pub busy: bool,
    /// Where bounces and other reports are handed over.
    #[arg(long, value_name = "ADDRESS")]
    pub bounce_to: Option<SocketAddr>,
    /// Every mail as one line of JSON.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Load {
    /// Address of the API, e.g. `127.0.0.1:8080` or `http://127.0.0.1:8080`.
    #[arg(long)]
    pub url: String,
    /// API key.
    #[arg(long, env = "CARILLON_API_KEY", hide_env_values = true)]
    pub key: String,
    /// Messages as NDJSON.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "generate",
        required_unless_present = "generate"
    )]
    pub file: Option<PathBuf>,
    /// This many generated messages.
    #[arg(long, value_name = "N")]
    pub generate: Option<u64>,
    /// Of generated messages, every N-th has two segments.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub long_every: u64,
    /// Lines per request.
    #[arg(long, default_value_t = 1_000)]
    pub lines: usize,
    /// One message per request.
    #[arg(long)]
    pub single: bool,
    /// Speaks Kannel's `GET /cgi-bin/sendsms` instead, one generated message per request.
    #[arg(
        long,
        value_name = "USER:PASSWORD",
        requires = "generate",
        conflicts_with = "long_every"
    )]
    pub sendsms: Option<String>,
    /// With `--sendsms`: the carrier is asked for receipts.
    #[arg(long, requires = "sendsms")]
    pub receipts: bool,
    /// Requests open at the same time.
    #[arg(long, default_value_t = 4)]
    pub connections: usize,
    /// Messages per second; as fast as it goes without.
    #[arg(long)]
    pub rate: Option<f64>,
    /// Names the run in its idempotency keys; by default a new name.
    #[arg(long)]
    pub run: Option<String>,
    /// Where to log what was answered, line by line, for `judge`.
    #[arg(long, value_name = "FILE")]
    pub acknowledgements: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RemindersFile {
    #[arg(long, default_value_t = 100_000)]
    pub count: u64,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Share of broken lines, e.g. `3%` or `0.03`.
    #[arg(long, default_value = "3%", value_parser = share)]
    pub broken: f64,
    /// Writes line, code and field expected of each broken line.
    #[arg(long, value_name = "FILE")]
    pub expected: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Judge {
    /// The log that `load` wrote.
    #[arg(long, value_name = "FILE")]
    pub acknowledgements: PathBuf,
    /// A carrier's ledger; several are read one after the other.
    #[arg(long, value_name = "FILE", required = true)]
    pub ledger: Vec<PathBuf>,
    /// Reads our records from here; without it nothing is said about how messages ended.
    #[arg(long, requires = "key")]
    pub url: Option<String>,
    #[arg(long, env = "CARILLON_API_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// Expected refusals, as `reminders --expected` wrote them.
    #[arg(long, value_name = "FILE")]
    pub expected: Option<PathBuf>,
    /// Messages whose outcome may be uncertain; without it any number.
    #[arg(long)]
    pub uncertain_max: Option<u64>,
    /// The business type writes uncertain segments once more.
    #[arg(long)]
    pub resends: bool,
    /// Other traffic ran beside this load.
    #[arg(long)]
    pub strangers: bool,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Ledger {
    pub file: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Batches of 1,000 messages.
    Batch(Throughput),
    /// One message per request.
    Http(Throughput),
    /// How long one message takes at a steady rate.
    Latency(Latency),
    /// Messages that wait for a carrier that is down.
    Backlog(Backlog),
    /// Single messages of one organisation beside the backlog of another.
    Fairness(Fairness),
    /// Batches with a journal on a slow disk, without and with INTENTs ahead of the windows.
    SlowDisk(SlowDisk),
    /// Many organisations on three connections with rate limits, one of them with a long backlog.
    Mixed(Mixed),
    /// A primary connection that is cut, and then silent, under load.
    Failover(Failover),
    /// More than the carriers take, and readers that hardly read.
    Overload(Overload),
    /// An hour's share of a day's messages in minutes.
    Soak(Soak),
    /// What messages take while they wait, and a restart with all of them.
    Memory(Memory),
    /// A restart with a long journal, killed right before its next checkpoint.
    Recovery(Recovery),
    /// Searches in a large history.
    Search(Search),
    /// A short form of every benchmark, compared with the last stored result.
    All(All),
    /// The simulated carrier alone, with our own client sessions in the same process.
    Carrier(CarrierSpeed),
    /// Screens that look on: what they cost, and how soon they know.
    Walls(Walls),
    /// Screens that never read: whether anybody else notices.
    IdleWalls(IdleWalls),
}

/// What every run of a whole system takes.
#[derive(Debug, Args)]
pub struct Common {
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Throughput {
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// Fail below this many messages per second.
    #[arg(long)]
    pub floor: Option<f64>,
    /// Requests open at the same time; by default 4 with batches, 64 single.
    #[arg(long)]
    pub connections: Option<usize>,
    /// Lines per request.
    #[arg(long, default_value_t = 1_000)]
    pub lines: usize,
    /// Messages per second; as fast as it goes without.
    #[arg(long)]
    pub rate: Option<f64>,
    #[arg(long, default_value = "cmpp2.0")]
    pub protocol: ProtocolName,
    /// Sessions in all, over two connections.
    #[arg(long, default_value_t = 4)]
    pub sessions: u32,
    #[arg(long, default_value_t = 128)]
    pub window: u32,
    /// From response to receipt.
    #[arg(long, default_value_t = 0)]
    pub receipt_ms: u64,
    /// Messages accepted and not finished at the carrier.
    #[arg(long, default_value_t = 50_000)]
    pub open_max: u64,
    /// With word and black list, caps, window, quota, webhook and fallback plans.
    #[arg(long)]
    pub features: bool,
    /// INTENTs beyond the free slots of a window.
    #[arg(long, default_value_t = 0)]
    pub look_ahead: u32,
    /// Every sync of the server's journal takes so much longer.
    #[arg(long, default_value_t = 0)]
    pub added_sync_ms: u64,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct SlowDisk {
    /// Seconds of each of the three runs.
    #[arg(long, default_value_t = 20)]
    pub seconds: u64,
    /// By how much every sync of the journal takes longer.
    #[arg(long, default_value_t = 5)]
    pub added_sync_ms: u64,
    /// INTENTs beyond the free slots of a window, in the third run.
    #[arg(long, default_value_t = 1_024)]
    pub look_ahead: u32,
    /// Requests open at the same time.
    #[arg(long, default_value_t = 32)]
    pub connections: usize,
    #[arg(long, default_value_t = 16)]
    pub window: u32,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Latency {
    /// Messages per second, each a request.
    #[arg(long, default_value_t = 12_000.0)]
    pub rate: f64,
    #[arg(long, default_value_t = 30)]
    pub seconds: u64,
    /// Requests open at the same time.
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// From response to receipt.
    #[arg(long, default_value_t = 0)]
    pub receipt_ms: u64,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Backlog {
    #[arg(long, default_value_t = 500_000)]
    pub messages: u64,
    /// Fail when the server takes more memory than this with all of them waiting.
    #[arg(long)]
    pub rss_mib_max: Option<f64>,
    #[arg(long, default_value_t = 4)]
    pub connections: usize,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Fairness {
    /// Messages of the first organisation that wait.
    #[arg(long, default_value_t = 1_000_000)]
    pub backlog: u64,
    /// Messages per second of the second one, each a request.
    #[arg(long, default_value_t = 100.0)]
    pub singles: f64,
    /// How long it sends, alone and then beside the backlog.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Segments per second that the carrier takes.
    #[arg(long, default_value_t = 20_000)]
    pub carrier_rate: u32,
    /// Fail when more than one of a hundred messages beside the backlog takes longer to the carrier.
    #[arg(long)]
    pub p99_ms_max: Option<f64>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Mixed {
    /// Organisations, the one with the backlog included.
    #[arg(long, default_value_t = 20)]
    pub organisations: usize,
    /// Messages of the first one that wait.
    #[arg(long, default_value_t = 2_000_000)]
    pub backlog: u64,
    /// Segments per second of the three connections together.
    #[arg(long, default_value_t = 40_000)]
    pub rate: u32,
    /// Seconds over which shares are compared.
    #[arg(long, default_value_t = 10)]
    pub window: u64,
    /// How long single messages are sent, alone and then beside the backlog.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Single messages per second of each other organisation.
    #[arg(long, default_value_t = 10.0)]
    pub singles: f64,
    /// Codes per second of the first organisation, beside its own backlog.
    #[arg(long, default_value_t = 50.0)]
    pub codes: f64,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Failover {
    /// Messages per second.
    #[arg(long, default_value_t = 5_000.0)]
    pub rate: f64,
    /// Cut the primary only.
    #[arg(long)]
    pub cut_only: bool,
    /// Seconds without an answer after which a connection is no longer used.
    #[arg(long, default_value_t = 10)]
    pub silence_s: u64,
    /// Seconds after which a request without an answer is given up.
    #[arg(long, default_value_t = 15)]
    pub response_timeout_s: u64,
    /// Fail when the backup carries on later than so many milliseconds after the detection.
    #[arg(long)]
    pub within_ms: Option<u64>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Overload {
    /// Segments per second that the carriers take together.
    #[arg(long, default_value_t = 10_000)]
    pub rate: u32,
    /// How many times that is offered.
    #[arg(long, default_value_t = 2.0)]
    pub times: f64,
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// How long half of what the carriers take is offered before.
    #[arg(long, default_value_t = 5)]
    pub calm: u64,
    /// The same afterwards.
    #[arg(long, default_value_t = 10)]
    pub after: u64,
    /// How long it is measured with slow readers, and twice without; 0 to leave it.
    #[arg(long, default_value_t = 10)]
    pub slow: u64,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Soak {
    /// Messages of a day, of which an hour's share is sent.
    #[arg(long, default_value_t = 5_000_000)]
    pub per_day: u64,
    #[arg(long, default_value_t = 120)]
    pub seconds: u64,
    /// Lines per request.
    #[arg(long, default_value_t = 20)]
    pub lines: usize,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Walls {
    /// Screens.
    #[arg(long, default_value_t = 200)]
    pub walls: usize,
    /// Messages per second.
    #[arg(long, default_value_t = 12_000.0)]
    pub rate: f64,
    /// How long it is measured without screens, and then with them.
    #[arg(long, default_value_t = 30)]
    pub seconds: u64,
    /// Fail when the screens take more than this many per cent of one core.
    #[arg(long)]
    pub percent_max: Option<f64>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct IdleWalls {
    /// Screens that never read.
    #[arg(long, default_value_t = 10_000)]
    pub sockets: usize,
    /// Messages per second.
    #[arg(long, default_value_t = 12_000.0)]
    pub rate: f64,
    /// How long it is measured without them, and then with them.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct CarrierSpeed {
    #[arg(long, default_value = "cmpp2.0")]
    pub protocol: ProtocolName,
    #[arg(long, default_value_t = 1_000_000)]
    pub messages: u64,
    #[arg(long, default_value_t = 128)]
    pub window: u16,
    #[arg(long, default_value_t = 4)]
    pub sessions: u32,
}

#[derive(Debug, Args)]
pub struct Kills {
    #[arg(long, default_value_t = 10)]
    pub times: u32,
    /// By default a new one, which is printed.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Messages per second.
    #[arg(long, default_value_t = 10_000.0)]
    pub rate: f64,
    /// The longest time between a start and the next kill.
    #[arg(long, default_value_t = 3_000)]
    pub alive_ms: u64,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Nodes {
    #[arg(long, default_value_t = 3)]
    pub nodes: usize,
    #[arg(long, default_value_t = 3)]
    pub lanes: usize,
    /// By default a new one, which is printed. It also names the topics.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Messages per second, of all lanes together.
    #[arg(long, default_value_t = 600.0)]
    pub rate: f64,
    /// How often a node is killed, stands still, and is asked to end.
    #[arg(long, default_value_t = 1)]
    pub times: u32,
    /// How long a node stands still.
    #[arg(long, default_value_t = 15)]
    pub pause_seconds: u64,
    /// A fault of a server: its name and the command that makes it and ends when it is over. May come several times.
    #[arg(long, value_name = "NAME=COMMAND")]
    pub fault: Vec<Outside>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct RemindersRun {
    #[arg(long, default_value_t = 100_000)]
    pub count: u64,
    /// By default a new one, which is printed.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Share of broken lines, e.g. `3%` or `0.03`.
    #[arg(long, default_value = "3%", value_parser = share)]
    pub broken: f64,
    /// Segments per second on each of the three connections.
    #[arg(long, default_value_t = 2_000)]
    pub rate: u32,
    /// How long the cut carrier stays away.
    #[arg(long, default_value_t = 5)]
    pub down_seconds: u64,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct CampaignRun {
    /// Recipients.
    #[arg(long, default_value_t = 100_000)]
    pub lines: u64,
    /// By default a new one, which is printed.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Share of broken lines, e.g. `3%` or `0.03`.
    #[arg(long, default_value = "3%", value_parser = share)]
    pub broken: f64,
    /// Segments per second on each connection.
    #[arg(long, default_value_t = 2_000)]
    pub rate: u32,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct MailRun {
    /// Messages of each of the three kinds of plan.
    #[arg(long, default_value_t = 120)]
    pub messages: u64,
    /// By default a new one, which is printed.
    #[arg(long)]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub common: Common,
}

fn share(text: &str) -> Result<f64, String> {
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .map_err(|_| format!("{text} is not a number"))
    };
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent)? / 100.0,
        None => number(text)?,
    };
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err("a share is between 0 and 1, or 0 % and 100 %".to_owned())
    }
}

/// An address given as `HOST:PORT` or `http://HOST:PORT`.
pub fn address(url: &str) -> anyhow::Result<SocketAddr> {
    use std::net::ToSocketAddrs;
    let bare = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
    let bare = if bare.contains(':') {
        bare.to_owned()
    } else {
        format!("{bare}:80")
    };
    let mut found = bare
        .to_socket_addrs()
        .map_err(|error| anyhow::anyhow!("{url} is no address: {error}"))?;
    found
        .next()
        .ok_or_else(|| anyhow::anyhow!("{url} has no address"))
}
