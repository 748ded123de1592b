use crate::cluster::Cluster;
use carillon_storage::history::HistoryError;
use carillon_storage::journal::FrameSeq;
use std::collections::BTreeMap;

/// Up to which frame each lane's batches are whole, at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes(BTreeMap<i32, i64>);

impl Lanes {
    pub async fn read(cluster: &Cluster) -> Result<Self, HistoryError> {
        let operation = "reading how far lanes are";
        let rows = cluster.rows(operation, &cluster.statements.lanes, ()).await?;
        let mut lanes = BTreeMap::new();
        for row in rows
            .rows::<(i32, i64)>()
            .map_err(crate::failed::failed(operation, &cluster.place))?
        {
            let (lane, upto) = row.map_err(crate::failed::failed(operation, &cluster.place))?;
            lanes.insert(lane, upto);
        }
        Ok(Lanes(lanes))
    }

    /// With what a lane knows of itself.
    pub fn with(mut self, lane: i32, upto: FrameSeq) -> Self {
        self.0.insert(lane, upto.0 as i64);
        self
    }

    /// Whether a row of a batch up to that frame counts.
    pub fn has(&self, lane: i32, frame: i64) -> bool {
        self.0.get(&lane).is_some_and(|upto| frame <= *upto)
    }

    pub fn all(&self) -> impl Iterator<Item = i32> {
        self.0.keys().copied()
    }
}
