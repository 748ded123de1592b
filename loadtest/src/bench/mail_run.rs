//! Plans of short messages and mails that fall back to each other, while the server is killed once (SEND-2, CH-MAIL). What
//! carrier and sink have in their ledgers says how every message has to end.

use super::apply::API_KEY;
use super::folder::Folder;
use super::outcome::RunError;
use super::place::Place;
use super::server::Server;
use super::system::SystemError;
use crate::http::HttpClient;
use crate::ledger::{Contract, Frame, LedgerError, Record, Sink, SlidingPeak};
use crate::load::phone_of;
use crate::mail::{Act, Certificate, MailRecord, MailSink, ReportKind, Rule, SinkOptions, SinkTls};
use crate::marker;
use crate::sim::{
    AccountConfig, Behaviour, CarrierConfig, CarrierStart, Host, Order, ProtocolName, Range, WeightedStatus,
};
use carillon_api::{AttemptView, MessageView, ReceiptsPage, SendAnswer};
use hashbrown::HashMap;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct MailRunOptions {
    /// Of each kind of plan.
    pub messages: u64,
    pub seed: u64,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct MailRunReport {
    pub seed: u64,
    pub seconds: f64,
    pub accepted: u64,
    pub delivered: u64,
    pub failed: u64,
    pub fallbacks: u64,
    /// Messages of which some attempt was uncertain; how they end depends on the moment of the kill.
    pub uncertain: u64,
    pub uncertain_allowed: u64,
    pub mails_kept: u64,
    pub restart_ms: u64,
    /// Most mails in any sliding second, and most segments, each beside what is allowed (RATE-1).
    pub mail_peak: (u32, u32),
    pub sms_peak: (u32, u32),
    /// Everything that is not as the ledgers say it has to be.
    pub wrong: Vec<String>,
}

impl MailRunReport {
    pub fn is_good(&self) -> bool {
        let within = |(peak, allowed): (u32, u32)| peak <= allowed;
        self.wrong.is_empty()
            && self.uncertain <= self.uncertain_allowed
            && within(self.mail_peak)
            && within(self.sms_peak)
            && self.fallbacks > 0
    }
}

const CARRIER: &str = "mobile";
const LOGIN: &str = "900001";
const PASSWORD: &str = "secret1";
const SMS: Contract = Contract {
    rate_per_second: 500,
    window: 16,
    sessions: 1,
};
const MAIL: Contract = Contract {
    rate_per_second: 40,
    window: 1,
    sessions: 4,
};
/// The shortest time a plan may wait for a delivery.
const NOT_DELIVERED_S: u64 = 10;
const QUICK_MS: Range = Range { min: 50, max: 500 };
/// Later than [`NOT_DELIVERED_S`].
const SLOW_MS: Range = Range {
    min: 15_000,
    max: 16_000,
};
const POLL: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);
/// Without any new end for so long, what is open is looked into.
const STILL: Duration = Duration::from_secs(5);
const DOWN: Duration = Duration::from_millis(300);

/// From the acceptance of a mail to the report on it.
const REPORT: Duration = Duration::from_millis(200);
/// What the sink does with a mail, by its local part.
const ACTS: [(&str, Act); 4] = [
    ("good*", Act::Report(ReportKind::Delivered, REPORT)),
    ("gone*", Act::Report(ReportKind::Failed, REPORT)),
    ("refused*", Act::Refuse),
    ("unwanted*", Act::RefuseContent),
];
const LOCAL_PARTS: [&str; 6] = ["good", "good", "good", "gone", "refused", "unwanted"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    SmsThenMailWhenFailed,
    SmsThenMailWhenLate,
    MailThenSmsWhenFailed,
}

