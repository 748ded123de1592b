use super::rate::{EventCount, Rate};
use carillon_domain::ids::TenantId;
use carillon_domain::time::UnixMs;
use carillon_storage::history::{GroupBy, History, HistoryError, Resolution, RollupQuery, RollupRow};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

const MINUTE_MS: u64 = 60_000;
const MINUTE: Duration = Duration::from_secs(60);
const DAY_MS: u64 = 86_400_000;
/// What is asked for: a little more than what the curves show now, and what they will show until it is asked again.
const BACK_MS: u64 = 32 * MINUTE_MS;
const AHEAD_MS: u64 = 30 * MINUTE_MS;
/// What is asked for at once: a few thousand organisations in each minute are not too many rows.
const PART_MS: u64 = 8 * MINUTE_MS;

/// The same half hour of the day before, and the next one, by minute: from rollups.
#[derive(Debug, Default)]
pub struct Ghost {
    all: BTreeMap<u64, EventCount>,
    tenants: HashMap<TenantId, BTreeMap<u64, EventCount>>,
}

impl Ghost {
    /// Reads the disk.
    pub fn read(history: &dyn History, now: UnixMs) -> Result<Ghost, HistoryError> {
        let from = now.0.saturating_sub(DAY_MS + BACK_MS);
        let until = now.0.saturating_sub(DAY_MS) + AHEAD_MS;
        let mut ghost = Ghost::default();
        for from in (from / MINUTE_MS * MINUTE_MS..until).step_by(PART_MS as usize) {
            let query = RollupQuery {
                resolution: Resolution::Minute,
                from: UnixMs(from),
                until: UnixMs(until.min(from + PART_MS)),
                tenant: None,
                account: None,
                group_by: GroupBy {
                    time: true,
                    tenant: true,
                    ..GroupBy::default()
                },
            };
            ghost.take(history.rollup(&query)?);
        }
        Ok(ghost)
    }

    fn take(&mut self, rows: Vec<RollupRow>) {
        for row in rows {
            let (Some(at), Some(tenant)) = (row.at, row.tenant) else {
                continue;
            };
            let (minute, count) = (at.0 / MINUTE_MS, EventCount::of(&row.counts));
            *self.all.entry(minute).or_default() += count;
            let of_tenant = self.tenants.entry(tenant).or_default();
            *of_tenant.entry(minute).or_default() += count;
        }
    }

    /// The speed of the minute one day before `at`. A minute without anything is zero where anything is known at all.
    pub fn rate(&self, scope: Option<TenantId>, at: UnixMs) -> Option<Rate> {
        let minutes = match scope {
            None => &self.all,
            Some(tenant) => self.tenants.get(&tenant)?,
        };
        let minute = at.0.checked_sub(DAY_MS)? / MINUTE_MS;
        let count = match minutes.get(&minute) {
            Some(count) => *count,
            None => {
                minutes.range(..minute).next()?;
                minutes.range(minute..).next()?;
                EventCount::default()
            }
        };
        count.per_second(MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yesterdays_minute_is_told_where_there_was_one() {
        let now = 20_000 * DAY_MS;
        let minute = |ago: u64| (now - DAY_MS) / MINUTE_MS - ago;
        let count = |accepted| EventCount {
            accepted,
            ..EventCount::default()
        };
        let minutes = BTreeMap::from([(minute(5), count(60)), (minute(3), count(120))]);
        let ghost = Ghost {
            all: minutes.clone(),
            tenants: HashMap::from([(TenantId(1), minutes)]),
        };
        let rate = |scope, ago: u64| {
            let rate = ghost.rate(scope, UnixMs(now - ago * MINUTE_MS + 59_999));
            rate.map(|rate| rate.accepted)
        };
        for scope in [None, Some(TenantId(1))] {
            let told: Vec<_> = (2..=6).rev().map(|ago| rate(scope, ago)).collect();
            assert_eq!(told, [None, Some(1.0), Some(0.0), Some(2.0), None]);
        }
        assert_eq!(rate(Some(TenantId(2)), 3), None);
        assert_eq!(ghost.rate(None, UnixMs(1)), None);
    }
}
