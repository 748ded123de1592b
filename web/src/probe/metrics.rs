use super::figures::{connections, history, lane, process};
use super::live::live;
use crate::http::{Failure, HttpMetrics};
use crate::state::AppState;
use actix_web::{HttpResponse, web};
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, TextEncoder};

/// `GET /metrics`
pub async fn metrics(
    state: web::Data<AppState>,
    http: web::Data<HttpMetrics>,
) -> Result<HttpResponse, Failure> {
    let statuses = state.lane.connections();
    let mut families = lane(state.lane.counters(), &state.lane.journal_status());
    families.extend(history(&state.lane.history_size()));
    families.extend(connections(&statuses, &state.lane.catalog()));
    families.extend(live(&state.live, &state.lane.catalog()));
    families.extend(crate::webhook::families(&state.webhooks, &state.lane.catalog()));
    families.extend(crate::alarm::families(&state.alarms));
    families.extend(crate::upstream::families(&state.upstream));
    if let Some(reading) = state.live.sources.hosts.reading() {
        families.extend(process(&reading));
    }
    families.extend(http.families());
    exposition(families)
}

/// Figures as Prometheus reads them.
pub fn exposition(mut families: Vec<MetricFamily>) -> Result<HttpResponse, Failure> {
    // One that has counted nothing yet is none; the encoder refuses it.
    families.retain(|family| !family.get_metric().is_empty());
    let mut text = Vec::new();
    TextEncoder::new()
        .encode(&families, &mut text)
        .map_err(|error| Failure::internal(&error))?;
    Ok(HttpResponse::Ok()
        .content_type(prometheus::TEXT_FORMAT)
        .body(text))
}
