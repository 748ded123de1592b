use super::span::{Span, resolution_word};
use crate::http::time::rfc3339;
use crate::http::{Failure, parameter};
use crate::query::{channel_word, connection_name};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::{CarrierStatisticsView, CodeCountView, LatencyView};
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::ConnectionId;
use carillon_domain::tally::LatencyBucket;
use carillon_storage::history::{CarrierQuery, CodeRow, LatencyRow};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    resolution: Option<String>,
    from: Option<String>,
    until: Option<String>,
    by_time: Option<bool>,
}

/// `GET /v1/admin/statistics/carriers`
pub async fn carrier_statistics(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let asked: Asked = parameter::query(&request)?;
    let span = Span::of(
        asked.resolution.as_deref(),
        asked.from.as_deref(),
        asked.until.as_deref(),
    )?;
    let query = CarrierQuery {
        resolution: span.resolution,
        from: span.from,
        until: span.until,
        by_time: asked.by_time.unwrap_or(false),
    };
    let found = state.lane.carrier_statistics(query).await?;
    let catalog = state.lane.catalog();
    Ok(HttpResponse::Ok().json(CarrierStatisticsView {
        resolution: resolution_word(span.resolution).to_owned(),
        from: rfc3339(span.from),
        until: rfc3339(span.until),
        complete_until: rfc3339(found.complete_until),
        codes: found.rows.codes.iter().map(|row| code(row, &catalog)).collect(),
        latencies: found
            .rows
            .latencies
            .iter()
            .map(|row| latency(row, &catalog))
            .collect(),
    }))
}

fn code(row: &CodeRow, catalog: &Compiled) -> CodeCountView {
    CodeCountView {
        at: row.at.map(rfc3339),
        connection: name(row.connection, catalog),
        kind: channel_word(row.kind).to_owned(),
        measure: row.measure.word().to_owned(),
        code: row.code.to_string(),
        count: row.count,
    }
}

fn latency(row: &LatencyRow, catalog: &Compiled) -> LatencyView {
    let quantile = |share| {
        let length = LatencyBucket::quantile(&row.histogram, share).unwrap_or_default();
        length.as_millis() as u64
    };
    LatencyView {
        at: row.at.map(rfc3339),
        connection: name(row.connection, catalog),
        kind: channel_word(row.kind).to_owned(),
        count: row.histogram.iter().sum(),
        p50_ms: quantile(0.5),
        p90_ms: quantile(0.9),
        p99_ms: quantile(0.99),
    }
}

fn name(connection: Option<ConnectionId>, catalog: &Compiled) -> String {
    connection.map_or_else(String::new, |id| connection_name(catalog, id))
}