impl Kind {
    fn plan(self) -> Value {
        match self {
            Kind::SmsThenMailWhenFailed => json!([{"channel": "sms"}, {"channel": "mail", "when": "failed"}]),
            Kind::SmsThenMailWhenLate => json!([
                {"channel": "sms"},
                {"channel": "mail", "when": {"not_delivered_within_s": NOT_DELIVERED_S}}
            ]),
            Kind::MailThenSmsWhenFailed => json!([{"channel": "mail"}, {"channel": "sms", "when": "failed"}]),
        }
    }
}

struct Sent {
    id: String,
    kind: Kind,
    marker: u64,
}

fn local_part(marker: u64) -> &'static str {
    LOCAL_PARTS[(marker % LOCAL_PARTS.len() as u64) as usize]
}

fn is_mail_delivered(marker: u64) -> bool {
    local_part(marker) == "good"
}

pub async fn mail_run(options: &MailRunOptions) -> Result<MailRunReport, RunError> {
    let start = Instant::now();
    let mut run = Run::start(options).await?;
    let count = options.messages;
    // The absence conditions come first: after the kill they would wait for a minute of grace.
    run.send(Kind::SmsThenMailWhenLate, 0..count / 2).await?;
    run.wait_segments(count / 2).await;
    run.host.orders().give(CARRIER, Order::Receipt(SLOW_MS)).await?;
    run.send(Kind::SmsThenMailWhenLate, count / 2..count).await?;
    run.wait_segments(count).await;
    run.host.orders().give(CARRIER, Order::Receipt(QUICK_MS)).await?;
    run.wait_second_attempts().await?;
    let mails = run.mails.lock().len() as u64;
    run.send(Kind::SmsThenMailWhenFailed, count..2 * count).await?;
    run.send(Kind::MailThenSmsWhenFailed, 2 * count..3 * count)
        .await?;
    run.wait_until(|run| run.mails.lock().len() as u64 >= mails + count / 4)
        .await;
    run.server.kill()?;
    tokio::time::sleep(DOWN).await;
    let restart = run.server.start_again().await?;
    run.client = run.server.client();
    let ends = run.ends().await?;
    run.judge(options.seed, start, restart, &ends).await
}

/// The carrier's ledger in memory.
#[derive(Clone, Default)]
struct Segments(Arc<Mutex<Vec<Frame>>>);

impl Sink for Segments {
    fn frame(&mut self, frame: Frame) -> Result<(), LedgerError> {
        self.0.lock().push(frame);
        Ok(())
    }
}

struct Run {
    host: Host,
    segments: Segments,
    sink: MailSink,
    mails: Arc<Mutex<Vec<MailRecord>>>,
    server: Server,
    client: HttpClient,
    folder: Folder,
    sent: Vec<Sent>,
}

impl Run {
    async fn start(options: &MailRunOptions) -> Result<Self, RunError> {
        let folder = Folder::make(&options.place).map_err(SystemError::Folder)?;
        let segments = Segments::default();
        let host = Host::start(vec![carrier(options.seed, segments.clone())])?;
        let bounces = free_address().map_err(RunError::File)?;
        let certificate = Certificate::make(&["127.0.0.1"])
            .map_err(|error| RunError::File(std::io::Error::other(error)))?;
        let ca_file = folder.path().join("relay.pem");
        std::fs::write(&ca_file, &certificate.pem).map_err(RunError::File)?;
        let mails = Arc::<Mutex<Vec<MailRecord>>>::default();
        let rules = ACTS.map(|(pattern, act)| Rule::new(pattern, act)).to_vec();
        let sink = SinkOptions {
            listen: loopback(0),
            rules,
            login: Some((LOGIN.to_owned(), PASSWORD.to_owned())),
            tls: Some(SinkTls {
                certificate,
                implicit: false,
            }),
            idle: PATIENCE,
            bounce_to: Some(bounces),
        };
        let sink = MailSink::start(sink, Box::new(Arc::clone(&mails)))
            .await
            .map_err(RunError::File)?;
        let file = apply_file(host.carriers[0].address, sink.address, &ca_file);
        let environment = vec![("CARILLON_MAIL_BOUNCES_LISTEN", bounces.to_string())];
        let server = Server::start_with(
            folder.path(),
            &file,
            options.place.program.as_deref(),
            environment,
        )
        .await?;
        Ok(Run {
            host,
            segments,
            sink,
            mails,
            client: server.client(),
            server,
            folder,
            sent: Vec::new(),
        })
    }

