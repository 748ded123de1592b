//! What screens tell of today is the same after every kind of restart: the real history and journal, checkpoints included
//! (MON-1, STAT-1).

use super::alarms::{catalog, panels};
use super::cmpp::{Carrier, well_behaved};
use super::served::{Served, answer, key, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const FIRST: u64 = 40;
const MORE: u64 = 15;
/// As long as the test may take.
const RUN_S: u64 = 60;
const DAY_S: u64 = 24 * 3600;

#[actix_web::test]
async fn figures_of_today_are_exact_after_every_kind_of_restart() {
    within_one_day().await;
    let carrier = Carrier::listen();
    let ports = [("main", carrier.port())];
    let _seen = well_behaved(carrier);
    let mut served = Served::start(&catalog(&ports)).await;
    let line_is_up = async |served: &Served| {
        until("the line is up", async || {
            served.connection("main").await["state"] == "up"
        })
        .await;
    };
    line_is_up(&served).await;

    // One that stays open all the time, and is counted when it was accepted.
    let later = json!({"to": "13800000001", "text": "您好", "send_at": in_an_hour()});
    let (status, answered) = answer(served.post("his", "/v1/messages", later.to_string())).await;
    assert_eq!(status, 202, "{answered}");
    send(&served, FIRST).await;
    let told = today(&served, FIRST).await;
    assert_eq!(told["totals"]["accepted"], FIRST + 1);
    assert_eq!(told["connections"], json!([["main", FIRST]]));
    until("they are stored", async || {
        served.figure("carillon_history_rows").await == FIRST
    })
    .await;

    // In order: what ended lies before the checkpoint, and in the history only.
    let bytes = "carillon_journal_bytes_since_checkpoint";
    let before = served.figure(bytes).await;
    served.stop_in_order().await;
    served.crash_and_start();
    // The first request of all after a start, at which nothing is counted by path yet.
    let after = served.figure(bytes).await;
    assert!(
        after < before,
        "no checkpoint: {after} of {before} bytes to replay"
    );
    assert_eq!(today(&served, FIRST).await, told);

    // Some after the checkpoint, stored or not when the process is killed, and again with nothing new.
    line_is_up(&served).await;
    send(&served, MORE).await;
    let told = today(&served, FIRST + MORE).await;
    assert_eq!(told["totals"]["accepted"], FIRST + MORE + 1);
    for _ in 0..2 {
        served.crash_and_start();
        assert_eq!(today(&served, FIRST + MORE).await, told);
    }
    until("all are stored, some perhaps twice", async || {
        served.figure("carillon_history_rows").await >= FIRST + MORE
    })
    .await;
    served.stop_in_order().await;
    served.crash_and_start();
    assert_eq!(today(&served, FIRST + MORE).await, told);

    // And the same as the history says.
    let path = "/v1/admin/statistics?resolution=day&measures=delivered,segments_submitted,segments_delivered";
    let (_, figures) = answer(served.operator(Method::GET, path)).await;
    let all = FIRST + MORE;
    assert_eq!(
        figures["rows"][0]["counts"],
        json!({"delivered": all, "segments_submitted": all, "segments_delivered": all}),
        "{figures}"
    );
}

async fn send(served: &Served, count: u64) {
    let lines: Vec<_> = (1..=count)
        .map(|number| json!({"to": format!("138{number:08}"), "text": "您好"}))
        .collect();
    let body = serde_json::to_vec(&lines).unwrap();
    let request = served
        .request(Method::POST, "/v1/messages/batch")
        .bearer_auth(key("his"))
        .header("Content-Type", "application/json")
        .body(body);
    let (status, answered) = answer(request).await;
    assert_eq!(status, 202, "{answered}");
}

/// What counts since midnight, once so many are delivered.
async fn today(served: &Served, delivered: u64) -> Value {
    let mut told = Value::Null;
    until("screens tell that all are delivered", async || {
        let panels = panels(served, "").await;
        let rows = panels["connections"]["data"]["connections"].as_array().unwrap();
        let connections: Vec<_> = rows
            .iter()
            .map(|row| json!([row["name"], row["segments_submitted"]]))
            .collect();
        told = json!({
            "totals": panels["totals"]["data"],
            "provinces": panels["provinces"]["data"],
            "connections": connections,
        });
        let totals = &told["totals"];
        let count = totals["delivered"].as_u64().unwrap();
        assert!(count <= delivered, "{told}");
        count == delivered && totals["segments_delivered"] == delivered
    })
    .await;
    told
}

fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs()
}

/// Figures of a day end with it (UTC+8): the run does not begin right before.
async fn within_one_day() {
    let left = DAY_S - (now_s() + 8 * 3600) % DAY_S;
    if left < RUN_S {
        tokio::time::sleep(Duration::from_secs(left + 1)).await;
    }
}

/// RFC 3339.
fn in_an_hour() -> String {
    let at = i64::try_from(now_s() + 3600).unwrap();
    jiff::Timestamp::from_second(at).unwrap().to_string()
}
