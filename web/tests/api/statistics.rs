use super::harness::{Harness, answer, apply, problem};
use carillon_domain::catalog::Snapshot;
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, ConnectionId};
use carillon_domain::journey::{Journey, MessageState, StepKind};
use carillon_embedded::history::{EmbeddedHistory, HistoryOptions};
use carillon_storage::conformance::Random;
use carillon_storage::conformance::history::{journey, phone, ranges};
use carillon_storage::history::{Batch, History};
use carillon_storage::journal::FrameSeq;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

const HOUR_MS: u64 = 3_600_000;
const PATH: &str = "/v1/admin/statistics";

/// The beginning of the last hour but one.
fn hour_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    now / HOUR_MS * HOUR_MS - HOUR_MS
}

/// A service with `count` delivered messages of the account `his` in the hour, and as many of `lis` in the hour before.
async fn with_messages(count: u64, hour: u64) -> Harness {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = apply(&folder).await;
    let account = |name: &str| {
        let mut accounts = snapshot.accounts.values();
        accounts.find(|account| account.name == name).unwrap().id
    };
    let mut random = Random::new(1);
    let mut journeys = Vec::new();
    for number in 0..count {
        for (account, at) in [(account("his"), hour), (account("lis"), hour - HOUR_MS)] {
            let id = (at << 22) + number;
            journeys.push(delivered(id, number, account, &snapshot, &mut random));
        }
    }
    let options = HistoryOptions {
        ranges: Arc::new(ranges()),
        ..HistoryOptions::default()
    };
    let history = EmbeddedHistory::open(&folder.path().join("history"), options).unwrap();
    history.store(Batch::of(&journeys, &[]), FrameSeq::ZERO).unwrap();
    drop(history);
    Harness::on(folder, |_| {}).await
}

fn delivered(id: u64, number: u64, account: AccountId, snapshot: &Snapshot, random: &mut Random) -> Journey {
    let connection: ConnectionId = *snapshot.connections.keys().next().unwrap();
    let mut journey = journey(id, phone(number), 0, random);
    journey.tenant = snapshot.accounts[&account].tenant;
    journey.account = account;
    journey.state = MessageState::Final(FinalState::Delivered);
    let segment = &mut journey.attempts[0].segments[0];
    segment.connection = Some(connection);
    segment
        .steps
        .retain(|step| matches!(step.what, StepKind::Receipt { .. }));
    journey
}

fn time(ms: u64) -> String {
    carillon::http::time::rfc3339(carillon_domain::time::UnixMs(ms)).replace('+', "%2B")
}

#[actix_web::test]
async fn figures_are_added_up_and_told_by_name() {
    let hour = hour_ms();
    let harness = with_messages(5, hour).await;
    let get = |query: String| answer(harness.operator(Method::GET, &format!("{PATH}?{query}")));
    let span = format!("from={}&until={}", time(hour - HOUR_MS), time(hour + HOUR_MS));
    let measures = "measures=delivered,accepted,segments_delivered";

    let (status, all) = get(format!("{span}&{measures}")).await;
    assert_eq!(status, 200, "{all}");
    let counts = json!({"accepted": 10, "delivered": 10, "segments_delivered": 10});
    assert_eq!(all["rows"], json!([{ "counts": counts }]));
    assert_eq!(all["resolution"], "hour");
    assert!(all["complete_until"].as_str().unwrap() > all["until"].as_str().unwrap());

    let (_, by_account) = get(format!("{span}&group_by=time,account&measures=accepted")).await;
    let rows: Vec<_> = by_account["rows"].as_array().unwrap().iter().collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["account"], &rows[1]["account"]),
        (&json!("lis"), &json!("his"))
    );
    assert!(rows[0]["at"].as_str() < rows[1]["at"].as_str());
    assert_eq!(rows[0]["counts"], json!({"accepted": 5}));

    let (_, of_his) = get(format!(
        "{span}&account=his&group_by=organisation&measures=accepted"
    ))
    .await;
    assert_eq!(
        of_his["rows"],
        json!([{"organisation": "hospital", "counts": {"accepted": 5}}])
    );
    let (_, none) = get(format!("{span}&organisation=school")).await;
    assert_eq!(none["rows"], json!([]));

    let (_, by_origin) = get(format!(
        "{span}&group_by=kind,connection,carrier,province&measures=segments_delivered"
    ))
    .await;
    let written: Vec<&Value> = by_origin["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["connection"] == "mobile")
        .collect();
    let row = |carrier: &str, count: u32| {
        json!({"kind": "sms", "connection": "mobile", "carrier": carrier, "province": "北京",
            "counts": {"segments_delivered": count}})
    };
    assert_eq!(written, [&row("mobile", 8), &row("telecom", 2)]);
    harness.end().await;
}

