use super::desk::AlarmDesk;
use crate::probe::Family;
use carillon_domain::alarm::{AlarmState, Severity};
use prometheus::proto::MetricFamily;

const STATES: [(AlarmState, &str); 4] = [
    (AlarmState::Unacknowledged, "unacknowledged"),
    (AlarmState::Acknowledged, "acknowledged"),
    (AlarmState::Returned, "returned"),
    (AlarmState::Shelved, "shelved"),
];
const SEVERITIES: [(Severity, &str); 2] = [(Severity::Critical, "critical"), (Severity::Warning, "warning")];

/// The figures of alarms.
pub fn families(desk: &AlarmDesk) -> Vec<MetricFamily> {
    let alarms = desk.open_alarms();
    let mut open = Family::gauge(
        "carillon_alarms",
        "Alarms that are not over, by severity and state.",
    );
    for (severity, severity_word) in SEVERITIES {
        for (state, state_word) in STATES {
            let of_both = alarms
                .iter()
                .filter(|alarm| alarm.severity == severity && alarm.state() == state);
            let labels = [("severity", severity_word), ("state", state_word)];
            open = open.sample(&labels, of_both.count() as f64);
        }
    }
    let families = [
        open,
        Family::counter(
            "carillon_alarms_overflowed_total",
            "Causes of alarms that were not kept because too many alarms were open.",
        )
        .sample(&[], desk.overflowed() as f64),
        Family::gauge("carillon_alarms_unstored", "Alarms that wait to be stored.")
            .sample(&[], desk.keeper.waiting_count() as f64),
        Family::counter(
            "carillon_alarms_dropped_total",
            "Alarms that were over and never stored, because the store failed for too long.",
        )
        .sample(&[], desk.keeper.dropped() as f64),
    ];
    families.into_iter().map(Family::finish).collect()
}
