//! What is limited: the day's quota, what may be open.

use super::harness::{Harness, json};
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
