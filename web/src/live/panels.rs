//! The panels of one scope, from the board and the other sources.

use super::connections::{Granted, rows};
use super::scope::Scope;
use super::sources::Sources;
use crate::query::channel_word;
use carillon_actors::live::{Board, CurvePoint, Percentiles, Rate, RunningCampaign, ScopeBoard};
use carillon_api::live::{
    AccountsPanel, AlarmState, AlarmsPanel, BacklogPanel, CampaignRow, CampaignsPanel, ConnectionRow,
    ConnectionsPanel, Health, KindRow, LatencyPanel, LatencyPoint, OverviewPanel, Panel, Panels, ProvinceRow,
    ProvincesPanel, RatePoint, Rates, RatesPanel, Severity, TotalsPanel,
};
use carillon_domain::catalog::Compiled;
use carillon_domain::tally::{Counts, Measure};
use carillon_domain::time::UnixMs;
use std::time::Duration;

/// Everything a screen shows of one scope.
pub fn panels(sources: &Sources, scope: Scope, catalog: &Compiled, now: UnixMs) -> Panels {
    let mut panels = sources.lane.live().read(|board| of_board(board, scope, catalog));
    panels.alarms = sources.alarms.panel(scope);
    panels.hosts = sources.hosts.panel();
    panels.accounts = Panel {
        at_ms: now.0,
        data: accounts(sources, scope, catalog),
    };
    panels.overview = Panel {
        at_ms: panels.connections.at_ms,
        data: overview(&panels.connections.data.connections, &panels.alarms.data),
    };
    panels
}

fn of_board(board: &Board, scope: Scope, catalog: &Compiled) -> Panels {
    let at = board.looked_at().unwrap_or_default();
    let empty = ScopeBoard::default();
    let figures = board.scope(scope).unwrap_or(&empty);
    fn panel<T>(at: UnixMs, data: T) -> Panel<T> {
        Panel { at_ms: at.0, data }
    }
    Panels {
        rates: panel(at, rates(figures, board.yesterday(scope, at))),
        backlog: panel(at, backlog(figures)),
        totals: panel(at, totals(figures)),
        provinces: panel(at, provinces(figures)),
        connections: panel(
            at,
            ConnectionsPanel {
                connections: rows(board, figures, &Granted::of(scope, catalog), catalog, at),
                removed: Vec::new(),
            },
        ),
        latency: panel(at, latency(figures, at)),
        campaigns: panel(at, campaigns(board.running(), scope, catalog)),
        ..Panels::default()
    }
}

/// A share that is read by people: two digits behind the point.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn count(counts: &Counts, measure: Measure) -> u64 {
    u64::try_from(counts[measure]).unwrap_or(0)
}

/// Delivered of those of which receipts tell, in per cent.
pub fn delivery_rate(delivered: u64, failed: u64) -> Option<f64> {
    let known = delivered + failed;
    (known > 0).then(|| rounded(delivered as f64 * 100.0 / known as f64))
}

fn delivery_rate_of(counts: &Counts) -> Option<f64> {
    delivery_rate(
        count(counts, Measure::SegmentsDelivered),
        count(counts, Measure::SegmentsFailed),
    )
}

fn rate(rate: Rate) -> Rates {
    Rates {
        accepted: rounded(rate.accepted),
        submitted: rounded(rate.submitted),
        receipts: rounded(rate.receipts),
    }
}

fn rates(figures: &ScopeBoard, yesterday: Option<Rate>) -> RatesPanel {
    let point = |point: &CurvePoint| RatePoint {
        at_ms: point.at.0,
        now: point.rate.map(rate),
        yesterday: point.yesterday.map(rate),
    };
    RatesPanel {
        now: rate(figures.rate()),
        yesterday: yesterday.map(rate),
        points: figures.curve().map(point).collect(),
    }
}

fn backlog(figures: &ScopeBoard) -> BacklogPanel {
    let standing = figures.standing();
    BacklogPanel {
        waiting: figures.waiting(),
        open: standing.open,
        drain_s: figures
            .drain()
            .map(|left| left.as_millis().div_ceil(1_000) as u64),
        uncertain: standing.uncertain,
    }
}

fn totals(figures: &ScopeBoard) -> TotalsPanel {
    let today = figures.today();
    let mut kinds: Vec<_> = figures
        .kinds()
        .map(|(kind, counts)| KindRow {
            kind: channel_word(kind).to_owned(),
            accepted: count(counts, Measure::Accepted),
            segments_submitted: count(counts, Measure::SegmentsSubmitted),
            segments_delivered: count(counts, Measure::SegmentsDelivered),
            segments_failed: count(counts, Measure::SegmentsFailed),
            delivery_rate: delivery_rate_of(counts),
        })
        .collect();
    kinds.sort_by(|a, b| b.accepted.cmp(&a.accepted).then_with(|| a.kind.cmp(&b.kind)));
    TotalsPanel {
        accepted: count(today, Measure::Accepted),
        delivered: count(today, Measure::Delivered),
        failed: count(today, Measure::Failed),
        segments_submitted: count(today, Measure::SegmentsSubmitted),
        segments_delivered: count(today, Measure::SegmentsDelivered),
        segments_failed: count(today, Measure::SegmentsFailed),
        delivery_rate: delivery_rate_of(today),
        kinds,
    }
}

