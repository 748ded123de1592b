use crate::handle::{LaneHandle, QueryError, blocking};
use carillon_domain::time::UnixMs;
use carillon_storage::history::{CarrierQuery, CodeRow, HistorySize, LatencyRow, RollupQuery, RollupRow};

/// Figures of what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics<T> {
    pub rows: T,
    /// Everything that happened before this moment is counted: the messages that may add to it have ended and are stored.
    pub complete_until: UnixMs,
}

/// What carriers said, and how long they took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarrierRows {
    pub codes: Vec<CodeRow>,
    pub latencies: Vec<LatencyRow>,
}

impl LaneHandle {
    pub async fn statistics(&self, query: RollupQuery) -> Result<Statistics<Vec<RollupRow>>, QueryError> {
        let complete_until = self.complete_until().await?;
        let history = self.inner.history.clone();
        let rows = blocking(move || history.rollup(&query)).await?;
        Ok(Statistics { rows, complete_until })
    }

    pub async fn carrier_statistics(
        &self,
        query: CarrierQuery,
    ) -> Result<Statistics<CarrierRows>, QueryError> {
        let complete_until = self.complete_until().await?;
        let history = self.inner.history.clone();
        let rows = blocking(move || {
            Ok(CarrierRows {
                codes: history.codes(&query)?,
                latencies: history.latencies(&query)?,
            })
        })
        .await?;
        Ok(Statistics { rows, complete_until })
    }

    pub fn history_size(&self) -> HistorySize {
        self.inner.history.size()
    }

    /// Asked before the figures are read, and in the order in which messages move on, so that none slips through.
    async fn complete_until(&self) -> Result<UnixMs, QueryError> {
        let now = self.ask(|lane| lane.now().unix).await?;
        let open = self.oldest_open().await?;
        let recent = self.inner.recent.oldest_accepted();
        Ok(open.into_iter().chain(recent).fold(now, UnixMs::min))
    }
}
