use super::super::place::Place;
use super::books::Books;
use super::catalog::{Peer, RANGES, carriers, catalog};
use super::figures::{Figures, total};
use super::recount::differences;
use crate::bench::folder::Folder;
use crate::bench::outcome::RunError;
use crate::bench::server::Server;
use crate::bench::system::SystemError;
use crate::clock::Clock;
use crate::demo::{CampaignTimes, DemoClock, Keys, People, PlayOptions, Told, play};
use crate::ledger::{Frame, LedgerError, Sink};
use crate::mail::{Act, MailRecord, MailSink, ReportKind, Rule, SinkOptions};
use crate::sim::{CarrierStart, Host, Order, Orders};
use carillon_domain::time::UnixMs;
use parking_lot::Mutex;
use serde::Serialize;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct DemoDayOptions {
    /// How long the day takes.
    pub seconds: u64,
    /// Messages a second in the busiest hour.
    pub peak: f64,
    pub seed: u64,
    pub place: Place,
}

#[derive(Debug, Serialize)]
pub struct DemoDayReport {
    pub seed: u64,
    pub seconds: f64,
    pub accepted: u64,
    pub refused: u64,
    pub campaigns: u64,
    pub fallbacks: i64,
    pub segments_submitted: i64,
    pub segments_refused: i64,
    pub segments_uncertain: i64,
    pub restart_ms: u64,
    /// Everything in which screens, rollups and the others' books differ.
    pub wrong: Vec<String>,
}

impl DemoDayReport {
    /// Something of everything happened, and all books agree.
    pub fn is_good(&self) -> bool {
        self.wrong.is_empty() && self.campaigns > 0 && self.fallbacks > 0 && self.segments_refused > 0
    }
}

const MOODY: &str = "unicom-1";
const STEADY: &str = "telecom-1";
const BAD: Duration = Duration::from_secs(3);
const DOWN: Duration = Duration::from_millis(500);
const REPORT: Duration = Duration::from_millis(300);
const IDLE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(250);
/// Days are counted from midnight to midnight; a run lies in one.
const LENGTH_MAX_S: u64 = 240;
const DAY_S: u64 = 86_400;

pub async fn demo_day(options: &DemoDayOptions) -> Result<DemoDayReport, RunError> {
    wait_for_room_in_the_day().await;
    let start = Instant::now();
    let mut run = Run::start(options).await?;
    let people = People::of(RANGES, "the demo's table".as_ref())
        .map_err(|error| RunError::File(io::Error::other(error)))?;
    let told = Arc::new(Mutex::new(Told::with_each()));
    let length = Duration::from_secs(options.seconds);
    let play_options = run.play_options(options, length);
    let (_, restart) = tokio::join!(
        play(&play_options, &people, &told, std::future::pending()),
        trouble(&mut run.server, run.host.orders(), length),
    );
    let restart = restart?;
    let all = told.lock().all_accepted();
    let mut wrong = run.settle(all).await?;
    let figures = Figures::read(&mut run.server.operator().await?).await?;
    run.server.stop().await?;
    run.host.stop()?;
    run.sink.stop();
    let books = {
        let (told, frames, mails) = (told.lock(), run.frames.0.lock(), run.mails.lock());
        Books::of(
            told.each.as_deref().unwrap_or_default(),
            &frames,
            &mails,
            &people.ranges,
        )
    };
    wrong.extend(differences(&figures, &books));
    let told = told.lock();
    wrong.extend((told.unanswered > 0).then(|| format!("{} messages were never answered", told.unanswered)));
    wrong.extend(
        (told.wrongly_accepted > 0).then(|| format!("{} mistakes were accepted", told.wrongly_accepted)),
    );
    let report = DemoDayReport {
        seed: options.seed,
        seconds: start.elapsed().as_secs_f64(),
        accepted: all,
        refused: told.refused.values().sum(),
        campaigns: told.campaigns,
        fallbacks: total(&figures.by_account, "fallbacks"),
        segments_submitted: total(&figures.by_connection, "segments_submitted"),
        segments_refused: total(&figures.by_connection, "segments_refused"),
        segments_uncertain: total(&figures.by_connection, "segments_uncertain"),
        restart_ms: restart.as_millis() as u64,
        wrong,
    };
    run.folder.finish(report.is_good());
    Ok(report)
}

/// The carriers' ledgers in memory.
#[derive(Clone, Default)]
struct Frames(Arc<Mutex<Vec<Frame>>>);

impl Sink for Frames {
    fn frame(&mut self, frame: Frame) -> Result<(), LedgerError> {
        self.0.lock().push(frame);
        Ok(())
    }
}

struct Run {
    folder: Folder,
    frames: Frames,
    host: Host,
    mails: Arc<Mutex<Vec<MailRecord>>>,
    sink: MailSink,
    server: Server,
    keys: Keys,
}

