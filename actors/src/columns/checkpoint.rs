use super::bound::{BoundTime, BoundTimes};
use super::campaigns::{Campaigns, StoredCampaigns};
use super::caps::{Caps, CountedPeriod};
use super::idempotency::{KeyGeneration, Keys};
use super::quota::DayUse;
use super::recent::{Amendable, NamedSegment, RecentIds};
use super::{ColumnLimits, Columns, Plan};
use carillon_domain::campaign::Campaign;
use carillon_domain::day_window::DayWindow;
use carillon_domain::fact::{Cursor, Receipt, WebhookStanding};
use carillon_domain::ids::{AccountId, ConnectionId, MessageId};
use carillon_domain::time::UnixMs;
use serde::{Deserialize, Serialize};

/// Version of the state's encoding; others are refused.
const VERSION: u8 = 6;

/// About what a waiting row takes.
const ROW_BYTES: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("the checkpoint is empty")]
    Empty,
    #[error("the checkpoint has version {found}, this program reads {VERSION}")]
    UnknownVersion { found: u8 },
    #[error("the checkpoint cannot be read")]
    Malformed(#[source] postcard::Error),
    #[error("the state cannot be written")]
    Encode(#[source] postcard::Error),
}

/// Columns as a checkpoint held them, and what the lane stored beside them.
#[derive(Debug)]
pub struct RestoredColumns {
    pub columns: Columns,
    pub marks: Vec<JournalMark>,
}

/// When a frame was written, to know which ones are older than the feeds' reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalMark {
    pub frame: u64,
    pub unix_ms: u64,
}

#[derive(Serialize)]
struct Writing<'a> {
    last_id: Option<MessageId>,
    last_at: UnixMs,
    plans: Vec<(MessageId, &'a Plan)>,
    times: Vec<(MessageId, (UnixMs, Option<DayWindow>))>,
    parked: Vec<&'a Receipt>,
    amendable: Vec<(&'a Amendable, &'a [NamedSegment])>,
    keys: Vec<KeyGeneration>,
    quotas: Vec<(AccountId, DayUse)>,
    caps: Vec<CountedPeriod>,
    campaigns: StoredCampaigns<&'a Campaign>,
    epochs: Vec<(ConnectionId, u32)>,
    bound: Vec<(ConnectionId, &'a BoundTime)>,
    cursors: Vec<&'a Cursor>,
    webhooks: Vec<&'a WebhookStanding>,
    recent: (&'a [u64], &'a [u64]),
    marks: &'a [JournalMark],
}

#[derive(Deserialize)]
struct Reading {
    last_id: Option<MessageId>,
    last_at: UnixMs,
    plans: Vec<(MessageId, Plan)>,
    times: Vec<(MessageId, (UnixMs, Option<DayWindow>))>,
    parked: Vec<Receipt>,
    amendable: Vec<(Amendable, Vec<NamedSegment>)>,
    keys: Vec<KeyGeneration>,
    quotas: Vec<(AccountId, DayUse)>,
    caps: Vec<CountedPeriod>,
    campaigns: StoredCampaigns<Campaign>,
    epochs: Vec<(ConnectionId, u32)>,
    bound: Vec<(ConnectionId, BoundTime)>,
    cursors: Vec<Cursor>,
    webhooks: Vec<WebhookStanding>,
    recent: (Vec<u64>, Vec<u64>),
    marks: Vec<JournalMark>,
}

impl Columns {
    /// The whole state as bytes; rows in order of their ids are its end. Bodies stay in the journal.
    pub fn checkpoint(&self, marks: &[JournalMark]) -> Result<Vec<u8>, CheckpointError> {
        let mut rows: Vec<_> = self.rows.iter().map(|(_, row)| row).collect();
        rows.sort_unstable_by_key(|row| (row.id, row.attempt));
        let mut plans: Vec<_> = self.plans.iter().map(|(id, plan)| (*id, plan)).collect();
        plans.sort_unstable_by_key(|(id, _)| *id);
        let mut times: Vec<_> = self.times.iter().map(|(id, times)| (*id, *times)).collect();
        times.sort_unstable_by_key(|(id, _)| *id);
        let mut epochs: Vec<_> = self.epochs.iter().map(|(id, epoch)| (*id, *epoch)).collect();
        epochs.sort_unstable();
        let mut quotas: Vec<_> = self.quotas.iter().collect();
        quotas.sort_unstable_by_key(|(account, _)| *account);
        let writing = Writing {
            last_id: self.last_id,
            last_at: self.last_at,
            plans,
            times,
            parked: self.parked.iter().collect(),
            amendable: self.amendable.iter().collect(),
            keys: self.keys.sorted(),
            quotas,
            caps: self.caps.sorted(),
            campaigns: self.campaigns.stored(),
            epochs,
            bound: self.bound.sorted(),
            cursors: self.cursors.places().collect(),
            webhooks: self.cursors.standings().collect(),
            recent: self.recent.halves(),
            marks,
        };
        let mut state = Vec::with_capacity(rows.len() * ROW_BYTES);
        state.push(VERSION);
        let mut state = postcard::to_extend(&writing, state).map_err(CheckpointError::Encode)?;
        for row in rows {
            state = postcard::to_extend(row, state).map_err(CheckpointError::Encode)?;
        }
        Ok(state)
    }

    /// The columns that [`Columns::checkpoint`] wrote.
    pub fn restore(limits: ColumnLimits, state: &[u8]) -> Result<RestoredColumns, CheckpointError> {
        let (version, rest) = state.split_first().ok_or(CheckpointError::Empty)?;
        if *version != VERSION {
            return Err(CheckpointError::UnknownVersion { found: *version });
        }
        let (reading, mut rows): (Reading, _) =
            postcard::take_from_bytes(rest).map_err(CheckpointError::Malformed)?;
        let mut columns = Columns::new(limits);
        columns.last_id = reading.last_id;
        columns.last_at = reading.last_at;
        columns.plans.extend(reading.plans);
        columns.times.extend(reading.times);
        while !rows.is_empty() {
            // One after the other: millions of them need not be there twice.
            let (row, rest) = postcard::take_from_bytes(rows).map_err(CheckpointError::Malformed)?;
            rows = rest;
            let at = columns.rows.insert(row);
            columns.index_restored(at);
        }
        for receipt in reading.parked {
            columns.parked.park(receipt, limits.parked_receipts_max);
        }
        for (entry, names) in reading.amendable {
            columns.amendable.insert(entry, names, limits.amendable_max);
        }
        columns.keys = Keys::restore(reading.keys);
        for (account, used) in reading.quotas {
            columns.quotas.restore(account, used);
        }
        columns.caps = Caps::restore(reading.caps);
        columns.campaigns = Campaigns::restore(reading.campaigns);
        columns.epochs.extend(reading.epochs);
        columns.bound = BoundTimes::restore(reading.bound);
        reading
            .cursors
            .into_iter()
            .for_each(|cursor| columns.cursors.set_place(cursor));
        reading
            .webhooks
            .into_iter()
            .for_each(|standing| columns.cursors.set_standing(standing));
        let (young, old) = reading.recent;
        columns.recent = RecentIds::restore(young, old);
        Ok(RestoredColumns {
            columns,
            marks: reading.marks,
        })
    }
}
