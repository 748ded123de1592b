use super::told::Told;
use crate::http::HttpClient;
use carillon_api::{ReceiptsPage, RepliesPage};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// Pages read at once; the rest is read next time.
const PAGES_MAX: usize = 5;
const PAGE: u32 = 500;

/// One system of the hospital: reads what became of its messages, and what people answered.
pub(super) struct Reader {
    pub account: &'static str,
    pub client: HttpClient,
    pub told: Arc<Mutex<Told>>,
    pub every: Duration,
}

impl Reader {
    /// Never ends by itself. What cannot be read now is read later.
    pub async fn work(mut self) {
        let (mut receipts, mut replies) = (String::new(), String::new());
        loop {
            tokio::time::sleep(self.every).await;
            if let Err(error) = self.read(&mut receipts, &mut replies).await {
                tracing::debug!(account = self.account, %error, "nothing could be read");
            }
        }
    }

    async fn read(&mut self, receipts: &mut String, replies: &mut String) -> anyhow::Result<()> {
        for _ in 0..PAGES_MAX {
            let page: ReceiptsPage = self.page("receipts", receipts).await?;
            self.told.lock().receipts_read += page.events.len() as u64;
            *receipts = page.next;
            if !page.more {
                break;
            }
        }
        let page: RepliesPage = self.page("replies", replies).await?;
        self.told.lock().replies_read += page.events.len() as u64;
        *replies = page.next;
        let newest = self
            .told
            .lock()
            .newest
            .get(self.account)
            .and_then(|ids| ids.front().copied());
        if let Some(id) = newest {
            let answer = self.client.get(&format!("/v1/messages/{id}")).await?;
            anyhow::ensure!(answer.status == 200, "{id} was answered with {}", answer.status);
            self.told.lock().journeys_read += 1;
        }
        Ok(())
    }

    async fn page<T: serde::de::DeserializeOwned>(&mut self, feed: &str, after: &str) -> anyhow::Result<T> {
        let path = match after {
            "" => format!("/v1/{feed}?limit={PAGE}"),
            after => format!("/v1/{feed}?limit={PAGE}&after={after}"),
        };
        let answer = self.client.get(&path).await?;
        anyhow::ensure!(
            answer.status == 200,
            "{feed} were answered with {}",
            answer.status
        );
        Ok(serde_json::from_slice(&answer.body)?)
    }
}