#[actix_web::test]
async fn an_open_message_holds_completeness_back() {
    let harness = with_messages(1, hour_ms()).await;
    let body = r#"{"to":"13800000001","text":"one"}"#;
    let (status, sent) = answer(harness.post("/v1/messages", body)).await;
    assert_eq!(status, 202);
    let id = sent["id"].as_str().unwrap();
    let (_, journey) = answer(harness.get(&format!("/v1/messages/{id}"))).await;
    let (_, figures) = answer(harness.operator(Method::GET, PATH)).await;
    // To the second, so that no message pays for an order of all that are open.
    let accepted_at = journey["accepted_at"].as_str().unwrap();
    let second = format!("{}.000+08:00", &accepted_at[.."2026-01-01T00:00:00".len()]);
    assert_eq!(figures["complete_until"], second);
    harness.end().await;
}

#[actix_web::test]
async fn spreadsheets_get_a_table() {
    let hour = hour_ms();
    let harness = with_messages(3, hour).await;
    let path = format!(
        "{PATH}?from={}&group_by=account,connection&measures=accepted,delivered",
        time(hour - HOUR_MS)
    );
    let response = harness
        .operator(Method::GET, &path)
        .header("accept", "text/csv")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
    assert!(response.headers().contains_key("carillon-complete-until"));
    let text = String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap();
    let lines: Vec<_> = text.trim_start_matches('\u{feff}').split("\r\n").collect();
    assert_eq!(lines[0], r#""account","connection","accepted","delivered""#);
    assert!(
        lines.contains(&r#""his","",3,3"#) && lines.contains(&r#""lis","",3,3"#),
        "{text}"
    );
    assert!(lines.contains(&r#""his","mobile",0,0"#), "{text}");
    harness.end().await;
}

#[actix_web::test]
async fn what_carriers_said_is_counted() {
    let hour = hour_ms();
    let harness = with_messages(4, hour).await;
    let path = format!("{PATH}/carriers?resolution=day");
    let (status, said) = answer(harness.operator(Method::GET, &path)).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(
        said["codes"],
        json!([{"connection": "mobile", "kind": "sms", "measure": "segments_delivered", "code": "DELIVRD", "count": 8}])
    );
    // Without a response nobody knows how long it took.
    assert_eq!(said["latencies"], json!([]));
    harness.end().await;
}

#[actix_web::test]
async fn what_cannot_be_asked_is_refused() {
    let harness = Harness::start().await;
    for query in [
        "resolution=week",
        "group_by=number",
        "measures=tried",
        "from=yesterday",
        "organisation=nobody",
        "account=nobody",
        "resolution=minute&from=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z",
        "unknown=1",
        "carriers?by_time=perhaps",
    ] {
        let path = match query.strip_prefix("carriers?") {
            Some(query) => format!("{PATH}/carriers?{query}"),
            None => format!("{PATH}?{query}"),
        };
        let refused = problem(harness.operator(Method::GET, &path)).await;
        assert_eq!(refused, (400, "invalid_parameter".to_owned()), "{query}");
    }
    harness.end().await;
}
