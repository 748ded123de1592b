use super::bound::{BoundTime, BoundTimes};
use super::campaigns::{Campaigns, StoredCampaigns};
use super::caps::{Caps, CountedPeriod};
use super::idempotency::{KeyGeneration, Keys};
use super::pages::PAGE;
use super::quota::DayUse;
use super::recent::{Amendable, NamedSegment, RecentIds};
use super::row::{Row, RowRef};
use super::{ColumnLimits, Columns, Plan};
use carillon_domain::campaign::Campaign;
use carillon_domain::day_window::DayWindow;
use carillon_domain::fact::{Cursor, Receipt, WebhookStanding};
use carillon_domain::ids::{AccountId, ConnectionId, MessageId};
use carillon_domain::time::UnixMs;
use carillon_storage::journal::Part;
use serde::{Deserialize, Serialize};

/// Version of the state's encoding; others are refused.
const VERSION: u8 = 7;

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("the checkpoint is empty")]
    Empty,
    #[error("the checkpoint has version {found}, this program reads {VERSION}")]
    UnknownVersion { found: u8 },
    #[error("the checkpoint cannot be read")]
    Malformed(#[source] postcard::Error),
    #[error("the checkpoint has a row where none can be")]
    Place,
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

/// What changed since a checkpoint that is stored.
#[derive(Debug)]
pub struct ChangedParts {
    pub parts: Vec<Part>,
    /// Tells checkpoints of the same columns apart, in their order.
    pub era: u64,
}

/// The part with everything but rows; pages of rows follow it.
const REST: u64 = 0;

fn key_of(page: usize) -> u64 {
    REST + 1 + page as u64
}

impl Columns {
    /// All parts of the state as they are without regard to where rows stand in memory, so that equal states have equal ones: rows in
    /// order of their ids.
    pub fn state(&self) -> Result<Vec<Part>, CheckpointError> {
        let mut rows: Vec<_> = self.rows.iter().map(|(_, row)| row).collect();
        rows.sort_unstable_by_key(|row| (row.id, row.attempt));
        let pages = (0..).zip(rows.chunks(PAGE));
        let pages = pages.map(|(page, rows)| page_part(page, (0..).zip(rows.iter().copied())));
        let rest = self.rest(&[])?;
        std::iter::once(Ok(rest)).chain(pages).collect()
    }

    /// The parts of the state that changed after the checkpoint of era `stored`, which is the newest that is known to be stored; 0
    /// when these columns have stored none yet. Each page of rows is a part, and all else is one. Bodies stay in the journal.
    pub fn changed_parts(
        &mut self,
        marks: &[JournalMark],
        stored: u64,
    ) -> Result<ChangedParts, CheckpointError> {
        let pages = self.rows.changed_after(stored);
        let pages = pages.map(|page| page_part(page, self.rows.page(page)));
        let parts: Result<_, _> = std::iter::once(self.rest(marks)).chain(pages).collect();
        let parts = parts?;
        let era = self.rows.end_era();
        Ok(ChangedParts { parts, era })
    }

    /// All but the rows.
    fn rest(&self, marks: &[JournalMark]) -> Result<Part, CheckpointError> {
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
        let bytes = postcard::to_extend(&writing, vec![VERSION]).map_err(CheckpointError::Encode)?;
        Ok(Part { key: REST, bytes })
    }
}

/// Rows and their places in a page.
fn page_part<'r>(
    page: usize,
    mut rows: impl Iterator<Item = (u16, &'r Row)>,
) -> Result<Part, CheckpointError> {
    let bytes = rows.try_fold(Vec::new(), |bytes, row| postcard::to_extend(&row, bytes));
    Ok(Part {
        key: key_of(page),
        bytes: bytes.map_err(CheckpointError::Encode)?,
    })
}

/// Columns that are put together from the parts of a checkpoint, in any order.
pub struct Restoring {
    columns: Columns,
    rest: Option<Box<Reading>>,
    rows: Vec<(MessageId, u8, RowRef)>,
}

impl Restoring {
    pub fn new(limits: ColumnLimits) -> Self {
        Restoring {
            columns: Columns::new(limits),
            rest: None,
            rows: Vec::new(),
        }
    }

    pub fn part(&mut self, part: &Part) -> Result<(), CheckpointError> {
        if part.key == REST {
            let (version, rest) = part.bytes.split_first().ok_or(CheckpointError::Empty)?;
            if *version != VERSION {
                return Err(CheckpointError::UnknownVersion { found: *version });
            }
            self.rest = Some(postcard::from_bytes(rest).map_err(CheckpointError::Malformed)?);
            return Ok(());
        }
        let first = (part.key - key_of(0)).checked_mul(PAGE as u64);
        let first = first.ok_or(CheckpointError::Place)?;
        let mut rows = &*part.bytes;
        while !rows.is_empty() {
            let ((place, row), behind): ((u16, Row), _) =
                postcard::take_from_bytes(rows).map_err(CheckpointError::Malformed)?;
            rows = behind;
            let index = first
                .checked_add(place.into())
                .and_then(|at| u32::try_from(at).ok());
            let index = index
                .filter(|_| usize::from(place) < PAGE)
                .ok_or(CheckpointError::Place)?;
            let (id, attempt) = (row.id, row.attempt);
            let at = self.columns.rows.restore(index, row);
            let at = at.ok_or(CheckpointError::Place)?;
            self.rows.push((id, attempt, at));
        }
        Ok(())
    }

    /// All parts were given.
    pub fn end(self) -> Result<RestoredColumns, CheckpointError> {
        let Restoring {
            mut columns,
            rest,
            mut rows,
        } = self;
        let reading = *rest.ok_or(CheckpointError::Empty)?;
        let limits = columns.limits;
        columns.last_id = reading.last_id;
        columns.last_at = reading.last_at;
        columns.plans.extend(reading.plans);
        columns.times.extend(reading.times);
        columns.rows.restored();
        // Messages to the same number stand in the order in which they came.
        rows.sort_unstable_by_key(|(id, attempt, _)| (*id, *attempt));
        for (_, _, at) in rows {
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
