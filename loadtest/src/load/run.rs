//! Sends a source's lines and tells every line's fate. Whatever happens to the server, a request is repeated with the same
//! idempotency key until it has an answer (IDEM-1).

use super::acknowledgement::{Acknowledgement, AcknowledgementError, AcknowledgementSink, Outcome};
use super::outcomes::outcomes;
use super::report::{Latencies, LoadReport};
use super::sendsms::SendSms;
use super::source::{Batch, LineKey, Source};
use crate::http::{Answer, HttpClient, HttpError};
use crate::sim::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

#[derive(Clone)]
pub struct LoadOptions {
    pub address: SocketAddr,
    /// Other nodes of the same cluster; whoever gets no answer from one goes to the next.
    pub others: Vec<SocketAddr>,
    pub key: String,
    /// Names the run in idempotency keys; another run needs another name.
    pub run: String,
    pub lines_per_request: usize,
    /// Each message is a request of its own to `/v1/messages`.
    pub single: bool,
    /// Speaks to another gateway in its own way; `single` has to be set.
    pub sendsms: Option<SendSms>,
    /// Requests open at the same time.
    pub connections: usize,
    /// Messages per second; as fast as it goes when absent.
    pub rate: Option<f64>,
    /// Nothing new is sent after this long.
    pub stop_after: Option<Duration>,
    /// One request.
    pub timeout: Duration,
    /// A request without an answer after this long, repetitions included, is given up.
    pub give_up_after: Duration,
    /// An answer of 429 or 503 ends the matter: the lines are refused and never come again.
    pub takes_no: bool,
    pub limit: Option<OpenLimit>,
    /// Accepted lines, for whoever watches.
    pub accepted: Arc<AtomicU64>,
    /// Set from outside to end the load.
    pub stop: Arc<AtomicBool>,
    /// Shows a progress bar on a terminal.
    pub progress_bar: bool,
}

impl LoadOptions {
    pub fn new(address: SocketAddr, key: &str, run: &str) -> Self {
        LoadOptions {
            address,
            others: Vec::new(),
            key: key.to_owned(),
            run: run.to_owned(),
            lines_per_request: 1_000,
            single: false,
            sendsms: None,
            connections: 4,
            rate: None,
            stop_after: None,
            timeout: Duration::from_secs(30),
            give_up_after: Duration::from_secs(180),
            takes_no: false,
            limit: None,
            accepted: Arc::default(),
            stop: Arc::default(),
            progress_bar: false,
        }
    }
}