    async fn send(&mut self, kind: Kind, markers: std::ops::Range<u64>) -> Result<(), RunError> {
        for marker in markers {
            let mark = marker::text(marker);
            let body = json!({
                "to": phone_of(marker).as_str(),
                "mail": format!("{}-{marker}@home.example", local_part(marker)),
                "text": format!("您的报告已出，单号{mark}。"),
                "subject": format!("检查报告{mark}"),
                "plan": kind.plan(),
            });
            let path = "/v1/messages";
            let headers = format!("Content-Type: application/json\r\nIdempotency-Key: mail-run-{marker}\r\n");
            let answer = self
                .client
                .post(path, &headers, body.to_string().as_bytes())
                .await?;
            let answer: SendAnswer = understood(path, answer.status, 202, &answer.body)?;
            self.sent.push(Sent {
                id: answer.id.to_string(),
                kind,
                marker,
            });
        }
        Ok(())
    }

    async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, RunError> {
        let answer = self.client.get(path).await?;
        understood(path, answer.status, 200, &answer.body)
    }

    async fn view(&mut self, id: &str) -> Result<MessageView, RunError> {
        self.get(&format!("/v1/messages/{id}")).await
    }

    async fn wait_until(&self, met: impl Fn(&Run) -> bool) {
        let start = Instant::now();
        while !met(self) && start.elapsed() < PATIENCE {
            tokio::time::sleep(POLL).await;
        }
    }

    async fn wait_segments(&self, segments: u64) {
        self.wait_until(|run| run.host.carriers[0].progress.segments.load(Ordering::Relaxed) >= segments)
            .await;
    }