fn provinces(figures: &ScopeBoard) -> ProvincesPanel {
    let mut provinces: Vec<_> = figures
        .provinces()
        .map(|(province, counts)| ProvinceRow {
            province: province.name().to_owned(),
            accepted: count(counts, Measure::Accepted),
            segments_delivered: count(counts, Measure::SegmentsDelivered),
            segments_failed: count(counts, Measure::SegmentsFailed),
            delivery_rate: delivery_rate_of(counts),
        })
        .collect();
    provinces.sort_by(|a, b| {
        let most_first = b.accepted.cmp(&a.accepted);
        most_first.then_with(|| a.province.cmp(&b.province))
    });
    ProvincesPanel { provinces }
}

fn latency(figures: &ScopeBoard, at: UnixMs) -> LatencyPanel {
    let point = |at: UnixMs, percentiles: Option<Percentiles>| LatencyPoint {
        at_ms: at.0,
        p50_ms: percentiles.map(|p| ms(p.p50)),
        p95_ms: percentiles.map(|p| ms(p.p95)),
        p99_ms: percentiles.map(|p| ms(p.p99)),
    };
    let points = figures.curve().map(|known| point(known.at, known.latency));
    LatencyPanel {
        now: point(at, figures.latency()),
        points: points.collect(),
    }
}

pub fn ms(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

fn campaigns(running: &[RunningCampaign], scope: Scope, catalog: &Compiled) -> CampaignsPanel {
    let organisations = &catalog.snapshot().organisations;
    let of_scope = running
        .iter()
        .filter(|campaign| scope.is_none_or(|tenant| campaign.tenant == tenant));
    let campaigns = of_scope.map(|campaign| CampaignRow {
        id: campaign.id.to_string(),
        name: campaign.name.to_string(),
        organisation: organisations
            .get(&campaign.tenant)
            .map(|organisation| organisation.name.to_string())
            .unwrap_or_default(),
        state: campaign.state.word().to_owned(),
        total: campaign.lines.into(),
        written: campaign.tally.written.into(),
        delivered: campaign.tally.delivered.into(),
        failed: campaign.tally.failed.into(),
        rate: rounded(campaign.ended_per_second.unwrap_or(0.0)),
        ends_at_ms: campaign.expected_end.map(|end| end.0),
    });
    CampaignsPanel {
        campaigns: campaigns.collect(),
    }
}

fn accounts(sources: &Sources, scope: Scope, catalog: &Compiled) -> AccountsPanel {
    let accounts = catalog.snapshot().accounts.values();
    let enabled =
        accounts.filter(|account| account.enabled && scope.is_none_or(|tenant| account.tenant == tenant));
    let (mut all, mut active) = (0, 0);
    for account in enabled {
        all += 1;
        active += u32::from(sources.activity.is_active(account.id));
    }
    // Who else looks on concerns only those who see everything.
    let (operators, walls) = match scope {
        None => (sources.logins.operators(), sources.seats.taken() as u32),
        Some(_) => (0, 0),
    };
    AccountsPanel {
        enabled: all,
        active,
        protocols: vec![("rest".to_owned(), active)],
        operators,
        walls,
    }
}

/// Failed: nothing that is wanted works, or a critical alarm stands. Degraded: something does not, or a warning stands.
fn overview(connections: &[ConnectionRow], alarms: &AlarmsPanel) -> OverviewPanel {
    let standing = || {
        let alarms = alarms.alarms.iter();
        alarms.filter(|alarm| matches!(alarm.state, AlarmState::Unacknowledged | AlarmState::Acknowledged))
    };
    let count = |severity| {
        let alarms = standing().filter(|alarm| alarm.severity == severity);
        alarms.count() as u32
    };
    let (critical, warning) = (count(Severity::Critical), count(Severity::Warning));
    let wanted = || connections.iter().filter(|row| row.health != Health::Off);
    let bad = || wanted().filter(|row| row.health != Health::Ok);
    let is_none = wanted().next().is_none();
    let health = if critical > 0 || !is_none && wanted().all(|row| row.health == Health::Failed) {
        Health::Failed
    } else if warning > 0 || bad().next().is_some() {
        Health::Degraded
    } else if is_none {
        Health::None
    } else {
        Health::Ok
    };
    // Since the first thing went wrong; when nothing is, since the last one came right.
    let since_ms = match health {
        Health::Degraded | Health::Failed => {
            let alarms = standing().map(|alarm| alarm.since_ms);
            bad().map(|row| row.since_ms).chain(alarms).min()
        }
        Health::Ok | Health::None | Health::Off => connections.iter().map(|row| row.since_ms).max(),
    };
    OverviewPanel {
        health,
        since_ms: since_ms.unwrap_or(0),
        critical,
        warning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_is_as_good_as_what_is_wanted_of_it() {
        use Health::{Degraded, Failed, None, Off, Ok};
        for (healths, expected, since) in [
            (&[][..], None, 0),
            (&[Off], None, 1),
            (&[Ok], Ok, 1),
            (&[Ok, Ok, Off], Ok, 3),
            (&[Ok, Degraded, Failed], Degraded, 2),
            (&[Ok, Failed], Degraded, 2),
            (&[Degraded, Failed], Degraded, 1),
            (&[Failed, Failed, Off], Failed, 1),
        ] {
            let rows: Vec<_> = (1..)
                .zip(healths)
                .map(|(since_ms, health)| ConnectionRow {
                    health: *health,
                    since_ms,
                    ..ConnectionRow::default()
                })
                .collect();
            let overview = overview(&rows, &AlarmsPanel::default());
            assert_eq!(
                (overview.health, overview.since_ms),
                (expected, since),
                "{healths:?}"
            );
        }
    }

    #[test]
    fn nothing_known_is_no_rate() {
        assert_eq!(delivery_rate(0, 0), Option::None);
        assert_eq!(delivery_rate(0, 3), Some(0.0));
        assert_eq!(delivery_rate(2, 1), Some(66.67));
    }
}
