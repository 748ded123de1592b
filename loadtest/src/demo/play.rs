use super::caller::Caller;
use super::campaign::DemoCampaign;
use super::day::DemoClock;
use super::keys::Keys;
use super::moods::{Moods, line};
use super::people::People;
use super::reader::Reader;
use super::stream::STREAMS;
use super::told::Told;
use super::traffic::{Call, Traffic};
use crate::http::HttpClient;
use crate::sim::control;
use parking_lot::Mutex;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const TICK: Duration = Duration::from_millis(200);
/// A step is never longer, however long this process stood still.
const STEP_MAX: Duration = Duration::from_secs(2);
/// Requests of one account that wait to be sent.
const WAITING_MAX: usize = 256;
/// Requests of one account that are open at the same time.
const OPEN_MAX: usize = 3;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

pub struct PlayOptions {
    pub address: SocketAddr,
    pub keys: Keys,
    /// Names the run in its idempotency keys.
    pub run: String,
    pub seed: u64,
    /// Messages a second in the busiest hour.
    pub peak: f64,
    pub clock: DemoClock,
    /// Without end when absent.
    pub length: Option<Duration>,
    /// How long a request is repeated that gets no answer.
    pub patience: Duration,
    /// How often an account reads its receipts and replies.
    pub read_every: Duration,
    pub campaigns: CampaignTimes,
    /// Where the simulated carriers take orders; without it they stay as they are.
    pub control: Option<u16>,
}

/// When campaigns are started, and how large they are.
#[derive(Clone, Debug)]
pub struct CampaignTimes {
    pub first: Duration,
    /// Seconds between them.
    pub every_s: RangeInclusive<u64>,
    pub lines: RangeInclusive<usize>,
    /// They take their time otherwise.
    pub at_once: bool,
}

impl Default for CampaignTimes {
    /// One that is seen by who looks for the first time, then two or three an hour.
    fn default() -> Self {
        CampaignTimes {
            first: Duration::from_secs(20),
            every_s: 900..=1_800,
            lines: 1_500..=4_000,
            at_once: false,
        }
    }
}

/// Sends the hospital's traffic until its time is over or `stop` says so. What was answered is in `told`.
pub async fn play(
    options: &PlayOptions,
    people: &People,
    told: &Arc<Mutex<Told>>,
    stop: impl Future<Output = ()>,
) {
    let mut callers = JoinSet::new();
    let mut others = JoinSet::new();
    let queues = start_accounts(options, told, &mut callers, &mut others);
    if let Some(port) = options.control {
        others.spawn(obey_moods(port, options.seed));
    }
    tokio::select! {
        () = send(options, people, told, &queues, &mut others) => {
            drop(queues);
            // What waits for an answer gets it, or gives up by itself.
            while callers.join_next().await.is_some() {}
        }
        () = stop => {}
    }
}

/// Tasks end with their sets.
fn start_accounts(
    options: &PlayOptions,
    told: &Arc<Mutex<Told>>,
    callers: &mut JoinSet<()>,
    others: &mut JoinSet<()>,
) -> BTreeMap<&'static str, mpsc::Sender<Call>> {
    let serial = Arc::new(AtomicU64::new(0));
    let mut queues = BTreeMap::new();
    for stream in STREAMS {
        if queues.contains_key(stream.account) {
            continue;
        }
        let (queue, calls) = mpsc::channel(WAITING_MAX);
        let calls = Arc::new(tokio::sync::Mutex::new(calls));
        for _ in 0..OPEN_MAX {
            let caller = Caller {
                client: options.client(stream.account),
                run: options.run.clone(),
                serial: serial.clone(),
                patience: options.patience,
                told: told.clone(),
            };
            callers.spawn(caller.work(calls.clone()));
        }
        let reader = Reader {
            account: stream.account,
            client: options.client(stream.account),
            told: told.clone(),
            every: options.read_every,
        };
        others.spawn(reader.work());
        queues.insert(stream.account, queue);
    }
    queues
}

async fn send(
    options: &PlayOptions,
    people: &People,
    told: &Arc<Mutex<Told>>,
    queues: &BTreeMap<&'static str, mpsc::Sender<Call>>,
    others: &mut JoinSet<()>,
) {
    let mut traffic = Traffic::new(people, options.seed, options.peak);
    let mut random = SmallRng::seed_from_u64(options.seed.wrapping_add(2));
    let (start, mut last) = (Instant::now(), Duration::ZERO);
    let (mut next_campaign, mut campaigns) = (options.campaigns.first, 0);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let elapsed = start.elapsed();
        if options.length.is_some_and(|length| elapsed >= length) {
            return;
        }
        let step = (elapsed - last).min(STEP_MAX);
        last = elapsed;
        for call in traffic.during(options.clock.at(elapsed), step) {
            let messages = call.messages.len() as u64;
            if queues
                .get(call.account)
                .is_none_or(|queue| queue.try_send(call).is_err())
            {
                told.lock().skipped += messages;
            }
        }
        if elapsed >= next_campaign {
            let times = &options.campaigns;
            let mut campaign = DemoCampaign::new(campaigns, people, times.lines.clone(), &mut random);
            if times.at_once {
                campaign = campaign.at_once();
            }
            let client = options.client(campaign.account);
            others.spawn(campaign.run(client, told.clone()));
            next_campaign = elapsed + Duration::from_secs(random.random_range(times.every_s.clone()));
            campaigns += 1;
        }
        // Campaigns that are under way leave nothing behind here.
        while others.try_join_next().is_some() {}
    }
}

async fn obey_moods(port: u16, seed: u64) {
    for mood in Moods::new(seed) {
        tokio::time::sleep(mood.after).await;
        for (order, then) in [(&mood.begin, mood.lasts), (&mood.end, Duration::ZERO)] {
            if let Err(error) = control::ask(port, &line(mood.carrier, order)).await {
                tracing::warn!(%error, "the carriers take no orders");
            }
            tokio::time::sleep(then).await;
        }
    }
}

impl PlayOptions {
    fn client(&self, account: &str) -> HttpClient {
        let key = self.keys.get(account).unwrap_or_default();
        HttpClient::new(self.address, &format!("Bearer {key}"), REQUEST_TIMEOUT)
    }
}
