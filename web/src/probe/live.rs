//! Figures that screens and metrics share. Labels are names of connections and organisations, which only the configuration
//! makes.

use super::family::Family;
use crate::live::{Closed, LiveHub};
use crate::query::connection_name;
use carillon_actors::live::ConnectionTotals;
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::TenantId;
use carillon_domain::tally::{LatencyBucket, Measure};
use prometheus::proto::MetricFamily;

/// Bounds of the time from a carrier's response to its receipt.
const RECEIPT_BOUNDS_S: [f64; 13] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 86_400.0,
];

const OF_CONNECTIONS: [(Measure, &str, &str); 5] = [
    (
        Measure::SegmentsSubmitted,
        "carillon_connection_segments_submitted_total",
        "Segments the carrier took.",
    ),
    (
        Measure::SegmentsRefused,
        "carillon_connection_segments_refused_total",
        "Segments the carrier refused, for good or for now.",
    ),
    (
        Measure::SegmentsUncertain,
        "carillon_connection_segments_uncertain_total",
        "Segments of which nobody could say whether the carrier took them.",
    ),
    (
        Measure::SegmentsDelivered,
        "carillon_connection_segments_delivered_total",
        "Segments that receipts call delivered.",
    ),
    (
        Measure::SegmentsFailed,
        "carillon_connection_segments_failed_total",
        "Segments that receipts call not delivered.",
    ),
];

const ENDS: [Measure; 7] = [
    Measure::Delivered,
    Measure::Sent,
    Measure::Failed,
    Measure::Rejected,
    Measure::Cancelled,
    Measure::Expired,
    Measure::Unknown,
];

/// What was counted since the start, by connection and by organisation, and who looks on.
pub fn live(hub: &LiveHub, catalog: &Compiled) -> Vec<MetricFamily> {
    let sources = &hub.sources;
    let mut families = sources.lane.live().read(|board| {
        let connections: Vec<_> = board
            .totals()
            .connections()
            .map(|(id, totals)| (connection_name(catalog, id), totals))
            .collect();
        let mut families: Vec<_> = OF_CONNECTIONS
            .iter()
            .map(|(measure, name, help)| {
                connections
                    .iter()
                    .fold(Family::counter(name, help), |family, (name, totals)| {
                        family.sample(&[("connection", name)], totals.count(*measure) as f64)
                    })
            })
            .collect();
        let receipts = Family::histogram(
            "carillon_connection_receipt_seconds",
            "From the carrier's response to the receipt, of deliveries.",
        );
        families.push(connections.iter().fold(receipts, receipt_times));
        let mut accepted = Family::counter(
            "carillon_organisation_messages_accepted_total",
            "Messages accepted.",
        );
        let mut ended = Family::counter(
            "carillon_organisation_messages_ended_total",
            "Messages that ended, by how.",
        );
        for (tenant, count) in board.totals().tenants() {
            let name = organisation_name(catalog, tenant);
            accepted = accepted.sample(&[("organisation", &name)], count(Measure::Accepted) as f64);
            for end in ENDS {
                let labels = [("organisation", name.as_str()), ("state", end.word())];
                ended = ended.sample(&labels, count(end) as f64);
            }
        }
        families.extend([accepted, ended]);
        families
    });
    families.extend(sockets(hub));
    families.into_iter().map(Family::finish).collect()
}

fn sockets(hub: &LiveHub) -> [Family; 4] {
    let links = &hub.links;
    let closed = Family::counter(
        "carillon_live_sockets_closed_total",
        "Screens that left, or had to, by why.",
    );
    [
        Family::gauge("carillon_live_sockets", "Screens that look on.")
            .sample(&[], hub.sources.seats.taken() as f64),
        Family::counter(
            "carillon_live_sockets_refused_total",
            "Screens that were refused because too many look on.",
        )
        .sample(&[], links.refused() as f64),
        Family::counter(
            "carillon_live_sockets_held_back_total",
            "Times a screen did not read, and was sent nothing until it did.",
        )
        .sample(&[], links.held_back() as f64),
        Closed::ALL.into_iter().fold(closed, |family, why| {
            family.sample(&[("reason", why.word())], links.closed(why) as f64)
        }),
    ]
}

fn receipt_times(family: Family, (name, totals): &(String, &ConnectionTotals)) -> Family {
    let seconds =
        |index| LatencyBucket::from_index(index).map_or(0.0, |bucket| bucket.typical().as_secs_f64());
    let buckets = || {
        totals
            .latency
            .iter()
            .enumerate()
            .map(|(index, count)| (seconds(index), *count))
    };
    let upto = RECEIPT_BOUNDS_S.map(|bound| {
        let within = buckets().filter(|(typical, _)| *typical <= bound);
        (bound, within.map(|(_, count)| count).sum())
    });
    let sum = buckets().map(|(typical, count)| typical * count as f64).sum();
    let count = totals.latency.iter().sum();
    family.distribution(&[("connection", name)], upto.into_iter(), count, sum)
}

/// One that was removed keeps its number.
fn organisation_name(catalog: &Compiled, tenant: TenantId) -> String {
    let organisation = catalog.snapshot().organisations.get(&tenant);
    organisation.map_or_else(
        || tenant.to_string(),
        |organisation| organisation.name.to_string(),
    )
}
