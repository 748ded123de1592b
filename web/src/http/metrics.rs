use super::observe::UNMATCHED;
use crate::endpoint::ENDPOINTS;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts};
use std::collections::HashMap;
use std::time::Duration;

/// Requests counted by path pattern, method and class of status; their time by path pattern.
pub struct HttpMetrics {
    requests: IntCounterVec,
    seconds: HashMap<&'static str, Histogram>,
    /// Connections that are open.
    pub open: IntGauge,
    /// Connections of sources that had too many.
    pub refused: IntCounter,
}

const BUCKETS_S: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

impl HttpMetrics {
    /// Every label value is known here, so that a peer cannot make new ones.
    pub fn new() -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new(
                "carillon_http_requests_total",
                "Requests by path pattern, method and class of status.",
            ),
            &["route", "method", "status"],
        )?;
        let mut seconds = HashMap::new();
        for route in ENDPOINTS.iter().map(|endpoint| endpoint.path).chain([UNMATCHED]) {
            let options = HistogramOpts::new(
                "carillon_http_request_seconds",
                "Time to answer, by path pattern.",
            )
            .buckets(BUCKETS_S.to_vec())
            .const_label("route", route);
            seconds.insert(route, Histogram::with_opts(options)?);
        }
        Ok(HttpMetrics {
            requests,
            seconds,
            open: IntGauge::new("carillon_http_connections", "Open connections of callers.")?,
            refused: IntCounter::new(
                "carillon_http_connections_refused_total",
                "Connections closed at once because their source had too many.",
            )?,
        })
    }

    pub fn record(&self, route: &'static str, method: &str, status: u16, elapsed: Duration) {
        let method = ["GET", "POST"]
            .into_iter()
            .find(|known| *known == method)
            .unwrap_or("other");
        let class = match status {
            ..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        self.requests.with_label_values(&[route, method, class]).inc();
        if let Some(histogram) = self.seconds.get(route) {
            histogram.observe(elapsed.as_secs_f64());
        }
    }

    pub fn families(&self) -> Vec<MetricFamily> {
        let mut families = self.requests.collect();
        families.extend(self.open.collect());
        families.extend(self.refused.collect());
        let mut histograms = self.seconds.values().flat_map(Collector::collect);
        if let Some(mut all) = histograms.next() {
            // One family with all routes: the text format allows a name to stand once.
            for mut family in histograms {
                all.mut_metric().extend(family.take_metric());
            }
            families.push(all);
        }
        families
    }
}
