//! What the rules look at: the board that screens show, and what else the service knows.

use super::sources::AlarmSources;
use crate::query::{account_name, connection_name};
use carillon_actors::lane::ClockStatus;
use carillon_actors::live::{Board, Condition, LinkBoard, ScopeBoard};
use carillon_actors::status::ConnectionState;
use carillon_domain::alarm::{ConnectionFigures, Figures};
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::ConnectionId;
use carillon_domain::time::UnixMs;
use compact_str::CompactString;
use std::time::Duration;

/// Over how long errors are counted.
const ERROR_MINUTES: u64 = 5;
const DETAIL_CHARACTERS_MAX: usize = 300;
const HOUR_S: u64 = 3600;

/// The figures of now. `is_down` tells of which connections it is known that they were down.
pub fn figures(sources: &AlarmSources, is_down: impl Fn(&str) -> bool, now: UnixMs) -> Figures {
    let catalog = sources.lane.catalog();
    let of_board = sources
        .lane
        .live()
        .read(|board| of_board(board, &catalog, is_down, now));
    let webhooks_off = sources.webhooks.off().into_iter().map(|(account, since)| {
        let hours = since.map_or(0, |since| now.saturating_since(since).as_secs() / HOUR_S);
        (account_name(&catalog, account).into(), hours)
    });
    Figures {
        history_behind: sources.lane.history_backlog() as u64,
        stores: sources.disks.stores(),
        webhooks_off: webhooks_off.collect(),
        ..of_board
    }
}

fn of_board(board: &Board, catalog: &Compiled, is_down: impl Fn(&str) -> bool, now: UnixMs) -> Figures {
    let empty = ScopeBoard::default();
    let all = board.scope(None).unwrap_or(&empty);
    let connections = board.links().filter_map(|link| {
        let name = connection_name(catalog, link.status.connection);
        // One that was never bound since the start says nothing yet, but that an alarm of it is not over.
        if is_untried(link) && !is_down(&name) {
            return None;
        }
        Some(of_link(link, name.into(), board, all, catalog, now))
    });
    let latency = all.latency();
    Figures {
        connections: connections.collect(),
        waiting: all.waiting(),
        drain_s: drain_s(all.drain(), all.waiting(), all.rate().submitted),
        latency_p99_ms: latency.map(|latency| latency.p99.as_millis() as u64),
        latency_deliveries: latency.map_or(0, |latency| latency.count),
        segments_uncertain: all.standing().uncertain,
        clock_jump_ms: match board.clock() {
            Some(ClockStatus::Held { by_ms, .. }) => by_ms,
            Some(ClockStatus::Steady) | None => 0,
        },
        ..Figures::default()
    }
}

fn of_link(
    link: &LinkBoard,
    name: CompactString,
    board: &Board,
    all: &ScopeBoard,
    catalog: &Compiled,
    now: UnixMs,
) -> ConnectionFigures {
    let status = &link.status;
    let config = catalog.snapshot().connections.get(&status.connection);
    let used = all.connection(status.connection);
    let counts = used
        .map(|used| used.last_minutes(ERROR_MINUTES, now))
        .unwrap_or_default();
    let failures = counts.refused + counts.failed;
    ConnectionFigures {
        name,
        is_off: link.condition == Condition::Off,
        is_usable: is_usable(link),
        sessions_bound: status.sessions_bound.into(),
        sessions_wanted: status.sessions_wanted.into(),
        is_throttled: link.is_throttled(),
        rate: status.written_last_second,
        rate_limit: config.map_or(0, |config| config.rate_per_second),
        outcomes: counts.delivered + failures,
        failures,
        last_error: shortened(status.last_error.as_deref().unwrap_or_default()),
        backups: backups(status.connection, board, catalog),
    }
}

/// As its tile on the screens: what is red there has an alarm.
fn is_usable(link: &LinkBoard) -> bool {
    matches!(link.condition, Condition::Ok | Condition::Degraded) && !is_untried(link)
}

fn is_untried(link: &LinkBoard) -> bool {
    link.condition == Condition::Degraded && link.status.state == ConnectionState::Connecting
}

/// Usable connections that serve what this one serves.
fn backups(id: ConnectionId, board: &Board, catalog: &Compiled) -> Vec<CompactString> {
    let groups = catalog.snapshot().route_groups.values();
    let mut others: Vec<_> = groups
        .filter(|group| group.members.iter().any(|member| member.connection == id))
        .flat_map(|group| group.members.iter().map(|member| member.connection))
        .filter(|other| *other != id && board.link(*other).is_some_and(is_usable))
        .map(|other| CompactString::from(connection_name(catalog, other)))
        .collect();
    others.sort();
    others.dedup();
    others
}

/// How long what waits needs: as fast as the queues shrink, or else as fast as it leaves. A queue that is filled again as
/// quickly as it empties is no fault.
fn drain_s(left: Option<Duration>, waiting: u64, per_second: f64) -> Option<u64> {
    if let Some(left) = left {
        return Some(left.as_millis().div_ceil(1_000) as u64);
    }
    (per_second > 0.0).then(|| (waiting as f64 / per_second).ceil() as u64)
}

fn shortened(text: &str) -> CompactString {
    text.chars().take(DETAIL_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_as_long_as_it_takes_to_leave() {
        for (left, waiting, per_second, expected) in [
            (Some(Duration::from_millis(1_001)), 9, 0.0, Some(2)),
            (Some(Duration::ZERO), 0, 0.0, Some(0)),
            (None, 1_200, 12_000.0, Some(1)),
            (None, 1_200, 0.5, Some(2_400)),
            (None, u64::MAX, 1e-300, Some(u64::MAX)),
            (None, 1_200, 0.0, None),
        ] {
            assert_eq!(
                drain_s(left, waiting, per_second),
                expected,
                "{waiting} by {per_second}"
            );
        }
    }

    #[test]
    fn what_a_carrier_says_is_not_kept_whole() {
        assert_eq!(
            shortened(&"长".repeat(5_000)).chars().count(),
            DETAIL_CHARACTERS_MAX
        );
    }
}
