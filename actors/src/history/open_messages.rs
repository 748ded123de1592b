use super::newest::Newest;
use crate::columns::{Columns, Row};
use crate::handle::{LaneHandle, QueryError};
use crate::lane::LaneCore;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::{Journey, MessageState};
use carillon_domain::plan::ChannelKind;
use carillon_domain::time::Now;
use carillon_storage::history::SearchQuery;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How long the lane looks through its open messages before it goes on with its work …
const SLICE: Duration = Duration::from_micros(500);
/// … and how long it is left alone then, so that a search takes at most a fifth of its time.
const PAUSE: Duration = Duration::from_millis(2);
/// How often the clock is looked at.
const ROWS_PER_LOOK: usize = 256;
/// Messages to one number that are followed in one go.
const CHAIN_MAX: usize = 2_000;
/// How long a search waits for others before it gives up.
const TURN_MAX: Duration = Duration::from_secs(5);

impl LaneHandle {
    /// Open messages that fit, newest first. Those of a number are chained; for everything else all open messages are looked
    /// through in slices, one search at a time: there is no index that every message would have to pay for.
    pub(super) async fn open_messages(&self, query: &SearchQuery) -> Result<Vec<Journey>, QueryError> {
        if query.limit == 0 || !asks_for_open(query) {
            return Ok(Vec::new());
        }
        if query.phone.is_some() {
            let asked = query.clone();
            if let Some(found) = self
                .ask(move |lane| {
                    let now = lane.now();
                    lane.read(|core| to_phone(core, &asked, now))
                })
                .await?
            {
                return Ok(found);
            }
        }
        let fitting = Fitting {
            found: Newest::new(query.limit),
            query: query.clone(),
        };
        let Fitting { found, query } = self.look_through_open(fitting).await?;
        let read = move |core: &LaneCore, now| {
            let ids = found.into_values();
            let rows = ids.filter_map(|id: MessageId| core.columns().find(id));
            let journeys = rows.map(|(_, row)| core.journey(row, now));
            // One that has ended or moved on meanwhile is found among those that ended.
            journeys.filter(|journey| query.fits(journey)).collect()
        };
        self.ask(move |lane| {
            let now = lane.now();
            lane.read(|core| read(core, now))
        })
        .await
    }

    /// Looks at all open messages, a slice at a time.
    async fn look_through_open(&self, fitting: Fitting) -> Result<Fitting, QueryError> {
        let _turn = tokio::time::timeout(TURN_MAX, self.inner.open_searches.acquire())
            .await
            .map_err(|_| QueryError::Busy)?
            .map_err(|_| QueryError::Stopping)?;
        let mut slices = Slices {
            fitting,
            next: 0,
            end: None,
        };
        loop {
            let (looked, is_last) = self
                .ask(move |lane| {
                    lane.read(|core| {
                        let is_last = slices.look(core.columns(), Instant::now() + SLICE);
                        (slices, is_last)
                    })
                })
                .await?;
            slices = looked;
            if is_last {
                return Ok(slices.fitting);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn asks_for_open(query: &SearchQuery) -> bool {
    query.fits_state(MessageState::Accepted) || query.fits_state(MessageState::Active)
}

/// Messages to the number asked for; `None` when they are too many to follow them in one go.
fn to_phone(core: &LaneCore, query: &SearchQuery, now: Now) -> Option<Vec<Journey>> {
    let columns = core.columns();
    let mut found = Newest::new(query.limit);
    for (followed, row) in columns.to_phone(query.phone?).enumerate() {
        if followed == CHAIN_MAX {
            return None;
        }
        if fits(columns, query, row) {
            found.offer(row.id, row);
        }
    }
    Some(found.into_values().map(|row| core.journey(row, now)).collect())
}

/// What fits, as far as it is known.
struct Fitting {
    query: SearchQuery,
    found: Newest<MessageId>,
}

/// A way through all rows, as far as it has come.
struct Slices {
    fitting: Fitting,
    next: usize,
    /// Where rows ended when the search began: who came later came after it.
    end: Option<usize>,
}

impl Slices {
    /// Goes on until the time is over; true when that were the last ones.
    fn look(&mut self, columns: &Columns, until: Instant) -> bool {
        let end = *self.end.get_or_insert(columns.places());
        while self.next < end {
            let range = self.next..(self.next + ROWS_PER_LOOK).min(end);
            self.next = range.end;
            self.look_at(columns, range);
            if Instant::now() >= until {
                break;
            }
        }
        self.next >= end
    }

    fn look_at(&mut self, columns: &Columns, places: Range<usize>) {
        for row in columns.first_attempts(places) {
            let Fitting { query, found } = &mut self.fitting;
            if found.wants(row.id) && fits(columns, query, row) {
                found.offer(row.id, row.id);
            }
        }
    }
}

/// Whether an open message fits, by the row of its first attempt.
fn fits(columns: &Columns, query: &SearchQuery, row: &Row) -> bool {
    query.tenant.is_none_or(|tenant| row.tenant == tenant)
        && query.account.is_none_or(|account| row.account == account)
        && query
            .campaign
            .is_none_or(|campaign| row.campaign == Some(campaign))
        && query.phone.is_none_or(|phone| row.to == Some(phone))
        && query.ids().is_some_and(|ids| ids.contains(&row.id))
        && query.fits_state(columns.state_of(row))
        // What stands in the packed body may have to be read.
        && (query.mail.is_none()
            || (row.kind == ChannelKind::Mail || row.in_plan) && query.fits(&columns.journey(row)))
}
