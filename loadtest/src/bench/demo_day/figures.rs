use crate::bench::outcome::RunError;
use crate::http::HttpClient;
use carillon_api::live::{LiveMessage, Panels};
use carillon_api::{CarrierStatisticsView, StatisticsRow, StatisticsView};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// How many messages have ended, by each state there is.
const ENDS: [&str; 7] = [
    "delivered",
    "sent",
    "failed",
    "rejected",
    "cancelled",
    "expired",
    "unknown",
];

/// What the server says: its rollups along every dimension, and what a screen shows.
pub struct Figures {
    pub by_account: Vec<StatisticsRow>,
    pub by_organisation: Vec<StatisticsRow>,
    pub by_kind: Vec<StatisticsRow>,
    pub by_connection: Vec<StatisticsRow>,
    pub by_carrier: Vec<StatisticsRow>,
    pub by_province: Vec<StatisticsRow>,
    pub by_minute: Vec<StatisticsRow>,
    /// Receipts by connection and the carrier's words.
    pub codes: BTreeMap<(String, String), i64>,
    pub screen: Panels,
}

impl Figures {
    pub async fn read(client: &mut HttpClient) -> Result<Self, RunError> {
        let carriers: CarrierStatisticsView =
            get(client, "/v1/admin/statistics/carriers?resolution=day").await?;
        let receipts = carriers
            .codes
            .into_iter()
            .filter(|row| row.measure != "segments_refused");
        let mut codes = BTreeMap::new();
        for row in receipts {
            *codes.entry((row.connection, row.code)).or_default() += row.count;
        }
        Ok(Figures {
            by_account: rows(client, "day", "account").await?,
            by_organisation: rows(client, "day", "organisation").await?,
            by_kind: rows(client, "day", "kind").await?,
            by_connection: rows(client, "day", "connection").await?,
            by_carrier: rows(client, "day", "carrier").await?,
            by_province: rows(client, "day", "province").await?,
            by_minute: rows(client, "minute", "time").await?,
            codes,
            screen: screen(client).await?,
        })
    }

    /// How many messages the rollups have, and how many of them ended.
    pub async fn progress(client: &mut HttpClient) -> Result<(i64, i64), RunError> {
        let rows = rows(client, "day", "account").await?;
        let ended = ENDS.iter().map(|state| total(&rows, state)).sum();
        Ok((total(&rows, "accepted"), ended))
    }
}

pub fn total(rows: &[StatisticsRow], measure: &str) -> i64 {
    rows.iter()
        .map(|row| row.counts.get(measure).copied().unwrap_or(0))
        .sum()
}

async fn rows(client: &mut HttpClient, resolution: &str, by: &str) -> Result<Vec<StatisticsRow>, RunError> {
    let path = format!("/v1/admin/statistics?resolution={resolution}&group_by={by}");
    let view: StatisticsView = get(client, &path).await?;
    Ok(view.rows)
}

async fn screen(client: &mut HttpClient) -> Result<Panels, RunError> {
    let path = "/v1/live/snapshot";
    match get(client, path).await? {
        LiveMessage::Snapshot { panels, .. } => Ok(*panels),
        other => Err(RunError::Status {
            path: path.to_owned(),
            status: 200,
            body: format!("{other:?}"),
        }),
    }
}

async fn get<T: DeserializeOwned>(client: &mut HttpClient, path: &str) -> Result<T, RunError> {
    let answer = client.get(path).await?;
    if answer.status != 200 {
        return Err(RunError::Status {
            path: path.to_owned(),
            status: answer.status,
            body: String::from_utf8_lossy(&answer.body).into_owned(),
        });
    }
    serde_json::from_slice(&answer.body).map_err(|source| RunError::Body {
        path: path.to_owned(),
        source,
    })
}