    /// Waits until no message so far waits for an absence any more.
    async fn wait_second_attempts(&mut self) -> Result<(), RunError> {
        let start = Instant::now();
        for number in 0..self.sent.len() {
            let id = self.sent[number].id.clone();
            loop {
                let view = self.view(&id).await?;
                if view.is_final || is_started(view.attempts.get(1)) || start.elapsed() > PATIENCE {
                    break;
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// Follows the feed until every message has an end, or the rest is uncertain. By id: every end that was told.
    async fn ends(&mut self) -> Result<HashMap<String, Vec<String>>, RunError> {
        let mut ends: HashMap<String, Vec<String>> = HashMap::new();
        let mut path = "/v1/receipts?limit=1000".to_owned();
        let (start, mut news) = (Instant::now(), Instant::now());
        loop {
            let page: ReceiptsPage = self.get(&path).await?;
            path = format!("/v1/receipts?limit=1000&after={}", page.next);
            for event in page.events.iter().filter(|event| !event.amended) {
                news = Instant::now();
                ends.entry(event.id.to_string())
                    .or_default()
                    .push(event.status.clone());
            }
            if page.more {
                continue;
            }
            let open: Vec<_> = self
                .sent
                .iter()
                .filter(|sent| !ends.contains_key(&sent.id))
                .collect();
            if open.is_empty() || start.elapsed() > PATIENCE {
                return Ok(ends);
            }
            if news.elapsed() > STILL {
                let open: Vec<_> = open.into_iter().map(|sent| sent.id.clone()).collect();
                let mut explained = true;
                for id in &open {
                    explained &= is_uncertain(&self.view(id).await?);
                }
                if explained {
                    return Ok(ends);
                }
                news = Instant::now();
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn judge(
        mut self,
        seed: u64,
        start: Instant,
        restart: Duration,
        ends: &HashMap<String, Vec<String>>,
    ) -> Result<MailRunReport, RunError> {
        let mut views = Vec::new();
        for number in 0..self.sent.len() {
            let id = self.sent[number].id.clone();
            views.push(self.view(&id).await?);
        }
        self.server.stop().await?;
        self.host.stop()?;
        let mails = std::mem::take(&mut *self.mails.lock());
        let (records, sms_peak) = split(std::mem::take(&mut *self.segments.0.lock()));
        let seen = Seen::new(&records, &mails);
        let mut wrong = seen.doubled_mails();
        let (mut uncertain, mut fallbacks) = (0, 0);
        for (sent, view) in self.sent.iter().zip(&views) {
            let told = ends.get(&sent.id).map(Vec::as_slice).unwrap_or_default();
            fallbacks += u64::from(is_started(view.attempts.get(1)));
            uncertain += u64::from(is_uncertain(view));
            wrong.extend(seen.fault(sent, view, told));
        }
        let count = |status: &str| views.iter().filter(|view| view.status == status).count() as u64;
        let mut peak = SlidingPeak::default();
        for mail in &mails {
            peak.count(mail.at_us);
        }
        let report = MailRunReport {
            seed,
            seconds: start.elapsed().as_secs_f64(),
            accepted: self.sent.len() as u64,
            delivered: count("delivered"),
            failed: count("failed"),
            fallbacks,
            uncertain,
            // One kill (UNC-1).
            uncertain_allowed: u64::from(SMS.window * SMS.sessions + MAIL.window * MAIL.sessions),
            mails_kept: mails.iter().filter(|mail| mail.kept).count() as u64,
            restart_ms: restart.as_millis() as u64,
            mail_peak: (peak.peak().0, MAIL.rate_limit()),
            sms_peak: (sms_peak, SMS.rate_limit()),
            wrong,
        };
        self.sink.stop();
        self.folder.finish(report.is_good());
        Ok(report)
    }
}

/// What the ledgers say, by marker.
struct Seen<'a> {
    segments: HashMap<u64, Vec<&'a Record>>,
    kept: HashMap<u64, Vec<&'a MailRecord>>,
}

impl<'a> Seen<'a> {
    fn new(segments: &'a [Record], mails: &'a [MailRecord]) -> Self {
        let mut seen = Seen {
            segments: HashMap::new(),
            kept: HashMap::new(),
        };
        for segment in segments {
            let marker = segment.marker.unwrap_or(u64::MAX);
            seen.segments.entry(marker).or_default().push(segment);
        }
        for mail in mails.iter().filter(|mail| mail.kept) {
            let marker = mail.marker.unwrap_or(u64::MAX);
            seen.kept.entry(marker).or_default().push(mail);
        }
        seen
    }

    /// DUP-1: what the sink has twice. Uncertain mails are held, so there is no exception.
    fn doubled_mails(&self) -> Vec<String> {
        let mut ids: HashMap<&str, u32> = HashMap::new();
        for mail in self.kept.values().flatten() {
            *ids.entry(&mail.message_id).or_default() += 1;
        }
        let doubled = ids.into_iter().filter(|(_, count)| *count > 1);
        doubled
            .map(|(id, count)| format!("the sink has {id} {count} times (DUP-1)"))
            .collect()
    }

    /// What is not as it has to be with one message.
    fn fault(&self, sent: &Sent, view: &MessageView, told: &[String]) -> Option<String> {
        let Sent { id, kind, marker } = sent;
        if told.len() > 1 {
            return Some(format!("{id}: ended more than once: {told:?} (MSG-1)"));
        }
        let segments = self.segments.get(marker).map(Vec::as_slice).unwrap_or_default();
        let mails = self.kept.get(marker).map(Vec::as_slice).unwrap_or_default();
        if segments.len() > 1 || mails.len() > 1 {
            let (segments, mails) = (segments.len(), mails.len());
            return Some(format!("{id}: {segments} short messages, {mails} mails (DUP-1)"));
        }
        if is_uncertain(view) {
            return None;
        }
        let sms = segments
            .first()
            .and_then(|segment| segment.receipts.first().map(|r| (segment, r)));
        let is_sms_delivered = sms.is_some_and(|(_, receipt)| receipt.status == "DELIVRD");
        let is_quick = sms.is_some_and(|(segment, receipt)| {
            receipt.at_us.saturating_sub(segment.at_us) < NOT_DELIVERED_S * 1_000_000
        });
        let is_mail_delivered = is_mail_delivered(*marker);
        let (first, falls_back) = match kind {
            Kind::SmsThenMailWhenFailed => (is_sms_delivered, !is_sms_delivered),
            Kind::SmsThenMailWhenLate => (is_sms_delivered, !(is_sms_delivered && is_quick)),
            Kind::MailThenSmsWhenFailed => (is_mail_delivered, !is_mail_delivered),
        };
        let second = match kind {
            Kind::MailThenSmsWhenFailed => is_sms_delivered,
            _ => is_mail_delivered,
        };
        let expected = if first || falls_back && second {
            "delivered"
        } else {
            "failed"
        };
        let has_fallen_back = is_started(view.attempts.get(1));
        if has_fallen_back != falls_back {
            return Some(format!(
                "{id} ({kind:?}): second attempt started: {has_fallen_back}, but should: {falls_back}"
            ));
        }
        if told != [expected] || view.status != expected {
            return Some(format!(
                "{id} ({kind:?}): {}, told {told:?}, but should be {expected}",
                view.status
            ));
        }
        let has_sms = *kind != Kind::MailThenSmsWhenFailed || falls_back;
        (has_sms != (segments.len() == 1))
            .then(|| format!("{id} ({kind:?}): {} short messages", segments.len()))
    }
}

fn is_started(attempt: Option<&AttemptView>) -> bool {
    attempt.is_some_and(|attempt| attempt.started_at.is_some())
}

/// Some attempt is, or once was, uncertain.
fn is_uncertain(view: &MessageView) -> bool {
    view.attempts
        .iter()
        .flat_map(|attempt| &attempt.segments)
        .any(|segment| {
            segment.status == "uncertain"
                || segment
                    .steps
                    .iter()
                    .any(|step| step.what == carillon_api::StepWhat::Uncertain)
        })
}

/// The segments, and the most of them in a sliding second.
fn split(frames: Vec<Frame>) -> (Vec<Record>, u32) {
    let mut peak = 0;
    let mut records = Vec::new();
    for frame in frames {
        match frame {
            Frame::Segment(record) => records.push(record),
            Frame::Summary(summary) => peak = summary.peak_per_second,
            Frame::Account(_) => {}
        }
    }
    (records, peak)
}

fn understood<T: DeserializeOwned>(path: &str, status: u16, wanted: u16, body: &[u8]) -> Result<T, RunError> {
    if status != wanted {
        return Err(RunError::Status {
            path: path.to_owned(),
            status,
            body: String::from_utf8_lossy(body).into_owned(),
        });
    }
    serde_json::from_slice(body).map_err(|source| RunError::Body {
        path: path.to_owned(),
        source,
    })
}

fn carrier(seed: u64, segments: Segments) -> CarrierStart {
    let status = |status: &str, weight| WeightedStatus {
        status: status.into(),
        error: "000".into(),
        weight,
    };
    let account = AccountConfig {
        login: LOGIN.into(),
        password: PASSWORD.into(),
        sessions: SMS.sessions,
        rate_per_second: None,
        contract: Some(SMS),
    };
    let config = CarrierConfig {
        name: CARRIER.into(),
        protocol: ProtocolName::Cmpp20,
        port: 0,
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        seed,
        keep_texts: false,
        accounts: vec![account],
        behaviour: Behaviour {
            response_ms: Range { min: 1, max: 5 },
            receipt_ms: QUICK_MS,
            receipts: vec![status("DELIVRD", 60), status("UNDELIV", 40)],
            ..Behaviour::default()
        },
    };
    CarrierStart {
        config,
        sink: Box::new(segments),
        listening: true,
    }
}

fn apply_file(carrier: SocketAddr, relay: SocketAddr, ca_file: &Path) -> String {
    let ca_file = ca_file.display();
    format!(
        "[[organisation]]\nname = \"hospital\"\n\n[[business_type]]\nname = \"notice\"\n\n\
         [[connection]]\nname = \"sms\"\nprotocol = \"cmpp2.0\"\nhost = \"{}\"\nport = {}\nlogin = \"{LOGIN}\"\n\
         password = \"{PASSWORD}\"\nwindow = {}\nrate_per_second = {}\nsource_number = \"10690000\"\n\n\
         [[connection]]\nname = \"mail\"\nprotocol = \"smtp\"\nhost = \"{}\"\nport = {}\nlogin = \"{LOGIN}\"\n\
         password = \"{PASSWORD}\"\nsessions = {}\nrate_per_second = {}\n[connection.mail]\nsecurity = \"starttls\"\n\
         from = \"notice@hospital.example\"\nreturn_path_domain = \"bounces.hospital.example\"\nca_file = '{ca_file}'\n\n\
         [[route_group]]\nname = \"sms\"\nmembers = [\"sms\"]\n\n[[route_group]]\nname = \"mail\"\nmembers = [\"mail\"]\n\n\
         [[route_rule]]\nname = \"sms\"\ngroup = \"sms\"\n\n[[route_rule]]\nname = \"mail\"\ngroup = \"mail\"\n\n\
         [[account]]\nname = \"his\"\norganisation = \"hospital\"\nbusiness_type = \"notice\"\n\
         modules = {{ send = true, query = true, feeds = true }}\nconnections = [\"sms\", \"mail\"]\n\
         api_key = \"{API_KEY}\"\n",
        carrier.ip(),
        carrier.port(),
        SMS.window,
        SMS.rate_per_second,
        relay.ip(),
        relay.port(),
        MAIL.sessions,
        MAIL.rate_per_second,
    )
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// An address that was free a moment ago.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind(loopback(0))?.local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Answer, GivenReceipt};
    use carillon_domain::catalog::apply::ApplyFile;

    /// Markers of a mail that is delivered and of one that bounces.
    const GOOD: u64 = 0;
    const GONE: u64 = 3;

    fn segment(marker: u64, status: &str, after_s: u64) -> Record {
        Record {
            account: 0,
            session: 0,
            at_us: 0,
            source: "".into(),
            destination: "".into(),
            marker: Some(marker),
            content: 0,
            part: None,
            text: None,
            carrier_id: 0,
            answer: Answer::Accepted,
            receipts: vec![GivenReceipt {
                status: status.into(),
                at_us: after_s * 1_000_000,
                acknowledged_us: None,
            }],
        }
    }

    fn mail(marker: u64) -> MailRecord {
        MailRecord {
            session: 0,
            at_us: 0,
            secured: true,
            from: "".into(),
            to: "".into(),
            message_id: "msg_0.0@x".into(),
            subject: String::new(),
            marker: Some(marker),
            bytes: 0,
            answer: Some(250),
            kept: true,
        }
    }

    fn view(status: &str, second: bool, segment: &str) -> MessageView {
        let attempt = |started: bool| {
            json!({
                "channel": "sms", "start": "", "text": "",
                "started_at": started.then_some("2026-03-01T00:00:00.000+08:00"),
                "segments": [{"number": 1, "status": segment, "steps": []}],
            })
        };
        let view = json!({
            "id": "msg_0000000000001", "status": status, "final": true, "text": "", "account": "", "business_type": "",
            "accepted_at": "", "attempts": [attempt(true), attempt(second)],
        });
        serde_json::from_value(view).expect("a view")
    }

    fn sent(kind: Kind, marker: u64) -> Sent {
        Sent {
            id: "msg_0000000000001".to_owned(),
            kind,
            marker,
        }
    }

    #[test]
    fn every_deviation_from_the_ledgers_is_found() {
        use Kind::{MailThenSmsWhenFailed, SmsThenMailWhenFailed, SmsThenMailWhenLate};
        // Plan, marker, receipt and its seconds, whether a mail was kept; then what has to come of it.
        let cases = [
            (
                SmsThenMailWhenFailed,
                GOOD,
                Some(("DELIVRD", 1)),
                false,
                "delivered",
                false,
            ),
            (
                SmsThenMailWhenFailed,
                GOOD,
                Some(("UNDELIV", 1)),
                true,
                "delivered",
                true,
            ),
            (
                SmsThenMailWhenFailed,
                GONE,
                Some(("UNDELIV", 1)),
                true,
                "failed",
                true,
            ),
            (
                SmsThenMailWhenLate,
                GOOD,
                Some(("DELIVRD", 9)),
                false,
                "delivered",
                false,
            ),
            (
                SmsThenMailWhenLate,
                GONE,
                Some(("DELIVRD", 11)),
                true,
                "delivered",
                true,
            ),
            (MailThenSmsWhenFailed, GOOD, None, true, "delivered", false),
            (
                MailThenSmsWhenFailed,
                GONE,
                Some(("UNDELIV", 1)),
                true,
                "failed",
                true,
            ),
        ];
        for (kind, marker, receipt, kept, status, second) in cases {
            let segments: Vec<_> = receipt
                .map(|(word, s)| segment(marker, word, s))
                .into_iter()
                .collect();
            let mails: Vec<_> = kept.then(|| mail(marker)).into_iter().collect();
            let seen = Seen::new(&segments, &mails);
            let sent = sent(kind, marker);
            let fault = |view: &MessageView, told: &[&str]| {
                let told: Vec<_> = told.iter().map(|end| (*end).to_owned()).collect();
                seen.fault(&sent, view, &told)
            };
            let other = if status == "failed" { "delivered" } else { "failed" };
            let right = view(status, second, "submitted");
            assert_eq!(fault(&right, &[status]), None, "{kind:?} {marker}");
            assert!(fault(&right, &[]).is_some(), "no end");
            assert!(fault(&right, &[status, status]).is_some(), "two ends");
            assert!(fault(&right, &[other]).is_some(), "another end");
            assert!(
                fault(&view(other, second, "submitted"), &[status]).is_some(),
                "two truths"
            );
            assert!(
                fault(&view(status, !second, "submitted"), &[status]).is_some(),
                "fallback"
            );
            assert_eq!(fault(&view("active", !second, "uncertain"), &[]), None, "held");
        }
    }

    #[test]
    fn what_came_twice_is_found_also_of_uncertain_messages() {
        let segments = [segment(GOOD, "DELIVRD", 1), segment(GOOD, "DELIVRD", 1)];
        let mails = [mail(GOOD), mail(GOOD)];
        let uncertain = view("active", false, "uncertain");
        let sent = sent(Kind::SmsThenMailWhenFailed, GOOD);
        assert!(Seen::new(&segments, &[]).fault(&sent, &uncertain, &[]).is_some());
        let seen = Seen::new(&[], &mails);
        assert!(seen.fault(&sent, &uncertain, &[]).is_some());
        assert_eq!(seen.doubled_mails().len(), 1);
        let refused = MailRecord {
            kept: false,
            ..mail(GOOD)
        };
        assert!(Seen::new(&[], &[mail(GOOD), refused]).doubled_mails().is_empty());
    }

    #[test]
    fn the_file_is_one_that_apply_understands() {
        let file = apply_file(loopback(1), loopback(2), Path::new("/tmp/relay.pem"));
        let file: ApplyFile = toml::from_str(&file).expect("an apply file");
        assert_eq!(file.connection.len(), 2);
    }
}
