use crate::handle::{LaneHandle, QueryError, blocking};
use carillon_domain::time::UnixMs;
use carillon_storage::history::{
    CarrierQuery, CodeRow, History, HistoryError, HistorySize, LatencyRow, RollupQuery, RollupRow,
};
use std::time::Duration;
use tokio::time::timeout;

/// How long a query waits for others before it gives up.
const TURN_MAX: Duration = Duration::from_secs(5);

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
        self.figures(move |history| history.rollup(&query)).await
    }

    pub async fn carrier_statistics(
        &self,
        query: CarrierQuery,
    ) -> Result<Statistics<CarrierRows>, QueryError> {
        self.figures(move |history| {
            Ok(CarrierRows {
                codes: history.codes(&query)?,
                latencies: history.latencies(&query)?,
            })
        })
        .await
    }

    pub fn history_size(&self) -> HistorySize {
        self.inner.history.size()
    }

    /// One query at a time, so that people who ask for years hold one thread between them.
    ///
    /// How far the figures are complete is asked before they are read, and in the order in which messages move on, so that none
    /// slips through.
    async fn figures<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn History) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<Statistics<T>, QueryError> {
        let _turn = timeout(TURN_MAX, self.inner.statistics.acquire())
            .await
            .map_err(|_| QueryError::Busy)?
            .map_err(|_| QueryError::Stopping)?;
        let (now, open) = self
            .ask(|lane| {
                (
                    lane.now().unix,
                    lane.read(|core| core.columns().oldest_accepted()),
                )
            })
            .await?;
        let (history, recent) = (self.inner.history.clone(), self.inner.recent.clone());
        blocking(move || {
            let oldest = open.into_iter().chain(recent.oldest_accepted());
            let complete_until = oldest.fold(now, UnixMs::min);
            let rows = read(&*history)?;
            Ok(Statistics { rows, complete_until })
        })
        .await
    }
}
