//! A campaign of a hospital's whole patient list, while everything that can happen to it happens: its pace changes, it is
//! paused, a carrier is cut, a connection comes and another goes, the server is killed twice.

use super::apply::{API_KEY, ConnectionPlan, apply_file};
use super::measure::Surroundings;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::system::{CarrierPlan, System, SystemPlan};
use crate::http::{Answer, HttpClient};
use crate::judge::Tolerance;
use crate::ledger::Contract;
use crate::load::{self, Acknowledgement};
use crate::marker;
use crate::recipients::{self, Written, write_recipients};
use crate::reminders::TEMPLATE_NAME;
use crate::sim::{Behaviour, Order, ProtocolName, Range, WeightedStatus};
use carillon_api::{CampaignAnswer, CampaignView, CountsView, MessagesPage, RefusedLinesPage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::HashSet;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct CampaignOptions {
    pub count: u64,
    pub seed: u64,
    pub broken_share: f64,
    /// Of each connection.
    pub rate_per_second: u32,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct CampaignReport {
    pub seed: u64,
    pub seconds: f64,
    /// From the first byte of the upload to the end of the check.
    pub check_seconds: f64,
    pub lines: u64,
    pub good: u64,
    pub broken: u64,
    /// Broken lines not refused with the expected code and column, good ones refused, good ones without a message.
    pub misjudged_lines: u64,
    pub misjudged_examples: Vec<String>,
    /// The campaign's own counts at the end, where they are not what the records say.
    pub wrong_counts: Vec<String>,
    /// Segments that arrived later than a second after the pause was answered.
    pub segments_while_paused: u64,
    /// Segments per second in the two seconds after the pace was set to the figure beside.
    pub pace: (f64, u32),
    pub restart_ms_max: u64,
    pub uncertain_allowed: u64,
    /// What was done, and after how many seconds.
    pub events: Vec<(f64, &'static str)>,
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl CampaignReport {
    pub fn is_good(&self) -> bool {
        let (measured, set) = self.pace;
        self.outcome.clean
            && self.misjudged_lines == 0
            && self.wrong_counts.is_empty()
            && self.segments_while_paused == 0
            && measured <= f64::from(set) * PACE_TOLERANCE
    }
}

const CUT: &str = "mobile-30";
const REMOVED: &str = "abroad-34";
const ADDED: &str = "mobile-later";
const WINDOW: u32 = 16;
const KILLS: u64 = 2;
const POLL: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(90);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(3);
const CUT_FOR: Duration = Duration::from_secs(2);
/// What is in flight when a pause is answered arrives within this time.
const SETTLING: Duration = Duration::from_secs(1);
const PACE_SECONDS: u32 = 2;
/// A reader that counts arrivals twice in its own time sees them with this much error.
const PACE_TOLERANCE: f64 = 1.1;
const PAGE: u32 = 200;

pub async fn campaign_run(options: &CampaignOptions) -> Result<CampaignReport, RunError> {
    let system = System::start(SystemPlan {
        unknown: vec![ADDED],
        ..SystemPlan::new(carriers(options.rate_per_second), options.seed, &options.place)
    })
    .await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let mut csv = Vec::new();
    let written = write_recipients(&mut csv, options.seed, options.broken_share, options.count)
        .map_err(RunError::File)?;
    std::fs::write(system.folder().join("recipients.csv"), &csv).map_err(RunError::File)?;
    let mut run = Run::new(system, options);
    run.create().await?;
    let check_seconds = run.upload(&csv).await?;
    let good = written.good.len() as u64;
    let pace = run.live(good).await?;
    let view = run.end(good).await?;
    let seconds = run.start.elapsed().as_secs_f64();
    let misjudged = run.misjudged(&written).await?;
    let uncertain_allowed = 3 * u64::from(WINDOW) * KILLS + u64::from(WINDOW);
    let settled = run.system.settle(PATIENCE).await?;
    let judgement = settled.judge(Tolerance {
        uncertain_max: Some(uncertain_allowed),
        ..Tolerance::default()
    });
    let outcome = Outcome::new(judgement, surroundings);
    Ok(CampaignReport {
        seed: options.seed,
        seconds,
        check_seconds,
        lines: options.count,
        good,
        broken: written.broken,
        misjudged_lines: misjudged.len() as u64,
        misjudged_examples: misjudged.into_iter().take(10).collect(),
        wrong_counts: wrong_counts(&view.counts, &outcome, good),
        segments_while_paused: run.segments_while_paused,
        pace,
        restart_ms_max: run.restart_max.as_millis() as u64,
        uncertain_allowed,
        events: run.events,
        outcome,
    })
}

/// A run that is under way.
struct Run {
    system: System,
    client: HttpClient,
    campaign: String,
    start: Instant,
    rate_per_second: u32,
    events: Vec<(f64, &'static str)>,
    segments_while_paused: u64,
    restart_max: Duration,
}

impl Run {
    fn new(system: System, options: &CampaignOptions) -> Self {
        Run {
            client: client(&system),
            system,
            campaign: String::new(),
            start: Instant::now(),
            rate_per_second: options.rate_per_second,
            events: Vec::new(),
            segments_while_paused: 0,
            restart_max: Duration::ZERO,
        }
    }

    async fn create(&mut self) -> Result<(), RunError> {
        let [phone, name, department, date, time, number] = recipients::COLUMNS;
        let body = json!({
            "name": "就诊提醒",
            "template": TEMPLATE_NAME,
            "columns": {
                "to": phone,
                "reference": number,
                "variables": {
                    "patient": name, "department": department, "date": date, "time": time, "number": number
                }
            },
            "rate_per_second": self.slow(),
        });
        let answer = self
            .client
            .post("/v1/campaigns", JSON, body.to_string().as_bytes())
            .await;
        self.campaign = understood::<CampaignAnswer>("/v1/campaigns", answer?, 201)?.id;
        Ok(())
    }

    /// Two thirds of what one connection may take: the campaign's own pace holds it back.
    fn slow(&self) -> u32 {
        self.rate_per_second * 2 / 3
    }

    async fn upload(&mut self, csv: &[u8]) -> Result<f64, RunError> {
        let start = Instant::now();
        let path = format!("/v1/campaigns/{}/recipients", self.campaign);
        let answer = self.client.put(&path, "Content-Type: text/csv\r\n", csv).await?;
        if answer.status != 202 {
            return Err(not_expected(&path, &answer));
        }
        while self.view().await?.state != "ready" {
            if start.elapsed() > PATIENCE {
                return Err(RunError::Campaign("its recipients were not checked in time"));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(start.elapsed().as_secs_f64())
    }

    /// Everything that happens while it runs. Gives the pace that was measured, and the one that was set.
    async fn live(&mut self, good: u64) -> Result<(f64, u32), RunError> {
        self.start = Instant::now();
        self.step("start").await?;
        self.reach(good / 20).await;
        let set = self.slow() / 2;
        self.rate(Some(set)).await?;
        tokio::time::sleep(SETTLING).await;
        let (before, measured_from) = (self.system.segments(), Instant::now());
        tokio::time::sleep(Duration::from_secs(PACE_SECONDS.into())).await;
        let arrived = (self.system.segments() - before) as f64;
        let pace = (arrived / measured_from.elapsed().as_secs_f64(), set);
        self.rate(None).await?;
        self.reach(good * 2 / 10).await;
        self.pause().await?;
        self.reach(good * 3 / 10).await;
        self.did("carrier cut");
        self.system.host.orders().give(CUT, Order::Down).await?;
        tokio::time::sleep(CUT_FOR).await;
        self.system.host.orders().give(CUT, Order::Accept).await?;
        self.did("carrier back");
        self.reach(good * 4 / 10).await;
        self.configure(&[]).await?;
        self.did("connection added");
        self.reach(good * 5 / 10).await;
        self.kill().await?;
        self.reach(good * 6 / 10).await;
        self.configure(&[REMOVED]).await?;
        self.did("connection removed");
        self.reach(good * 8 / 10).await;
        self.kill().await?;
        Ok(pace)
    }

    /// Waits until all lines are messages and nothing moves any more.
    async fn end(&mut self, good: u64) -> Result<CampaignView, RunError> {
        let mut last = (self.view().await?, Instant::now());
        loop {
            tokio::time::sleep(10 * POLL).await;
            let view = self.view().await?;
            if view.state == "finished" {
                self.did("finished");
                return Ok(view);
            }
            if view.counts != last.0.counts {
                last = (view, Instant::now());
                continue;
            }
            // What is uncertain is held, and keeps its campaign open.
            let patience = if u64::from(view.counts.expanded) == good {
                PATIENCE / 9
            } else {
                PATIENCE
            };
            if last.1.elapsed() > patience {
                self.did("nothing moves any more");
                return Ok(view);
            }
        }
    }

    async fn pause(&mut self) -> Result<(), RunError> {
        self.step("pause").await?;
        tokio::time::sleep(SETTLING).await;
        let before = self.system.segments();
        tokio::time::sleep(PAUSE).await;
        self.segments_while_paused = self.system.segments() - before;
        self.step("resume").await
    }

    async fn kill(&mut self) -> Result<(), RunError> {
        self.system.server.kill()?;
        self.did("server killed");
        let took = self.system.server.start_again().await?;
        self.restart_max = self.restart_max.max(took);
        self.client = client(&self.system);
        self.did("server back");
        Ok(())
    }

    /// Makes the server know every carrier but `without`.
    async fn configure(&mut self, without: &[&str]) -> Result<(), RunError> {
        let known: Vec<ConnectionPlan> = self
            .system
            .connections
            .iter()
            .filter(|connection| !without.contains(&connection.name.as_str()))
            .cloned()
            .collect();
        let path = "/v1/admin/apply";
        let answer = self
            .system
            .server
            .operator()
            .await?
            .post(
                path,
                "Content-Type: application/toml\r\n",
                apply_file(&known).as_bytes(),
            )
            .await?;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(not_expected(path, &answer))
        }
    }

    async fn rate(&mut self, per_second: Option<u32>) -> Result<(), RunError> {
        let path = format!("/v1/campaigns/{}/rate", self.campaign);
        let body = json!({ "per_second": per_second }).to_string();
        let answer = self.client.put(&path, JSON, body.as_bytes()).await?;
        self.did("pace changed");
        if answer.status < 300 {
            Ok(())
        } else {
            Err(not_expected(&path, &answer))
        }
    }

    async fn step(&mut self, step: &'static str) -> Result<(), RunError> {
        let path = format!("/v1/campaigns/{}/{step}", self.campaign);
        let answer = self.client.post(&path, "", &[]).await?;
        self.did(step);
        if answer.status < 300 {
            Ok(())
        } else {
            Err(not_expected(&path, &answer))
        }
    }

    async fn view(&mut self) -> Result<CampaignView, RunError> {
        self.get(&format!("/v1/campaigns/{}", self.campaign)).await
    }

    async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, RunError> {
        let answer = self.client.get(path).await?;
        understood(path, answer, 200)
    }

    /// Waits until so many segments have arrived.
    async fn reach(&self, segments: u64) {
        let start = Instant::now();
        while self.system.segments() < segments && start.elapsed() < PATIENCE {
            tokio::time::sleep(POLL).await;
        }
    }

    fn did(&mut self, what: &'static str) {
        self.events.push((self.start.elapsed().as_secs_f64(), what));
    }

    /// Tells the settlement of every message, and says which lines were not treated as they should have been.
    async fn misjudged(&mut self, written: &Written) -> Result<Vec<String>, RunError> {
        let mut missing: HashSet<u64> = written.good.iter().copied().collect();
        let mut before = String::new();
        loop {
            let path = format!("/v1/messages?campaign={}&limit={PAGE}{before}", self.campaign);
            let page: MessagesPage = self.get(&path).await?;
            for message in &page.messages {
                let marker = message
                    .reference
                    .as_deref()
                    .and_then(|text| marker::find(text.as_bytes()));
                if let Some(marker) = marker {
                    missing.remove(&marker);
                }
                let told = Acknowledgement {
                    line: marker.unwrap_or_default(),
                    marker,
                    phone: Default::default(),
                    outcome: load::Outcome::Accepted(message.id),
                };
                self.system
                    .settlement
                    .0
                    .lock()
                    .told(&told)
                    .map_err(RunError::Settlement)?;
            }
            match page.next {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
        let mut wrong: Vec<_> = missing
            .iter()
            .map(|marker| format!("{} was good and has no message", marker::text(*marker)))
            .collect();
        let mut refused = 0;
        let mut after = 0;
        loop {
            let path = format!(
                "/v1/campaigns/{}/refused?after_line={after}&limit={PAGE}",
                self.campaign
            );
            let page: RefusedLinesPage = self.get(&path).await?;
            refused += page.lines.len();
            wrong.extend(page.lines.iter().filter_map(|line| {
                written.expected.misjudged(&Acknowledgement {
                    line: line.line.into(),
                    marker: None,
                    phone: Default::default(),
                    outcome: load::Outcome::Refused {
                        code: line.code.as_str().into(),
                        field: line.field.as_str().into(),
                    },
                })
            }));
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
        if refused != written.expected.len() {
            wrong.push(format!(
                "{refused} lines were refused, not {}",
                written.expected.len()
            ));
        }
        Ok(wrong)
    }
}

fn client(system: &System) -> HttpClient {
    let authorization = format!("Bearer {API_KEY}");
    HttpClient::new(system.server.address(), &authorization, REQUEST_TIMEOUT)
}

const JSON: &str = "Content-Type: application/json\r\n";

fn understood<T: DeserializeOwned>(path: &str, answer: Answer, status: u16) -> Result<T, RunError> {
    if answer.status != status {
        return Err(not_expected(path, &answer));
    }
    serde_json::from_slice(&answer.body).map_err(|source| RunError::Body {
        path: path.to_owned(),
        source,
    })
}

fn not_expected(path: &str, answer: &Answer) -> RunError {
    RunError::Status {
        path: path.to_owned(),
        status: answer.status,
        body: String::from_utf8_lossy(&answer.body).into_owned(),
    }
}

/// The campaign's counts beside what our records and the ledgers agreed on. A late receipt may have corrected a message since.
fn wrong_counts(counts: &CountsView, outcome: &Outcome, good: u64) -> Vec<String> {
    let judged = &outcome.judgement;
    [
        ("expanded", counts.expanded, good),
        ("delivered", counts.delivered, judged.delivered),
        ("sent", counts.sent, judged.sent),
        ("failed", counts.failed, judged.failed),
        ("rejected", counts.rejected, judged.rejected),
        ("cancelled", counts.cancelled, judged.cancelled),
        ("expired", counts.expired, judged.expired),
    ]
    .into_iter()
    .filter(|(_, told, found)| u64::from(*told) != *found)
    .map(|(name, told, found)| format!("{name}: {told}, in truth {found}"))
    .collect()
}

fn carriers(rate_per_second: u32) -> Vec<CarrierPlan> {
    let status = |status: &str, weight| WeightedStatus {
        status: status.into(),
        error: "000".into(),
        weight,
    };
    let behaviour = Behaviour {
        response_ms: Range { min: 1, max: 5 },
        receipt_ms: Range { min: 50, max: 500 },
        receipts: vec![status("DELIVRD", 96), status("UNDELIV", 3), status("MA:0001", 1)],
        receipt_first_share: 0.02,
        doubled_share: 0.01,
        ..Behaviour::default()
    };
    let plan = |name, protocol| CarrierPlan {
        name,
        protocol,
        contract: Contract {
            rate_per_second,
            window: WINDOW,
            sessions: 1,
        },
        behaviour: behaviour.clone(),
        listening: true,
    };
    vec![
        plan("mobile-20", ProtocolName::Cmpp20),
        plan(CUT, ProtocolName::Cmpp30),
        plan(REMOVED, ProtocolName::Smpp34),
        plan(ADDED, ProtocolName::Cmpp20),
    ]
}
