//! The campaigns of a run: files of recipients that become messages while the server is killed.

use super::books::Party;
use crate::bench::outcome::RunError;
use crate::http::{Answer, HttpClient};
use crate::judge::Shared;
use crate::load::{Acknowledgement, Outcome, phone_of};
use crate::marker;
use crate::reminders::TEMPLATE_NAME;
use carillon_api::{CampaignAnswer, CampaignView, MessagesPage};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::HashSet;
use std::fmt::Write;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

const LINES: u64 = 1_500;
/// So that turning them into messages takes more than a second.
const LINES_PER_SECOND: u32 = 1_000;
const COLUMNS: [&str; 6] = ["手机号", "姓名", "科室", "就诊日期", "就诊时间", "就诊号"];
const JSON: &str = "Content-Type: application/json\r\n";
const PAGE: u32 = 200;
const POLL: Duration = Duration::from_millis(5);
const TIMEOUT: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
struct Campaign {
    id: String,
    markers: Range<u64>,
    /// A start of it was answered with yes.
    is_start_acknowledged: bool,
}

pub struct Campaigns {
    server: SocketAddr,
    client: HttpClient,
    next_marker: u64,
    all: Vec<Campaign>,
}

impl Campaigns {
    pub fn new(server: SocketAddr) -> Self {
        Campaigns {
            server,
            client: client(server),
            next_marker: Party::Campaigns.markers().start,
            all: Vec::new(),
        }
    }

    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// One whose recipients are checked, and that waits to be started. Gives its place among all.
    pub async fn prepare(&mut self) -> Result<usize, RunError> {
        self.client = client(self.server);
        let [phone, name, department, date, time, number] = COLUMNS;
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
            "rate_per_second": LINES_PER_SECOND,
        });
        let path = "/v1/campaigns";
        let answer = self.client.post(path, JSON, body.to_string().as_bytes()).await?;
        let id = understood::<CampaignAnswer>(path, answer, 201)?.id;
        let markers = self.next_marker..self.next_marker + LINES;
        self.next_marker = markers.end;
        let path = format!("/v1/campaigns/{id}/recipients");
        let file = recipients(markers.clone());
        let answer = self
            .client
            .put(&path, "Content-Type: text/csv\r\n", file.as_bytes())
            .await?;
        if answer.status != 202 {
            return Err(not_expected(&path, &answer));
        }
        self.all.push(Campaign {
            id,
            markers,
            is_start_acknowledged: false,
        });
        let place = self.all.len() - 1;
        let start = Instant::now();
        while self.view(place).await?.state != "ready" {
            if start.elapsed() > PATIENCE {
                return Err(RunError::Campaign("its recipients were not checked in time"));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(place)
    }

    /// Asks for its start, and says whether that was answered: the server may die meanwhile, and then nobody knows.
    pub async fn start(&mut self, place: usize) -> Result<bool, RunError> {
        let path = format!("/v1/campaigns/{}/start", self.all[place].id);
        match self.client.post(&path, "", &[]).await {
            Ok(answer) if answer.status < 300 => self.all[place].is_start_acknowledged = true,
            Ok(answer) => return Err(not_expected(&path, &answer)),
            Err(error) => {
                tracing::debug!(%error, "the start got no answer");
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits until some of its lines are messages, and others not yet. False when it was too fast for that.
    pub async fn is_half_way(&mut self, place: usize) -> Result<bool, RunError> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let expanded = u64::from(self.view(place).await?.counts.expanded);
            if expanded > 0 {
                return Ok(expanded < LINES);
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(false)
    }

    async fn view(&mut self, place: usize) -> Result<CampaignView, RunError> {
        self.get(&format!("/v1/campaigns/{}", self.all[place].id)).await
    }

    /// Starts what was never started, waits until all lines are messages, and tells the settlement of each. Gives what is
    /// wrong in words.
    pub async fn conclude(&mut self, settlement: &Shared) -> Result<Vec<String>, RunError> {
        self.client = client(self.server);
        let mut wrong = Vec::new();
        for place in 0..self.all.len() {
            if self.view(place).await?.state == "ready" {
                if self.all[place].is_start_acknowledged {
                    wrong.push(format!(
                        "the start of {} was acknowledged and is gone",
                        self.all[place].id
                    ));
                }
                self.start(place).await?;
            }
        }
        for place in 0..self.all.len() {
            self.wait_expanded(place).await?;
            wrong.extend(self.tell(place, settlement).await?);
        }
        Ok(wrong)
    }

    async fn wait_expanded(&mut self, place: usize) -> Result<(), RunError> {
        let mut last = (0, Instant::now());
        loop {
            let expanded = u64::from(self.view(place).await?.counts.expanded);
            if expanded >= LINES || last.1.elapsed() > PATIENCE {
                return Ok(());
            }
            if expanded != last.0 {
                last = (expanded, Instant::now());
            }
            tokio::time::sleep(10 * POLL).await;
        }
    }

    async fn tell(&mut self, place: usize, settlement: &Shared) -> Result<Vec<String>, RunError> {
        let Campaign { id, markers, .. } = self.all[place].clone();
        let mut missing: HashSet<u64> = markers.collect();
        let mut before = String::new();
        let mut listed = 0;
        loop {
            let path = format!("/v1/messages?campaign={id}&limit={PAGE}{before}");
            let page: MessagesPage = self.get(&path).await?;
            for message in &page.messages {
                let text = message.reference.as_deref().unwrap_or_default();
                let marker = marker::find(text.as_bytes());
                if let Some(marker) = marker {
                    missing.remove(&marker);
                }
                listed += 1;
                let told = Acknowledgement {
                    line: marker.unwrap_or_default(),
                    marker,
                    phone: Default::default(),
                    outcome: Outcome::Accepted(message.id),
                };
                settlement.0.lock().told(&told).map_err(RunError::Settlement)?;
            }
            match page.next {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
        let mut wrong = Vec::new();
        if listed != LINES || !missing.is_empty() {
            wrong.push(format!(
                "{id}: {listed} messages for {LINES} lines, {} lines without one",
                missing.len()
            ));
        }
        Ok(wrong)
    }

    async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, RunError> {
        let answer = self.client.get(path).await?;
        understood(path, answer, 200)
    }
}

/// A new one after each start: the old one's connection broke with the server.
fn client(server: SocketAddr) -> HttpClient {
    let authorization = format!("Bearer {}", Party::Campaigns.api_key());
    HttpClient::new(server, &authorization, TIMEOUT)
}

fn recipients(markers: Range<u64>) -> String {
    let mut file = COLUMNS.join(",") + "\r\n";
    for marker in markers {
        // Writing into a String cannot fail.
        let _ = write!(
            file,
            "{},示例甲,内科,2030-01-05,09:30,{}\r\n",
            phone_of(marker),
            marker::text(marker)
        );
    }
    file
}

pub fn understood<T: DeserializeOwned>(path: &str, answer: Answer, status: u16) -> Result<T, RunError> {
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
