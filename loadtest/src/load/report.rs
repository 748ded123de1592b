use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a load did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LoadReport {
    pub lines: u64,
    pub accepted: u64,
    pub refused: u64,
    /// Lines of requests that never got an answer.
    pub unanswered: u64,
    pub requests: u64,
    /// Requests sent again after 429, 5xx or a broken connection, with the same idempotency key.
    pub retries: u64,
    /// Refused lines by code.
    pub refusals: BTreeMap<String, u64>,
    /// Retries by reason.
    pub retry_reasons: BTreeMap<String, u64>,
    /// Requests answered with 429 or 503, and how many of these answers did not say when to come back.
    pub turned_away: u64,
    pub turned_away_without_time: u64,
    pub seconds: f64,
    pub accepted_per_s: f64,
    pub request_ms: Percentiles,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Percentiles {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
    pub count: u64,
}

/// Durations in microseconds, up to an hour, with three digits.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

const HIGHEST_US: u64 = 3_600_000_000;

impl Default for Latencies {
    fn default() -> Self {
        Latencies(Histogram::new_with_bounds(1, HIGHEST_US, 3).expect("the bounds are valid"))
    }
}

impl Latencies {
    pub fn count(&mut self, duration: Duration) {
        self.count_us(duration.as_micros() as u64);
    }

    pub fn count_us(&mut self, micros: u64) {
        self.0.saturating_record(micros);
    }

    pub fn percentiles(&self) -> Percentiles {
        let ms = |micros: u64| micros as f64 / 1_000.0;
        Percentiles {
            p50: ms(self.0.value_at_quantile(0.5)),
            p99: ms(self.0.value_at_quantile(0.99)),
            p999: ms(self.0.value_at_quantile(0.999)),
            max: ms(self.0.max()),
            count: self.0.len(),
        }
    }
}
