//! Our own records over the REST API: the feed of ends, and the journeys of what has none.

use super::settlement::Shared;
use crate::http::{HttpClient, HttpError};
use carillon_api::{MessageView, ReceiptsPage};
use carillon_domain::ids::MessageId;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const PAGE: u32 = 1_000;
/// Journeys looked into at a time.
const LOOKS: usize = 10_000;
const POLL: Duration = Duration::from_millis(100);
/// Without news for this long, the journeys of what is open are looked into.
const LOOK_AFTER: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{path} was answered with {status}: {body}")]
    Status { path: String, status: u16, body: String },
    #[error("the answer to {path} cannot be understood")]
    Body { path: String, source: serde_json::Error },
}

/// Reads the feed on from where it was.
pub struct RecordsReader {
    client: HttpClient,
    after: Option<String>,
}

impl RecordsReader {
    pub fn new(address: SocketAddr, key: &str) -> Self {
        let client = HttpClient::new(address, &format!("Bearer {key}"), REQUEST_TIMEOUT);
        RecordsReader { client, after: None }
    }

    async fn get<T: serde::de::DeserializeOwned>(&mut self, path: &str) -> Result<T, RecordsError> {
        let answer = self.client.get(path).await?;
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(RecordsError::Status {
                path: path.to_owned(),
                status: answer.status,
                body,
            });
        }
        serde_json::from_slice(&answer.body).map_err(|source| RecordsError::Body {
            path: path.to_owned(),
            source,
        })
    }

    /// The next events; the reader goes on behind them.
    pub async fn next_page(&mut self) -> Result<ReceiptsPage, RecordsError> {
        let path = match &self.after {
            Some(after) => format!("/v1/receipts?limit={PAGE}&after={after}"),
            None => format!("/v1/receipts?limit={PAGE}"),
        };
        let page: ReceiptsPage = self.get(&path).await?;
        self.after = Some(page.next.clone());
        Ok(page)
    }

    async fn page(&mut self, settlement: &Shared) -> Result<bool, RecordsError> {
        let page = self.next_page().await?;
        settlement.0.lock().told_ends(&page.events);
        Ok(page.more)
    }

    /// Reads until the feed's end.
    pub async fn catch_up(&mut self, settlement: &Shared) -> Result<(), RecordsError> {
        while self.page(settlement).await? {}
        Ok(())
    }

    /// Looks into the journeys of up to `limit` messages without an end; returns how many of them are not uncertain.
    pub async fn look_into_open(&mut self, settlement: &Shared, limit: usize) -> Result<u64, RecordsError> {
        let open = settlement.0.lock().open(limit);
        let mut unexplained = 0;
        for id in open {
            let view: MessageView = self.get(&format!("/v1/messages/{}", MessageId(id))).await?;
            let mut segments = view.attempts.iter().flat_map(|attempt| &attempt.segments);
            if !view.is_final && segments.any(|segment| segment.status == "uncertain") {
                settlement.0.lock().uncertain(id);
            } else {
                unexplained += 1;
            }
        }
        Ok(unexplained)
    }

    /// Reads until every accepted message has an end or is known to be uncertain, or until nothing has changed for
    /// `patience`. What is open then is for the judge.
    pub async fn follow(&mut self, settlement: &Shared, patience: Duration) -> Result<(), RecordsError> {
        settlement.0.lock().index();
        let mut open = u64::MAX;
        let mut changed = Instant::now();
        loop {
            self.catch_up(settlement).await?;
            let now_open = settlement.0.lock().open_count();
            if now_open == 0 {
                return Ok(());
            }
            if now_open != open {
                (open, changed) = (now_open, Instant::now());
            } else if changed.elapsed() > LOOK_AFTER && self.look_into_open(settlement, LOOKS).await? == 0 {
                // Held messages stay open for days: they are explained, and there may be more of them.
                if settlement.0.lock().open_count() == 0 {
                    return Ok(());
                }
                continue;
            } else if changed.elapsed() > patience {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
