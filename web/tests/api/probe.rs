use super::harness::{Harness, answer};
use carillon::endpoint::ENDPOINTS;
use carillon_api::Code;
use reqwest::Method;
use std::collections::BTreeSet;
use std::time::Duration;

const GUIDE: &str = include_str!("../../../docs/api.md");

#[actix_web::test]
async fn health_and_readiness_follow_the_lane() {
    let harness = Harness::start().await;
    let status = async |path| {
        harness
            .request(Method::GET, path)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 200));
    harness.service.stop(Duration::from_secs(5)).await.unwrap();
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 503));
    let (status, body) = answer(harness.post("/v1/messages", r#"{"to":"13800000001","text":"a"}"#)).await;
    assert_eq!((status, body["code"].as_str()), (503, Some("unavailable")));
    harness.service.end().await.unwrap();
}

#[actix_web::test]
async fn every_figure_stands_once_and_is_documented() {
    let harness = Harness::start().await;
    harness
        .post("/v1/messages", r#"{"to":"13800000001","text":"a"}"#)
        .send()
        .await
        .unwrap();
    harness.request(Method::PUT, "/13800000001").send().await.unwrap();
    let text = harness
        .request(Method::GET, "/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let names: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert_eq!(
        names.len(),
        names.iter().collect::<BTreeSet<_>>().len(),
        "a name stands twice"
    );
    for name in names {
        assert!(GUIDE.contains(&format!("`{name}`")), "{name} is not documented");
    }
    for sample in [
        "carillon_messages_accepted_total 1\n",
        "carillon_connection_state{connection=\"mobile\",state=\"off\"} 1\n",
        "carillon_http_requests_total{method=\"POST\",route=\"/v1/messages\",status=\"2xx\"} 1\n",
        "carillon_http_requests_total{method=\"other\",route=\"unmatched\",status=\"4xx\"} 1\n",
        "carillon_http_request_seconds_count{route=\"/v1/messages\"} 1\n",
    ] {
        assert!(text.contains(sample), "{sample} is missing in\n{text}");
    }
    assert!(!text.contains("13800000001"));
    harness.end().await;
}

#[actix_web::test]
async fn the_document_is_served_and_names_every_endpoint() {
    let harness = Harness::start().await;
    let (status, document) = answer(harness.request(Method::GET, "/v1/openapi.json")).await;
    assert_eq!(status, 200);
    for endpoint in ENDPOINTS {
        let method = endpoint.method.as_str().to_ascii_lowercase();
        assert!(
            document["paths"][endpoint.path][method].is_object(),
            "{}",
            endpoint.path
        );
    }
    harness.end().await;
}

#[test]
fn the_guide_names_every_code_and_every_endpoint() {
    for &code in Code::ALL {
        let row = format!("| `{}` | {} |", code.word(), code.status());
        assert!(GUIDE.contains(&row), "{row} is missing");
    }
    for endpoint in ENDPOINTS {
        let name = format!("`{} {}`", endpoint.method, endpoint.path);
        assert!(GUIDE.contains(&name), "{name} is missing");
    }
}
