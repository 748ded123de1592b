//! Every figure of `/metrics` besides those of HTTP, each with its help. Labels are connections' names, which only the
//! configuration makes.

use super::family::Family;
use super::host::HostReading;
use crate::admin::state_word;
use crate::query::connection_name;
use carillon_actors::status::{ConnectionState, ConnectionStatus, Counters};
use carillon_domain::catalog::Compiled;
use carillon_storage::history::HistorySize;
use carillon_storage::journal::JournalStatus;
use prometheus::proto::MetricFamily;

/// What the lane counts, and the state of its journal.
pub fn lane(counters: &Counters, journal: &JournalStatus) -> Vec<MetricFamily> {
    let mut families: Vec<Family> = LANE_COUNTERS
        .iter()
        .map(|(name, help, value)| Family::counter(name, help).sample(&[], value(counters) as f64))
        .collect();
    let ends = Family::counter("carillon_messages_ended_total", "Messages that ended, by how.");
    families.push(FINALS.iter().fold(ends, |family, (state, value)| {
        family.sample(&[("state", state)], value(counters) as f64)
    }));
    let gauges = LANE_GAUGES.iter();
    families.extend(
        gauges.map(|(name, help, value)| Family::gauge(name, help).sample(&[], value(counters) as f64)),
    );
    families.extend([
        Family::counter("carillon_journal_frames_total", "Frames appended.")
            .sample(&[], journal.frames_total as f64),
        Family::counter("carillon_journal_bytes_total", "Bytes appended.")
            .sample(&[], journal.bytes_total as f64),
        Family::counter("carillon_journal_syncs_total", "Syncs of the disk.")
            .sample(&[], journal.syncs_total as f64),
        Family::counter("carillon_journal_sync_seconds_total", "Time spent in syncs.")
            .sample(&[], journal.sync_time_total.as_secs_f64()),
        Family::gauge("carillon_journal_sync_seconds_max", "The longest sync.")
            .sample(&[], journal.sync_time_max.as_secs_f64()),
        Family::gauge(
            "carillon_journal_backlog_bytes",
            "Bytes appended and not yet durable.",
        )
        .sample(&[], journal.backlog_bytes as f64),
        Family::gauge("carillon_journal_disk_bytes", "Bytes of all volumes on disk.")
            .sample(&[], journal.disk_bytes as f64),
        Family::gauge("carillon_journal_volumes", "Volumes on disk.").sample(&[], journal.volumes as f64),
        Family::gauge(
            "carillon_journal_bytes_since_checkpoint",
            "What a restart has to replay.",
        )
        .sample(&[], journal.bytes_since_checkpoint as f64),
    ]);
    families.into_iter().map(Family::finish).collect()
}

/// What the history holds.
pub fn history(size: &HistorySize) -> Vec<MetricFamily> {
    let mut families = vec![
        Family::gauge("carillon_history_files", "Files of stored messages.").sample(&[], size.files as f64),
        Family::gauge("carillon_history_rows", "Stored messages.").sample(&[], size.rows as f64),
        Family::gauge("carillon_history_bytes", "Bytes of all files of stored messages.")
            .sample(&[], size.bytes as f64),
        Family::counter(
            "carillon_history_removed_rows_total",
            "Messages removed because they were older than what is kept, or for want of room.",
        )
        .sample(&[("reason", "age")], size.removed_rows as f64)
        .sample(&[("reason", "room")], size.removed_for_room_rows as f64),
    ];
    if let Some(oldest) = size.oldest {
        let family = Family::gauge(
            "carillon_history_oldest_timestamp_seconds",
            "When the oldest stored message was accepted, in seconds since 1970.",
        );
        families.push(family.sample(&[], oldest.0 as f64 / 1e3));
    }
    families.into_iter().map(Family::finish).collect()
}

/// Every connection as it is now.
pub fn connections(statuses: &[ConnectionStatus], catalog: &Compiled) -> Vec<MetricFamily> {
    let mut state = Family::gauge(
        "carillon_connection_state",
        "1 for the state a connection is in, else 0.",
    );
    let mut bound = Family::gauge("carillon_connection_sessions_bound", "Sessions that are bound.");
    let mut wanted = Family::gauge(
        "carillon_connection_sessions_wanted",
        "Sessions that should be bound.",
    );
    let mut in_flight = Family::gauge(
        "carillon_connection_in_flight",
        "Segments written and not yet answered.",
    );
    let mut written = Family::gauge(
        "carillon_connection_written_last_second",
        "Segments written in the last second.",
    );
    for status in statuses {
        let name = connection_name(catalog, status.connection);
        for candidate in CONNECTION_STATES {
            let labels = [("connection", name.as_str()), ("state", state_word(*candidate))];
            state = state.sample(&labels, f64::from(status.state == *candidate));
        }
        let labels = [("connection", name.as_str())];
        bound = bound.sample(&labels, status.sessions_bound.into());
        wanted = wanted.sample(&labels, status.sessions_wanted.into());
        in_flight = in_flight.sample(&labels, status.in_flight.into());
        written = written.sample(&labels, status.written_last_second.into());
    }
    if statuses.is_empty() {
        return Vec::new();
    }
    [state, bound, wanted, in_flight, written]
        .into_iter()
        .map(Family::finish)
        .collect()
}

