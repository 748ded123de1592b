use super::ConfigError;
use super::sections::Config;
use carillon_domain::ids::MessageId;
use std::ops::RangeInclusive;
use std::path::Path;

/// The lane is a part of every message's id.
const LANES_MAX: u64 = 1 << MessageId::MAKER_BITS;

impl Config {
    /// Refuses values that would make the service useless or unbounded.
    pub fn check(&self) -> Result<(), ConfigError> {
        let Config {
            http,
            limits,
            journal,
            kafka,
            history,
            scylla,
            alarms,
            webhooks,
            upstream,
            shutdown,
            ..
        } = self;
        const MIB: u64 = 1024 * 1024;
        let checks: &[(&'static str, u64, RangeInclusive<u64>)] = &[
            ("http.workers", http.workers.into(), 0..=256),
            ("http.connections_max", http.connections_max.into(), 1..=1_000_000),
            (
                "http.connections_per_source_max",
                http.connections_per_source_max.into(),
                1..=1_000_000,
            ),
            ("http.keep_alive_s", http.keep_alive_s.into(), 1..=3600),
            ("http.header_timeout_s", http.header_timeout_s.into(), 1..=300),
            ("http.send_timeout_s", http.send_timeout_s.into(), 1..=3600),
            (
                "limits.single_bytes_max",
                limits.single_bytes_max as u64,
                1024..=MIB,
            ),
            ("limits.mail_bytes_max", limits.mail_bytes_max as u64, 1024..=MIB),
            (
                "limits.batch_bytes_max",
                limits.batch_bytes_max as u64,
                1024..=64 * MIB,
            ),
            (
                "limits.batch_lines_max",
                limits.batch_lines_max as u64,
                1..=100_000,
            ),
            ("limits.body_timeout_s", limits.body_timeout_s.into(), 1..=600),
            (
                "limits.messages_open_max",
                limits.messages_open_max,
                1_000..=50_000_000,
            ),
            (
                "limits.counted_people_max",
                limits.counted_people_max,
                1_000..=200_000_000,
            ),
            ("limits.screens_max", limits.screens_max.into(), 1..=100_000),
            (
                "limits.screens_per_source_max",
                limits.screens_per_source_max.into(),
                1..=100_000,
            ),
            ("limits.screen_timeout_s", limits.screen_timeout_s.into(), 3..=600),
            ("journal.volume_bytes", journal.volume_bytes, MIB..=4096 * MIB),
            (
                "journal.commit_interval_us",
                journal.commit_interval_us.into(),
                0..=100_000,
            ),
            (
                "journal.added_sync_us",
                journal.added_sync_us.into(),
                0..=1_000_000,
            ),
            (
                "journal.checkpoint_bytes",
                journal.checkpoint_bytes,
                MIB..=65_536 * MIB,
            ),
            (
                "journal.disk_free_bytes_min",
                journal.disk_free_bytes_min,
                // The next volume is written whole before it is used; what was accepted still needs room then.
                journal.volume_bytes.saturating_mul(2)..=u64::MAX,
            ),
            (
                "journal.feed_retention_hours",
                journal.feed_retention_hours.into(),
                1..=24 * 31,
            ),
            (
                "journal.keep_bytes_max",
                journal.keep_bytes_max,
                64 * MIB..=u64::MAX,
            ),
            (
                "journal.keep_seconds_min",
                journal.keep_seconds_min.into(),
                1..=7 * 86_400,
            ),
            ("kafka.lanes", kafka.lanes.into(), 1..=LANES_MAX),
            (
                "kafka.lane",
                kafka.lane.into(),
                0..=u64::from(kafka.lanes.max(1)) - 1,
            ),
            ("kafka.replication", kafka.replication.into(), 1..=15),
            (
                "kafka.min_in_sync",
                kafka.min_in_sync.into(),
                1..=kafka.replication.into(),
            ),
            (
                "kafka.delivery_timeout_s",
                kafka.delivery_timeout_s.into(),
                5..=600,
            ),
            ("upstream.partitions", upstream.partitions.into(), 1..=1000),
            ("upstream.replication", upstream.replication.into(), 1..=15),
            (
                "upstream.min_in_sync",
                upstream.min_in_sync.into(),
                1..=upstream.replication.into(),
            ),
            ("scylla.replication", scylla.replication.into(), 1..=15),
            ("history.keep_days", history.keep_days.into(), 1..=36_500),
            (
                "history.keep_bytes_max",
                history.keep_bytes_max,
                match history.keep_bytes_max {
                    0 => 0..=0,
                    _ => 64 * MIB..=u64::MAX,
                },
            ),
            // The wall shows yesterday.
            (
                "history.keep_minutes_days",
                history.keep_minutes_days.into(),
                2..=366,
            ),
            (
                "history.keep_hours_days",
                history.keep_hours_days.into(),
                2..=3_660,
            ),
            (
                "alarms.error_rate_warning",
                alarms.error_rate_warning.into(),
                1..=1_000,
            ),
            (
                "alarms.error_rate_critical",
                alarms.error_rate_critical.into(),
                alarms.error_rate_warning.into()..=u32::MAX.into(),
            ),
            (
                "alarms.error_rate_outcomes_min",
                alarms.error_rate_outcomes_min.into(),
                1..=1_000_000,
            ),
            (
                "alarms.backlog_warning_s",
                alarms.backlog_warning_s.into(),
                1..=u32::MAX.into(),
            ),
            (
                "alarms.backlog_critical_s",
                alarms.backlog_critical_s.into(),
                alarms.backlog_warning_s.into()..=u32::MAX.into(),
            ),
            (
                "alarms.backlog_messages_min",
                alarms.backlog_messages_min.into(),
                1..=u32::MAX.into(),
            ),
            (
                "alarms.latency_warning_ms",
                alarms.latency_warning_ms.into(),
                1..=u32::MAX.into(),
            ),
            (
                "alarms.latency_deliveries_min",
                alarms.latency_deliveries_min.into(),
                1..=1_000_000,
            ),
            ("alarms.disk_warning", alarms.disk_warning.into(), 0..=1_000),
            (
                "alarms.disk_critical",
                alarms.disk_critical.into(),
                0..=alarms.disk_warning.into(),
            ),
            (
                "alarms.uncertain_warning",
                alarms.uncertain_warning.into(),
                1..=u32::MAX.into(),
            ),
            (
                "alarms.history_behind_warning",
                alarms.history_behind_warning.into(),
                1..=u32::MAX.into(),
            ),
            (
                "webhooks.off_after_hours",
                webhooks.off_after_hours.into(),
                1..=24 * 31,
            ),
            ("shutdown.drain_s", shutdown.drain_s.into(), 0..=3600),
        ];
        if !upstream.brokers.is_empty() && upstream.accounts.is_empty() {
            let key = "upstream.accounts";
            let reason = "name the accounts that may send by the brokers of `upstream.brokers`";
            return Err(ConfigError::NotGiven { key, reason });
        }
        if !is_keyspace(&scylla.keyspace) {
            let key = "scylla.keyspace";
            let reason = "a small letter, then up to 47 small letters, digits and `_`";
            return Err(ConfigError::NoName { key, reason });
        }
        self.catalog_options(Path::new(""))?;
        match checks.iter().find(|(_, value, range)| !range.contains(value)) {
            None => Ok(()),
            Some((key, value, range)) => Err(ConfigError::OutOfRange {
                key,
                value: *value,
                min: *range.start(),
                max: *range.end(),
            }),
        }
    }
}

/// It stands in statements as it is.
fn is_keyspace(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 48
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(is_part)
}