impl Run {
    async fn start(options: &DemoDayOptions) -> Result<Self, RunError> {
        let folder = Folder::make(&options.place).map_err(SystemError::Folder)?;
        let frames = Frames::default();
        let config = carriers(options.seed)?;
        let logins: Vec<String> = config
            .carriers
            .iter()
            .map(|carrier| carrier.accounts[0].login.to_string())
            .collect();
        let starts = config.carriers.into_iter().map(|config| CarrierStart {
            config,
            sink: Box::new(frames.clone()),
            listening: true,
        });
        let host = Host::start(starts.collect())?;
        let bounces = free_address().map_err(RunError::File)?;
        let mails = Arc::<Mutex<Vec<MailRecord>>>::default();
        let sink = SinkOptions {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            rules: vec![
                Rule::new("gone*", Act::Report(ReportKind::Failed, REPORT)),
                Rule::new("*", Act::Report(ReportKind::Delivered, REPORT)),
            ],
            login: None,
            tls: None,
            idle: IDLE,
            bounce_to: Some(bounces),
        };
        let sink = MailSink::start(sink, Box::new(mails.clone()))
            .await
            .map_err(RunError::File)?;
        let mut peers = vec![Peer {
            login: String::new(),
            address: sink.address,
        }];
        peers.extend(
            logins
                .into_iter()
                .zip(&host.carriers)
                .map(|(login, carrier)| Peer {
                    login,
                    address: carrier.address,
                }),
        );
        let (catalog, keys) = catalog(&peers)?;
        let ranges = folder.path().join("ranges.csv");
        std::fs::write(&ranges, RANGES).map_err(RunError::File)?;
        let environment = vec![
            ("CARILLON_MAIL_BOUNCES_LISTEN", bounces.to_string()),
            ("CARILLON_NUMBERS_RANGES_FILE", ranges.display().to_string()),
        ];
        let server = Server::start_with(
            folder.path(),
            &catalog,
            options.place.program.as_deref(),
            environment,
        )
        .await?;
        Ok(Run {
            folder,
            frames,
            host,
            mails,
            sink,
            server,
            keys,
        })
    }

    fn play_options(&self, options: &DemoDayOptions, length: Duration) -> PlayOptions {
        PlayOptions {
            address: self.server.address(),
            keys: self.keys.clone(),
            run: "demo-day".to_owned(),
            seed: options.seed,
            peak: options.peak,
            clock: DemoClock::day_in(length, UnixMs(Clock::start().unix_us() / 1_000)),
            length: Some(length),
            patience: PATIENCE,
            read_every: Duration::from_secs(1),
            // Before the crash: a campaign that is asked for while the server is away is not asked for again.
            campaigns: CampaignTimes {
                first: length / 10,
                every_s: DAY_S..=DAY_S,
                lines: 600..=900,
                at_once: true,
            },
            control: None,
        }
    }

    /// Waits until every message has ended and is counted; says what has not.
    async fn settle(&mut self, accepted: u64) -> Result<Vec<String>, RunError> {
        let start = Instant::now();
        let mut client = self.server.operator().await?;
        loop {
            let (counted, ended) = Figures::progress(&mut client).await?;
            if u64::try_from(counted) == Ok(accepted) && counted == ended {
                // The last changes of a second reach the screens with the next one.
                tokio::time::sleep(4 * POLL).await;
                return Ok(Vec::new());
            }
            if start.elapsed() > PATIENCE {
                return Ok(vec![format!(
                    "of {accepted} accepted messages {counted} are counted and {ended} ended"
                )]);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// What goes wrong in the course of the day. Gives how long the server took to come back.
async fn trouble(server: &mut Server, orders: Orders, length: Duration) -> Result<Duration, RunError> {
    let start = Instant::now();
    let at = |percent: u32| tokio::time::sleep_until((start + length * percent / 100).into());
    at(32).await;
    spell(&orders, MOODY, Order::Down, Order::Accept).await?;
    at(45).await;
    spell(&orders, STEADY, Order::Throttled(true), Order::Throttled(false)).await?;
    at(58).await;
    server.kill()?;
    tokio::time::sleep(DOWN).await;
    let restart = server.start_again().await?;
    at(70).await;
    spell(&orders, MOODY, Order::Silent(true), Order::Silent(false)).await?;
    at(85).await;
    orders.give(STEADY, Order::Cut).await?;
    Ok(restart)
}

async fn spell(orders: &Orders, carrier: &str, begin: Order, end: Order) -> Result<(), RunError> {
    orders.give(carrier, begin).await?;
    tokio::time::sleep(BAD).await;
    orders.give(carrier, end).await?;
    Ok(())
}

async fn wait_for_room_in_the_day() {
    let local_s = Clock::start().unix_us() / 1_000_000 + 8 * 3_600;
    let left_s = DAY_S - local_s % DAY_S;
    if left_s < LENGTH_MAX_S {
        tokio::time::sleep(Duration::from_secs(left_s + 1)).await;
    }
}

/// An address that was free a moment ago.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
