use super::figures::{ConnectionFigures, Figures, StoreFigures};
use super::limits::AlarmLimits;
use super::record::{AlarmKey, AlarmRule, Severity};
use compact_str::CompactString;

/// Something that is abnormal now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub key: AlarmKey,
    pub severity: Severity,
    pub figure: i64,
    pub limit: i64,
    pub detail: CompactString,
    pub taken_over_by: Vec<CompactString>,
}

impl Finding {
    fn new(rule: AlarmRule, object: &str, severity: Severity, figure: u64, limit: u64) -> Self {
        Finding {
            key: AlarmKey {
                rule,
                object: object.into(),
            },
            severity,
            figure: i64::try_from(figure).unwrap_or(i64::MAX),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            detail: CompactString::default(),
            taken_over_by: Vec::new(),
        }
    }
}

/// Everything that is abnormal in these figures.
pub(super) fn findings(figures: &Figures, limits: &AlarmLimits) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for connection in figures.connections.iter().filter(|connection| !connection.is_off) {
        found.extend(of_sessions(connection));
        found.extend(of_throttling(connection));
        found.extend(of_errors(connection, limits));
    }
    found.extend(figures.stores.iter().filter_map(|store| of_disk(store, limits)));
    found.extend(of_backlog(figures, limits));
    let plain = [
        (
            AlarmRule::Latency,
            latency_p99_ms(figures, limits),
            limits.latency_warning_ms,
        ),
        (
            AlarmRule::Uncertain,
            figures.segments_uncertain,
            limits.uncertain_warning,
        ),
        (
            AlarmRule::HistoryBehind,
            figures.history_behind,
            limits.history_behind_warning,
        ),
    ];
    for (rule, figure, limit) in plain {
        if figure >= u64::from(limit) {
            found.push(Finding::new(rule, "", Severity::Warning, figure, limit.into()));
        }
    }
    for (account, hours) in &figures.webhooks_off {
        found.push(Finding::new(
            AlarmRule::WebhookOff,
            account,
            Severity::Warning,
            *hours,
            0,
        ));
    }
    if figures.clock_jump_ms != 0 {
        let by = figures.clock_jump_ms;
        let mut jump = Finding::new(AlarmRule::ClockJump, "", Severity::Critical, 0, 0);
        jump.figure = by;
        found.push(jump);
    }
    found
}

fn of_sessions(connection: &ConnectionFigures) -> Option<Finding> {
    let (rule, severity) = if !connection.is_usable || connection.sessions_bound == 0 {
        (AlarmRule::ConnectionDown, Severity::Critical)
    } else if connection.sessions_bound < connection.sessions_wanted {
        (AlarmRule::ConnectionDegraded, Severity::Warning)
    } else {
        return None;
    };
    let (bound, wanted) = (connection.sessions_bound, connection.sessions_wanted);
    Some(Finding {
        detail: connection.last_error.clone(),
        taken_over_by: connection.backups.clone(),
        ..Finding::new(rule, &connection.name, severity, bound.into(), wanted.into())
    })
}

/// One that is down is not slowed down.
fn of_throttling(connection: &ConnectionFigures) -> Option<Finding> {
    if !connection.is_throttled || !connection.is_usable {
        return None;
    }
    let (rate, rate_limit) = (connection.rate.into(), connection.rate_limit.into());
    Some(Finding {
        taken_over_by: connection.backups.clone(),
        ..Finding::new(
            AlarmRule::ConnectionThrottled,
            &connection.name,
            Severity::Warning,
            rate,
            rate_limit,
        )
    })
}

/// One late receipt of a quiet night is no slow carrier.
fn latency_p99_ms(figures: &Figures, limits: &AlarmLimits) -> u64 {
    if figures.latency_deliveries < limits.latency_deliveries_min.into() {
        return 0;
    }
    figures.latency_p99_ms.unwrap_or(0)
}

fn of_errors(connection: &ConnectionFigures, limits: &AlarmLimits) -> Option<Finding> {
    if connection.outcomes < u64::from(limits.error_rate_outcomes_min.max(1)) {
        return None;
    }
    let rate = connection.failures.saturating_mul(1_000) / connection.outcomes;
    let (severity, limit) = graded(rate, limits.error_rate_warning, limits.error_rate_critical)?;
    Some(Finding {
        taken_over_by: connection.backups.clone(),
        ..Finding::new(AlarmRule::ErrorRate, &connection.name, severity, rate, limit)
    })
}

fn of_backlog(figures: &Figures, limits: &AlarmLimits) -> Option<Finding> {
    if figures.waiting < u64::from(limits.backlog_messages_min.max(1)) {
        return None;
    }
    // What does not get fewer never leaves.
    let drain_s = figures.drain_s.unwrap_or(u64::MAX);
    let (severity, limit) = graded(drain_s, limits.backlog_warning_s, limits.backlog_critical_s)?;
    Some(Finding::new(AlarmRule::Backlog, "", severity, drain_s, limit))
}

fn of_disk(store: &StoreFigures, limits: &AlarmLimits) -> Option<Finding> {
    let free = store
        .free_bytes
        .saturating_mul(1_000)
        .checked_div(store.total_bytes)?;
    let severity = if free <= u64::from(limits.disk_critical) || store.free_bytes < store.needed_bytes {
        Severity::Critical
    } else if free <= u64::from(limits.disk_warning) {
        Severity::Warning
    } else {
        return None;
    };
    let limit = match severity {
        Severity::Critical => limits.disk_critical,
        Severity::Warning => limits.disk_warning,
    };
    Some(Finding::new(
        AlarmRule::Disk,
        &store.name,
        severity,
        free,
        limit.into(),
    ))
}