/// Holds the load back while too many messages are accepted and not finished at the carriers.
#[derive(Clone)]
pub struct OpenLimit {
    pub open_max: u64,
    pub carriers: Vec<Arc<Progress>>,
}

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read the lines")]
    Source(#[source] std::io::Error),
    #[error(transparent)]
    Acknowledgement(#[from] AcknowledgementError),
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const LIMIT_PAUSE: Duration = Duration::from_millis(1);

struct Load<'a> {
    options: &'a LoadOptions,
    source: RefCell<&'a mut dyn Source>,
    sink: RefCell<&'a mut dyn AcknowledgementSink>,
    report: RefCell<LoadReport>,
    latencies: RefCell<Latencies>,
    start: Instant,
    sent: Cell<u64>,
    bar: ProgressBar,
}

/// Runs the load on the calling task.
pub async fn run(
    options: &LoadOptions,
    source: &mut dyn Source,
    sink: &mut dyn AcknowledgementSink,
) -> Result<LoadReport, LoadError> {
    let total = source.total();
    let load = Rc::new(Load {
        options,
        source: RefCell::new(source),
        sink: RefCell::new(sink),
        report: RefCell::default(),
        latencies: RefCell::default(),
        start: Instant::now(),
        sent: Cell::new(0),
        bar: bar(options, total),
    });
    let workers = (0..options.connections.max(1)).map(|_| load.work());
    futures_util::future::try_join_all(workers).await?;
    load.sink.borrow_mut().flush()?;
    load.bar.finish_and_clear();
    let mut report = load.report.borrow().clone();
    report.seconds = load.start.elapsed().as_secs_f64();
    report.accepted_per_s = report.accepted as f64 / report.seconds.max(f64::MIN_POSITIVE);
    report.request_ms = load.latencies.borrow().percentiles();
    Ok(report)
}

fn bar(options: &LoadOptions, total: Option<u64>) -> ProgressBar {
    if !options.progress_bar {
        return ProgressBar::hidden();
    }
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{bar:40} {human_pos}/{human_len} {per_sec} {eta}",
        ),
        None => (ProgressBar::no_length(), "{spinner} {human_pos} {per_sec}"),
    };
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Load<'_> {
    async fn work(&self) -> Result<(), LoadError> {
        let authorization = format!("Bearer {}", self.options.key);
        let others = self.options.others.iter();
        let mut clients: VecDeque<_> = [&self.options.address]
            .into_iter()
            .chain(others)
            .map(|address| HttpClient::new(*address, &authorization, self.options.timeout))
            .collect();
        while !self.is_over() {
            self.wait_for_room().await;
            let lines_max = if self.options.single {
                1
            } else {
                self.options.lines_per_request
            };
            let batch = self
                .source
                .borrow_mut()
                .batch(lines_max)
                .map_err(LoadError::Source)?;
            let Some(batch) = batch else { return Ok(()) };
            let begun = self.wait_for_turn(batch.lines.len() as u64).await;
            self.sink.borrow_mut().begun(&batch.lines, begun);
            let answer = self.send(&mut clients, &batch).await;
            self.tell(&batch.lines, answer)?;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.options.stop.load(Ordering::Relaxed)
            || self
                .options
                .stop_after
                .is_some_and(|after| self.start.elapsed() >= after)
    }

    async fn wait_for_room(&self) {
        let Some(limit) = &self.options.limit else { return };
        loop {
            let closed: u64 = limit
                .carriers
                .iter()
                .map(|carrier| carrier.closed.load(Ordering::Relaxed))
                .sum();
            let accepted = self.options.accepted.load(Ordering::Relaxed);
            if accepted.saturating_sub(closed) < limit.open_max || self.is_over() {
                return;
            }
            tokio::time::sleep(LIMIT_PAUSE).await;
        }
    }

    /// When the lines were to begin: now, or when they were due if that is over because nobody was free to send them. That a
    /// timer fires late is not counted against the server.
    async fn wait_for_turn(&self, lines: u64) -> SystemTime {
        let before = self.sent.get();
        self.sent.set(before + lines);
        let Some(rate) = self.options.rate else {
            return SystemTime::now();
        };
        let due = self.start + Duration::from_secs_f64(before as f64 / rate);
        let late = due.elapsed();
        tokio::time::sleep_until(due.into()).await;
        SystemTime::now() - late
    }

    /// The answer that ends the matter, or none.
    async fn send(&self, clients: &mut VecDeque<HttpClient>, batch: &Batch) -> Option<Answer> {
        let first = Instant::now();
        let mut pause = FIRST_PAUSE;
        let (path, kind) = match self.options.single {
            true => ("/v1/messages", "application/json"),
            false => ("/v1/messages/batch", "application/x-ndjson"),
        };
        let headers = format!(
            "Idempotency-Key: {}-{}\r\nContent-Type: {kind}\r\n",
            self.options.run, batch.number
        );
        loop {
            let start = Instant::now();
            let client = clients.front_mut()?;
            let answer = match (&self.options.sendsms, batch.lines.first()) {
                (Some(sendsms), Some(line)) => client.get(&sendsms.path(line)).await,
                _ => client.post(path, &headers, &batch.body).await,
            };
            self.report.borrow_mut().requests += 1;
            let wait = match answer {
                Ok(answer) if answer.status != 429 && answer.status < 500 => {
                    self.latencies.borrow_mut().count(start.elapsed());
                    return Some(answer);
                }
                Ok(answer) => {
                    let turned_away = self.count_turned_away(&answer);
                    if turned_away && self.options.takes_no {
                        self.latencies.borrow_mut().count(start.elapsed());
                        return Some(answer);
                    }
                    self.count_retry(&answer.status.to_string());
                    answer.retry_after_s.map_or(pause, Duration::from_secs)
                }
                Err(error) => {
                    tracing::debug!(%error, "a request gets no answer");
                    self.count_retry(reason(&error));
                    clients.rotate_left(1);
                    pause
                }
            };
            if first.elapsed() + wait > self.options.give_up_after {
                return None;
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Whether the answer is 429 or 503.
    fn count_turned_away(&self, answer: &Answer) -> bool {
        let turned_away = matches!(answer.status, 429 | 503);
        let mut report = self.report.borrow_mut();
        report.turned_away += u64::from(turned_away);
        report.turned_away_without_time += u64::from(turned_away && answer.retry_after_s.is_none());
        turned_away
    }

    fn count_retry(&self, reason: &str) {
        let mut report = self.report.borrow_mut();
        report.retries += 1;
        *report.retry_reasons.entry(reason.to_owned()).or_default() += 1;
    }

    fn tell(&self, lines: &[LineKey], answer: Option<Answer>) -> Result<(), LoadError> {
        let outcomes = match &answer {
            Some(answer) if self.options.sendsms.is_some() => {
                lines.iter().map(|line| SendSms::outcome(answer, line)).collect()
            }
            Some(answer) => outcomes(answer, lines.len(), self.options.single),
            None => vec![Outcome::Unanswered; lines.len()],
        };
        let mut report = self.report.borrow_mut();
        report.lines += lines.len() as u64;
        let mut sink = self.sink.borrow_mut();
        for (key, outcome) in lines.iter().zip(outcomes) {
            match &outcome {
                Outcome::Accepted(_) => report.accepted += 1,
                Outcome::Unanswered => report.unanswered += 1,
                Outcome::Refused { code, .. } => {
                    report.refused += 1;
                    *report.refusals.entry(code.to_string()).or_default() += 1;
                }
            }
            sink.acknowledge(Acknowledgement {
                line: key.line,
                marker: key.marker,
                phone: key.phone.clone(),
                outcome,
            })?;
        }
        self.options.accepted.store(report.accepted, Ordering::Relaxed);
        self.bar.inc(lines.len() as u64);
        Ok(())
    }
}

fn reason(error: &HttpError) -> &'static str {
    match error {
        HttpError::Connect { .. } => "connect",
        HttpError::TimedOut(_) => "timed out",
        HttpError::Io(_) | HttpError::Closed => "broken",
        HttpError::Head(_) | HttpError::TooLarge { .. } | HttpError::Length => "bad answer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::source::PatternSource;
    use carillon_domain::ids::MessageId;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A server that answers 503, then hangs up, then accepts.
    #[tokio::test]
    async fn a_request_is_repeated_with_its_key_until_it_is_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let id = MessageId(5);
        let server = tokio::spawn(async move {
            let mut keys = Vec::new();
            let body = format!(r#"{{"accepted":[{{"line":1,"id":"{id}"}}],"refused":[]}}"#);
            let replies = [
                "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                    .to_owned(),
                String::new(),
                format!(
                    "HTTP/1.1 202 Accepted\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                ),
            ];
            for reply in replies {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut request = vec![0; 4_096];
                let length = stream.read(&mut request).await.expect("a request");
                let text = String::from_utf8_lossy(&request[..length]).into_owned();
                keys.extend(
                    text.lines()
                        .find_map(|line| line.strip_prefix("Idempotency-Key: "))
                        .map(str::to_owned),
                );
                stream.write_all(reply.as_bytes()).await.expect("taken");
            }
            keys
        });
        let options = LoadOptions {
            connections: 1,
            ..LoadOptions::new(address, "key", "run")
        };
        let mut told = Vec::new();
        let report = run(&options, &mut PatternSource::new(7, 8, 0, 1_000), &mut told)
            .await
            .expect("ran");
        assert_eq!(server.await.expect("the server"), ["run-0", "run-0", "run-0"]);
        assert_eq!((report.accepted, report.retries, report.requests), (1, 2, 3));
        let told: Vec<_> = told.into_iter().map(|told| (told.marker, told.outcome)).collect();
        assert_eq!(told, [(Some(7), Outcome::Accepted(id))]);
    }

    /// The first answer names a time to come back, the second none.
    #[tokio::test]
    async fn a_no_is_taken_when_told_so_and_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            for head in ["429 Slow\r\nRetry-After: 9", "503 Busy"] {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut request = vec![0; 4_096];
                let _ = stream.read(&mut request).await.expect("a request");
                let reply = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(reply.as_bytes()).await.expect("taken");
            }
        });
        let options = LoadOptions {
            connections: 1,
            single: true,
            takes_no: true,
            ..LoadOptions::new(address, "key", "run")
        };
        let mut told = Vec::new();
        let report = run(&options, &mut PatternSource::new(0, 2, 0, 1), &mut told)
            .await
            .expect("ran");
        server.await.expect("the server");
        assert_eq!((report.requests, report.retries, report.refused), (2, 0, 2));
        assert_eq!((report.turned_away, report.turned_away_without_time), (2, 1));
        assert!(
            told.iter()
                .all(|told| matches!(told.outcome, Outcome::Refused { .. }))
        );
    }
}
