use super::panels::{delivery_rate, ms};
use super::scope::Scope;
use crate::admin::{protocol_word, state_word};
use crate::query::{channel_word, connection_name};
use carillon_actors::live::{Board, Condition, LinkBoard, ScopeBoard};
use carillon_api::live::{ConnectionRow, Health};
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::ConnectionId;
use carillon_domain::tally::Measure;
use carillon_domain::time::UnixMs;
use std::collections::BTreeSet;

/// Over how long deliveries are rated.
const RATED_MINUTES: u64 = 60;

/// Connections that belong to a scope.
pub enum Granted {
    All,
    /// Those that an account of the organisation may use (SEND-10).
    Some(BTreeSet<ConnectionId>),
}

impl Granted {
    pub fn of(scope: Scope, catalog: &Compiled) -> Self {
        let Some(tenant) = scope else {
            return Granted::All;
        };
        let accounts = catalog.snapshot().accounts.values();
        let own = accounts.filter(|account| account.tenant == tenant);
        Granted::Some(
            own.flat_map(|account| account.connections.iter().copied())
                .collect(),
        )
    }

    fn has(&self, id: ConnectionId) -> bool {
        match self {
            Granted::All => true,
            Granted::Some(ids) => ids.contains(&id),
        }
    }
}

/// The connections of a scope, in the order of their names.
pub fn rows(
    board: &Board,
    figures: &ScopeBoard,
    granted: &Granted,
    catalog: &Compiled,
    now: UnixMs,
) -> Vec<ConnectionRow> {
    let links = board.links().filter(|link| granted.has(link.status.connection));
    let mut rows: Vec<_> = links
        .map(|link| row(link, figures, granted, catalog, now))
        .collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    rows
}

fn row(
    link: &LinkBoard,
    figures: &ScopeBoard,
    granted: &Granted,
    catalog: &Compiled,
    now: UnixMs,
) -> ConnectionRow {
    let status = &link.status;
    let config = catalog.snapshot().connections.get(&status.connection);
    let used = figures.connection(status.connection);
    let last_hour = used
        .map(|used| used.last_minutes(RATED_MINUTES, now))
        .unwrap_or_default();
    ConnectionRow {
        name: connection_name(catalog, status.connection),
        kind: config.map_or("", |config| channel_word(config.kind())).to_owned(),
        protocol: config
            .map_or("", |config| protocol_word(config.protocol))
            .to_owned(),
        health: health(link.condition),
        state: state_word(status.state).to_owned(),
        since_ms: link.since.0,
        rate: match granted {
            Granted::All => status.written_last_second,
            // What others send by it is not told.
            Granted::Some(_) => used.map_or(0, |used| used.submitted_last_second() as u32),
        },
        rate_limit: config.map_or(0, |config| config.rate_per_second),
        delivery_rate: delivery_rate(last_hour.delivered, last_hour.failed),
        p99_ms: used
            .and_then(|used| used.latency())
            .map(|latency| ms(latency.p99)),
        sessions_bound: status.sessions_bound.into(),
        sessions_wanted: status.sessions_wanted.into(),
        in_flight: status.in_flight,
        segments_submitted: u64::try_from(figures.today_by(status.connection)[Measure::SegmentsSubmitted])
            .unwrap_or(0),
        last_error: match link.condition {
            Condition::Ok => String::new(),
            _ => status.last_error.clone().unwrap_or_default(),
        },
    }
}

fn health(condition: Condition) -> Health {
    match condition {
        Condition::Ok => Health::Ok,
        Condition::Off => Health::Off,
        Condition::Degraded => Health::Degraded,
        Condition::Failed => Health::Failed,
    }
}