/// This process and its host.
pub fn process(reading: &HostReading) -> Vec<MetricFamily> {
    let mut families = vec![
        Family::counter(
            "carillon_process_cpu_seconds_total",
            "CPU time of this process, user and system.",
        )
        .sample(&[], reading.process_cpu.as_secs_f64()),
        Family::gauge(
            "carillon_process_memory_bytes",
            "Resident memory of this process.",
        )
        .sample(&[], reading.process_memory_bytes as f64),
        Family::gauge(
            "carillon_host_memory_available_bytes",
            "Memory of the host that can still be used.",
        )
        .sample(&[], reading.host_memory_available_bytes as f64),
        Family::gauge(
            "carillon_host_load_one_minute",
            "Load average of the host over one minute.",
        )
        .sample(&[], reading.host_load_one_minute),
    ];
    let known = [
        (
            "carillon_host_cpu_share",
            "Used CPU time of all cores, 0 to 1.",
            reading.cpu,
        ),
        (
            "carillon_host_memory_share",
            "Used memory, 0 to 1.",
            reading.memory,
        ),
        (
            "carillon_host_disk_share",
            "Used room on the disk of the data folder, 0 to 1.",
            reading.disk,
        ),
        (
            "carillon_host_network_receive_bytes_per_second",
            "Bytes received by the host.",
            reading.received_bytes_per_s.map(|bytes| bytes as f64),
        ),
        (
            "carillon_host_network_transmit_bytes_per_second",
            "Bytes sent by the host.",
            reading.sent_bytes_per_s.map(|bytes| bytes as f64),
        ),
    ];
    families.extend(
        known
            .into_iter()
            .filter_map(|(name, help, value)| Some(Family::gauge(name, help).sample(&[], value?))),
    );
    families.into_iter().map(Family::finish).collect()
}

type OfCounters = fn(&Counters) -> u64;