/// How bad a figure is, and the limit it is over.
fn graded(figure: u64, warning: u32, critical: u32) -> Option<(Severity, u64)> {
    if figure >= u64::from(critical) {
        Some((Severity::Critical, critical.into()))
    } else if figure >= u64::from(warning) {
        Some((Severity::Warning, warning.into()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(bound: u32) -> ConnectionFigures {
        ConnectionFigures {
            name: "移动-1".into(),
            is_usable: true,
            sessions_bound: bound,
            sessions_wanted: 2,
            ..ConnectionFigures::default()
        }
    }

    fn of(connection: ConnectionFigures) -> Vec<(AlarmRule, Severity)> {
        let figures = Figures {
            connections: vec![connection],
            ..Figures::default()
        };
        rules(&figures)
    }

    fn rules(figures: &Figures) -> Vec<(AlarmRule, Severity)> {
        findings(figures, &AlarmLimits::default())
            .into_iter()
            .map(|finding| (finding.key.rule, finding.severity))
            .collect()
    }

    #[test]
    fn a_connection_is_down_degraded_or_well() {
        let down = vec![(AlarmRule::ConnectionDown, Severity::Critical)];
        assert_eq!(of(connection(2)), []);
        assert_eq!(
            of(connection(1)),
            [(AlarmRule::ConnectionDegraded, Severity::Warning)]
        );
        assert_eq!(of(connection(0)), down);
        let silent = ConnectionFigures {
            is_usable: false,
            ..connection(2)
        };
        assert_eq!(of(silent), down);
        let off = ConnectionFigures {
            is_off: true,
            ..connection(0)
        };
        assert_eq!(of(off), []);
    }

    #[test]
    fn a_connection_that_is_slowed_down_is_not_down() {
        let with = |is_usable, is_off| {
            of(ConnectionFigures {
                is_usable,
                is_off,
                is_throttled: true,
                ..connection(2)
            })
        };
        assert_eq!(
            with(true, false),
            [(AlarmRule::ConnectionThrottled, Severity::Warning)]
        );
        assert_eq!(
            with(false, false),
            [(AlarmRule::ConnectionDown, Severity::Critical)]
        );
        assert_eq!(with(true, true), []);
    }

    #[test]
    fn a_latency_needs_enough_deliveries() {
        let with = |latency_deliveries| {
            rules(&Figures {
                latency_p99_ms: Some(90_000),
                latency_deliveries,
                ..Figures::default()
            })
        };
        assert_eq!(with(49), []);
        assert_eq!(with(50), [(AlarmRule::Latency, Severity::Warning)]);
    }

    #[test]
    fn an_error_rate_needs_enough_outcomes() {
        let with = |outcomes, failures| {
            of(ConnectionFigures {
                outcomes,
                failures,
                ..connection(2)
            })
        };
        assert_eq!(with(49, 49), []);
        assert_eq!(with(100, 9), []);
        assert_eq!(with(100, 10), [(AlarmRule::ErrorRate, Severity::Warning)]);
        assert_eq!(with(100, 30), [(AlarmRule::ErrorRate, Severity::Critical)]);
        assert_eq!(with(u64::MAX, 0), []);
    }

    #[test]
    fn a_queue_that_does_not_shrink_is_worse_than_a_slow_one() {
        let with = |waiting, drain_s| {
            rules(&Figures {
                waiting,
                drain_s,
                ..Figures::default()
            })
        };
        assert_eq!(with(999, None), []);
        assert_eq!(with(1_000, Some(299)), []);
        assert_eq!(with(1_000, Some(300)), [(AlarmRule::Backlog, Severity::Warning)]);
        assert_eq!(with(1_000, None), [(AlarmRule::Backlog, Severity::Critical)]);
    }

    #[test]
    fn a_disk_is_judged_by_its_share_and_by_what_is_needed() {
        let with = |free_bytes, needed_bytes| {
            let store = StoreFigures {
                name: "journal".into(),
                free_bytes,
                total_bytes: 1_000,
                needed_bytes,
            };
            rules(&Figures {
                stores: vec![store],
                ..Figures::default()
            })
        };
        assert_eq!(with(151, 10), []);
        assert_eq!(with(150, 10), [(AlarmRule::Disk, Severity::Warning)]);
        assert_eq!(with(50, 10), [(AlarmRule::Disk, Severity::Critical)]);
        assert_eq!(with(500, 501), [(AlarmRule::Disk, Severity::Critical)]);
        let unknown = Figures {
            stores: vec![StoreFigures::default()],
            ..Figures::default()
        };
        assert_eq!(rules(&unknown), []);
    }

    #[test]
    fn figures_of_the_whole() {
        let figures = Figures {
            latency_p99_ms: Some(60_000),
            latency_deliveries: 50,
            segments_uncertain: 100,
            history_behind: 2_000_000,
            webhooks_off: vec![("his".into(), 72)],
            clock_jump_ms: -9_000,
            ..Figures::default()
        };
        assert_eq!(
            rules(&figures),
            [
                (AlarmRule::Latency, Severity::Warning),
                (AlarmRule::Uncertain, Severity::Warning),
                (AlarmRule::HistoryBehind, Severity::Warning),
                (AlarmRule::WebhookOff, Severity::Warning),
                (AlarmRule::ClockJump, Severity::Critical),
            ]
        );
        assert_eq!(rules(&Figures::default()), []);
    }
}
