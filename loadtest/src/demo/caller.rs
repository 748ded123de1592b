use super::message::DemoMessage;
use super::told::Told;
use super::traffic::{Call, Fault};
use crate::http::{Answer, HttpClient};
use crate::load::{self, Outcome};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// One system of the hospital: sends its requests in their order, each until it is answered.
pub(super) struct Caller {
    pub client: HttpClient,
    /// Names the run in its idempotency keys.
    pub run: String,
    pub serial: Arc<AtomicU64>,
    /// How long an answer is waited for, restarts of the server included.
    pub patience: Duration,
    pub told: Arc<Mutex<Told>>,
}

impl Caller {
    /// Ends when nobody can give it requests any more.
    pub async fn work(mut self, calls: Arc<tokio::sync::Mutex<mpsc::Receiver<Call>>>) {
        loop {
            let call = calls.lock().await.recv().await;
            let Some(call) = call else { return };
            let answer = self.send(&call).await;
            self.tell(&call, answer.as_ref());
        }
    }

    async fn send(&mut self, call: &Call) -> Option<Answer> {
        let is_single = call.messages.len() == 1;
        let (path, kind) = match is_single {
            true => ("/v1/messages", "application/json"),
            false => ("/v1/messages/batch", "application/x-ndjson"),
        };
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let headers = format!(
            "Idempotency-Key: {}-{serial}\r\nContent-Type: {kind}\r\n",
            self.run
        );
        let body = body(call);
        let (start, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            let wait = match self.client.post(path, &headers, &body).await {
                Ok(answer) if answer.status != 429 && answer.status < 500 => return Some(answer),
                Ok(answer) => answer.retry_after_s.map_or(pause, Duration::from_secs),
                Err(error) => {
                    tracing::debug!(%error, "a request gets no answer");
                    pause
                }
            };
            if start.elapsed() + wait > self.patience {
                return None;
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn tell(&self, call: &Call, answer: Option<&Answer>) {
        let mut told = self.told.lock();
        let Some(answer) = answer else {
            told.unanswered += call.messages.len() as u64;
            return;
        };
        let is_single = call.messages.len() == 1;
        let outcomes = load::outcomes(answer, call.messages.len(), is_single);
        for (message, outcome) in call.messages.iter().zip(outcomes) {
            match outcome {
                Outcome::Accepted(_) if call.fault.is_some() => told.wrongly_accepted += 1,
                Outcome::Accepted(id) => told.accepted(message, id),
                Outcome::Refused { code, .. } => told.refused(&code),
                Outcome::Unanswered => told.unanswered += 1,
            }
        }
    }
}

fn body(call: &Call) -> Vec<u8> {
    let mut body = Vec::new();
    for message in &call.messages {
        line(message, call.fault, &mut body);
        body.push(b'\n');
    }
    if call.fault == Some(Fault::Body) {
        body.truncate(body.len() / 2);
    }
    body
}

fn line(message: &DemoMessage, fault: Option<Fault>, body: &mut Vec<u8>) {
    let mut request = message.request();
    match fault {
        Some(Fault::Phone) => request.to = Some("1380000".into()),
        Some(Fault::Template) => request.template = Some("不存在的模板".into()),
        Some(Fault::Body) | None => {}
    }
    // Only texts are in it, which always have a form in JSON.
    serde_json::to_writer(body, &request).expect("a request is JSON");
}

#[cfg(test)]
mod tests {
    use super::super::people::tests::people;
    use super::super::traffic::Traffic;
    use super::*;
    use carillon_api::MessageRequest;
    use carillon_domain::time::UnixMs;

    #[test]
    fn only_mistakes_are_no_requests() {
        let people = people();
        let mut traffic = Traffic::new(&people, 1, 5_000.0);
        let calls = traffic.during(UnixMs(4 * 24 * 3_600_000), Duration::from_secs(1));
        assert!(calls.iter().any(|call| call.fault.is_some()));
        for call in &calls {
            let body = body(call);
            let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let requests: Vec<_> = lines.map(serde_json::from_slice::<MessageRequest<'_>>).collect();
            match call.fault {
                Some(Fault::Body) => assert!(requests.iter().all(Result::is_err)),
                _ => {
                    assert!(requests.iter().all(Result::is_ok));
                    assert_eq!(requests.len(), call.messages.len());
                }
            }
        }
    }
}
