//! What is limited: the day's quota, what may be open.

use super::harness::{CATALOG, Harness, json};
use reqwest::RequestBuilder;
use std::time::Duration;

fn from_lis(harness: &Harness, path: &str, body: &'static str) -> RequestBuilder {
    harness.post_as("lis", "application/json", path, body)
}

#[actix_web::test]
async fn the_daily_quota_counts_segments_and_says_when_it_is_renewed() {
    let harness = Harness::start().await;
    for _ in 0..3 {
        let sent = from_lis(&harness, "/v1/messages", r#"{"to":"13800000001","text":"a"}"#)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 202);
    }
    let refused = from_lis(&harness, "/v1/messages", r#"{"to":"13800000001","text":"a"}"#)
        .send()
        .await
        .unwrap();
    let wait: u32 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=24 * 3600).contains(&wait));
    let (status, problem) = json(refused).await;
    assert_eq!((status, problem["code"].as_str()), (429, Some("quota_exceeded")));

    let batch = from_lis(
        &harness,
        "/v1/messages/batch",
        r#"[{"to":"13800000001","text":"a"}]"#,
    );
    let (status, problem) = json(batch.send().await.unwrap()).await;
    assert_eq!(
        (status, problem["refused"][0]["code"].as_str()),
        (422, Some("quota_exceeded")),
        "{problem}"
    );
    harness.end().await;
}

#[actix_web::test]
async fn a_person_gets_no_more_than_the_business_type_allows_and_a_journey_says_what_is_waited_for() {
    let capped = "[[business_type]]\nname = \"notice\"\ncaps = [{ messages = 1, period = \"hour\" }]";
    let catalog = CATALOG.replacen("[[business_type]]\nname = \"notice\"", capped, 1);
    let harness = Harness::of(&catalog).await;
    // All for the same hour, whenever the test runs.
    let hour_ms = 3_600_000;
    let send_at = (jiff::Timestamp::now().as_millisecond() / hour_ms + 2) * hour_ms;
    let send_at = jiff::Timestamp::from_millisecond(send_at).unwrap();
    let message = |to| format!("{{\"to\":\"{to}\",\"text\":\"a\",\"send_at\":\"{send_at}\"}}");
    let send = |to| harness.post("/v1/messages", message(to)).send();
    let (status, sent) = json(send("13800000001").await.unwrap()).await;
    assert_eq!(status, 202, "{sent}");
    let (status, problem) = json(send("13800000001").await.unwrap()).await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (422, Some("frequency_cap")),
        "{problem}"
    );
    assert_eq!(send("13800000002").await.unwrap().status(), 202);
    let lines = format!("[{}]", message("13800000002"));
    let (_, problem) = json(harness.post("/v1/messages/batch", lines).send().await.unwrap()).await;
    assert_eq!(
        problem["refused"][0]["code"].as_str(),
        Some("frequency_cap"),
        "{problem}"
    );
    let path = format!("/v1/messages/{}", sent["id"].as_str().unwrap());
    let (_, journey) = json(harness.get(&path).send().await.unwrap()).await;
    let until: jiff::Timestamp = journey["waiting"]["until"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        (journey["waiting"]["why"].as_str(), until),
        (Some("scheduled"), send_at)
    );
    harness.end().await;
}

#[actix_web::test]
async fn too_many_open_messages_stop_intake_before_the_body_is_read() {
    let harness = Harness::with(|config| config.limits.messages_open_max = 1_000).await;
    let body: String = (0..1_000)
        .map(|n| format!("{{\"to\":\"{}\",\"text\":\"a\"}}\n", 13_800_000_000u64 + n))
        .collect();
    let batch = harness.post_as("his", "application/x-ndjson", "/v1/messages/batch", body);
    assert_eq!(batch.send().await.unwrap().status(), 202);
    let open = || harness.service.lane.counters().messages_open.get();
    let counted = async {
        while open() < 1_000 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), counted)
        .await
        .expect("open messages are counted");
    let refused = harness
        .post("/v1/messages", "not even JSON")
        .send()
        .await
        .unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    let (status, problem) = json(refused).await;
    assert_eq!(
        (status, problem["code"].as_str(), problem["retryable"].as_bool()),
        (503, Some("overloaded"), Some(true))
    );
    harness.end().await;
}
