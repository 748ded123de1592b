use super::ghost::Ghost;
use crate::columns::Tally;
use carillon_domain::quota::day_utc8;
use carillon_domain::tally::Dimensions;
use carillon_domain::time::UnixMs;
use carillon_storage::history::{GroupBy, History, HistoryError, Resolution, RollupQuery, RollupRow};
use std::time::Duration;

/// What stands on the board before anything happens: today, so far.
pub(crate) struct LiveStart {
    /// Of messages that have ended and are stored.
    pub stored: Vec<RollupRow>,
    /// The same of the day on which the lane ended, when that is another one: the clock may not have been set right yet.
    pub left: Option<(u32, Vec<RollupRow>)>,
    /// Of all others.
    pub rest: Tally,
    pub ghost: Ghost,
    pub now: UnixMs,
}

impl LiveStart {
    /// `rest` is what the history had not stored when it was last asked; nothing may have been stored since. The lane `ended`
    /// before. Reads the disk.
    pub fn read(history: &dyn History, rest: Tally, ended: UnixMs, now: UnixMs) -> LiveStart {
        let of_day = |at: UnixMs| RollupQuery {
            resolution: Resolution::Day,
            from: at,
            until: at + Duration::from_millis(1),
            tenant: None,
            account: None,
            group_by: GroupBy {
                tenant: true,
                kind: true,
                connection: true,
                province: true,
                ..GroupBy::default()
            },
        };
        let ended_on = Some(day_utc8(ended)).filter(|day| *day != day_utc8(now));
        LiveStart {
            stored: known(history.rollup(&of_day(now))),
            left: ended_on.map(|day| (day, known(history.rollup(&of_day(ended))))),
            rest,
            ghost: known(Ghost::read(history, now)),
            now,
        }
    }

    pub fn day(&self) -> u32 {
        day_utc8(self.now)
    }
}

/// The messages come first: without figures of the past the lane starts all the same.
fn known<T: Default>(figures: Result<T, HistoryError>) -> T {
    figures.unwrap_or_else(|error| {
        tracing::error!(%error, "today's figures so far cannot be read; screens count from now on");
        T::default()
    })
}

/// What a row is counted by on the board, which tells neither accounts nor carriers apart.
pub(super) fn dimensions_of(row: &RollupRow) -> Option<Dimensions> {
    Some(Dimensions {
        tenant: row.tenant?,
        account: Default::default(),
        kind: row.kind?,
        connection: row.connection?,
        carrier: carillon_domain::catalog::Carrier::Unknown,
        province: row.province?,
    })
}
