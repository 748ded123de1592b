use crate::probe::Family;
use carillon_actors::status::Counter;
use prometheus::proto::MetricFamily;

/// What became of requests from Kafka, and of events for it.
#[derive(Debug, Default)]
pub struct UpstreamFigures {
    /// Requests that are over, taken or refused.
    pub taken: Counter,
    /// Put into the topic of those that cannot be taken; lines of batches count each.
    pub refused: Counter,
    /// Times that requests had to wait, because the service took nothing more.
    pub held_up: Counter,
    pub told: Counter,
    /// Times that events were no longer kept when they could be told.
    pub gaps: Counter,
    /// Times that taking or telling began anew.
    pub failures: Counter,
}

/// For `/metrics`.
pub fn families(figures: &UpstreamFigures) -> Vec<MetricFamily> {
    let counters = [
        (
            "carillon_upstream_requests_total",
            "Requests from Kafka that were taken or refused.",
            &figures.taken,
        ),
        (
            "carillon_upstream_refused_total",
            "Requests from Kafka that were refused; lines of batches count each.",
            &figures.refused,
        ),
        (
            "carillon_upstream_held_up_total",
            "Times that requests from Kafka had to wait, because the service took nothing more.",
            &figures.held_up,
        ),
        (
            "carillon_upstream_events_total",
            "Receipts and replies that were told by Kafka.",
            &figures.told,
        ),
        (
            "carillon_upstream_gaps_total",
            "Times that events were no longer kept when Kafka could be told.",
            &figures.gaps,
        ),
        (
            "carillon_upstream_failures_total",
            "Times that taking requests from Kafka, or telling it of events, failed and began anew.",
            &figures.failures,
        ),
    ];
    let family = |(name, help, counter): (&str, &str, &Counter)| {
        Family::counter(name, help)
            .sample(&[], counter.get() as f64)
            .finish()
    };
    counters.map(family).into()
}