const LANE_COUNTERS: &[(&str, &str, OfCounters)] = &[
    ("carillon_messages_accepted_total", "Messages accepted.", |c| {
        c.messages_accepted.get()
    }),
    (
        "carillon_lines_refused_total",
        "Lines of batches that were refused.",
        |c| c.lines_refused.get(),
    ),
    (
        "carillon_requests_overloaded_total",
        "Requests refused because too much is open.",
        |c| c.requests_overloaded.get(),
    ),
    (
        "carillon_requests_repeated_total",
        "Requests answered again by their idempotency key.",
        |c| c.requests_repeated.get(),
    ),
    (
        "carillon_requests_conflicting_total",
        "Requests with a known idempotency key and another body.",
        |c| c.requests_conflicting.get(),
    ),
    ("carillon_segments_intended_total", "Intents journalled.", |c| {
        c.segments_intended.get()
    }),
    (
        "carillon_segments_written_total",
        "Segments written to carriers.",
        |c| c.segments_written.get(),
    ),
    (
        "carillon_segments_returned_total",
        "Intended segments of which not a byte was written.",
        |c| c.segments_returned.get(),
    ),
    (
        "carillon_segments_submitted_total",
        "Segments taken by carriers.",
        |c| c.segments_submitted.get(),
    ),
    (
        "carillon_segments_rejected_total",
        "Segments refused by carriers.",
        |c| c.segments_rejected.get(),
    ),
    (
        "carillon_segments_throttled_total",
        "Segments refused by carriers that asked to slow down.",
        |c| c.segments_throttled.get(),
    ),
    (
        "carillon_segments_uncertain_total",
        "Segments whose outcome became unknown.",
        |c| c.segments_uncertain.get(),
    ),
    (
        "carillon_carrier_answers_outdated_total",
        "Answers of carriers to a write after which the segment was written again, or its message ended.",
        |c| c.answers_outdated.get(),
    ),
    (
        "carillon_receipts_matched_total",
        "Receipts that found their segment.",
        |c| c.receipts_matched.get(),
    ),
    (
        "carillon_receipts_parked_total",
        "Receipts that came before the response.",
        |c| c.receipts_parked.get(),
    ),
    (
        "carillon_receipts_duplicate_total",
        "Receipts that came again.",
        |c| c.receipts_duplicate.get(),
    ),
    (
        "carillon_receipts_unmatched_total",
        "Receipts that found no segment.",
        |c| c.receipts_unmatched.get(),
    ),
    (
        "carillon_bounces_total",
        "Mails that came to return paths.",
        |c| c.bounces_received.get(),
    ),
    (
        "carillon_bounce_peers_refused_total",
        "Peers that were sent away because too many were there.",
        |c| c.bounces_refused.get(),
    ),
    ("carillon_replies_total", "Messages from phones.", |c| {
        c.replies.get()
    }),
    (
        "carillon_replies_unowned_total",
        "Messages from phones to a number of no account.",
        |c| c.replies_unowned.get(),
    ),
    (
        "carillon_deliveries_unreadable_total",
        "Receipts and replies that could not be read and were refused.",
        |c| c.deliveries_unreadable.get(),
    ),
    (
        "carillon_carrier_answers_ignored_total",
        "Answers of carriers to nothing.",
        |c| c.answers_ignored.get(),
    ),
    (
        "carillon_carrier_commands_ignored_total",
        "Commands of carriers that are unknown or have no place.",
        |c| c.commands_ignored.get(),
    ),
    (
        "carillon_carrier_pdus_malformed_total",
        "PDUs of carriers whose body could not be read.",
        |c| c.pdus_malformed.get(),
    ),
    (
        "carillon_finals_amended_total",
        "Ends corrected by a late receipt.",
        |c| c.finals_amended.get(),
    ),
    (
        "carillon_messages_rerouted_total",
        "Messages moved to another route group because theirs was removed.",
        |c| c.messages_rerouted.get(),
    ),
    (
        "carillon_messages_carried_total",
        "Waiting messages recorded again, because the oldest part of the journal was to go.",
        |c| c.messages_carried.get(),
    ),
    (
        "carillon_route_switches_total",
        "Members of adaptive route groups that became preferred or fell back to the reserve.",
        |c| c.route_switches.get(),
    ),
    (
        "carillon_fallbacks_not_submitted_total",
        "Attempts started because the one before was not submitted.",
        |c| c.fallbacks_not_submitted.get(),
    ),
    (
        "carillon_fallbacks_failed_total",
        "Attempts started because the one before failed.",
        |c| c.fallbacks_failed.get(),
    ),
    (
        "carillon_fallbacks_not_delivered_total",
        "Attempts started because the one before was not delivered in time.",
        |c| c.fallbacks_not_delivered.get(),
    ),
    (
        "carillon_fallbacks_not_read_total",
        "Attempts started because nobody read the message in time.",
        |c| c.fallbacks_not_read.get(),
    ),
    (
        "carillon_caps_full_total",
        "Messages refused because no more people can be counted for frequency caps.",
        |c| c.caps_full.get(),
    ),
    (
        "carillon_plans_ended_total",
        "Plans whose next attempt was refused by a check that was passed at acceptance.",
        |c| c.plans_ended.get(),
    ),
    (
        "carillon_clock_jumps_total",
        "Jumps of the wall clock, after which waits of plans were held.",
        |c| c.clock_jumps.get(),
    ),
    (
        "carillon_actor_restarts_total",
        "Actors started again after a panic.",
        |c| c.actor_restarts.get(),
    ),
];

const FINALS: &[(&str, OfCounters)] = &[
    ("delivered", |c| c.finals_delivered.get()),
    ("sent", |c| c.finals_sent.get()),
    ("failed", |c| c.finals_failed.get()),
    ("rejected", |c| c.finals_rejected.get()),
    ("cancelled", |c| c.finals_cancelled.get()),
    ("expired", |c| c.finals_expired.get()),
    ("unknown", |c| c.finals_unknown.get()),
];

const LANE_GAUGES: &[(&str, &str, OfCounters)] = &[
    ("carillon_messages_open", "Messages that have not ended.", |c| {
        c.messages_open.get()
    }),
    (
        "carillon_messages_waiting",
        "Messages that wait for a connection.",
        |c| c.messages_waiting.get(),
    ),
    (
        "carillon_checkpoint_frame",
        "Journal frame of the newest checkpoint.",
        |c| c.checkpoint_frame.get(),
    ),
    (
        "carillon_history_frame",
        "Journal frame up to which the history is complete.",
        |c| c.history_frame.get(),
    ),
];

const CONNECTION_STATES: &[ConnectionState] = &[
    ConnectionState::Off,
    ConnectionState::Draining,
    ConnectionState::Connecting,
    ConnectionState::Up,
    ConnectionState::Degraded,
    ConnectionState::BreakerOpen,
    ConnectionState::Throttled,
    ConnectionState::Down,
    ConnectionState::Failed,
];
