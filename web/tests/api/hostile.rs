//! Bodies, headers and peers that want to do harm.

use super::harness::{Harness, answer, key, problem};
use reqwest::Method;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends bytes and gives what comes back until the peer closes.
async fn raw(harness: &Harness, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(harness.service.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    // A peer that resets after its answer is as good as one that closes.
    let _ = tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(harness: &Harness, more: &str) -> String {
    let (host, key) = (harness.service.address, key("his"));
    format!(
        "POST /v1/messages HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n{more}\r\n"
    )
}

#[actix_web::test]
async fn an_announced_100_megabytes_are_refused_before_they_are_sent() {
    let harness = Harness::start().await;
    let head = head(
        &harness,
        "Content-Type: application/json\r\nContent-Length: 104857600\r\n",
    );
    let answer = raw(&harness, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("payload_too_large"), "{answer}");
    harness.end().await;
}

#[actix_web::test]
async fn a_body_of_unknown_length_is_cut_off_at_the_limit() {
    let harness = Harness::start().await;
    for (path, bytes) in [
        ("/v1/messages", 65 * 1024),
        ("/v1/messages/batch", 9 * 1024 * 1024),
    ] {
        let chunk = vec![b' '; 64 * 1024];
        let chunks = (0..=bytes / chunk.len()).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        assert_eq!(
            problem(harness.post(path, body)).await,
            (413, "payload_too_large".to_owned()),
            "{path}"
        );
    }
    harness.end().await;
}

#[actix_web::test]
async fn garbage_is_answered_with_its_place() {
    let harness = Harness::start().await;
    let (status, body) =
        answer(harness.post("/v1/messages", "{\"to\": \"13800000001\",\n  \"text\" 5}")).await;
    assert_eq!((status, body["code"].as_str()), (400, Some("invalid_json")));
    assert_eq!(
        (body["line"].as_u64(), body["column"].as_u64()),
        (Some(2), Some(10))
    );
    let deep = "[".repeat(60_000);
    assert_eq!(
        problem(harness.post("/v1/messages", deep.clone())).await,
        (400, "invalid_json".to_owned())
    );
    assert_eq!(
        problem(harness.post("/v1/messages/batch", deep)).await,
        (400, "invalid_json".to_owned())
    );
    assert_eq!(
        problem(harness.post("/v1/messages", &b"{\"to\":\"\xff\"}"[..])).await,
        (400, "invalid_json".to_owned())
    );
    harness.end().await;
}

#[actix_web::test]
async fn other_encodings_methods_and_paths_are_refused_by_name() {
    let harness = Harness::start().await;
    for (name, value) in [
        ("Content-Type", "text/plain"),
        ("Content-Type", "application/json; charset=gbk"),
        ("Content-Type", "application/x-ndjson"),
        ("Content-Encoding", "gzip"),
    ] {
        let request = harness
            .request(Method::POST, "/v1/messages")
            .bearer_auth(key("his"))
            .header(name, value)
            .body("{}");
        assert_eq!(
            problem(request).await,
            (415, "unsupported_media_type".to_owned()),
            "{name}: {value}"
        );
    }
    assert_eq!(
        problem(harness.get("/v1/nothing")).await,
        (404, "not_found".to_owned())
    );
    assert_eq!(
        problem(harness.get("/v1/messages/13800000001")).await,
        (404, "not_found".to_owned())
    );
    let response = harness
        .request(Method::DELETE, "/v1/messages")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &"POST, GET".parse().unwrap())
    );
    harness.end().await;
}

#[actix_web::test]
async fn floods_of_headers_and_what_is_not_http_end_the_connection() {
    let harness = Harness::start().await;
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    let large = format!("X-Large: {}\r\n", "x".repeat(300 * 1024));
    for request in [
        head(&harness, &many),
        head(&harness, &large),
        "\0\u{1}\u{2}\r\n\r\n".to_owned(),
    ] {
        let answer = raw(&harness, request.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let smuggled = head(&harness, "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n";
    assert!(raw(&harness, smuggled.as_bytes()).await.starts_with("HTTP/1.1 4"));
    assert_eq!(
        answer(harness.get("/v1/messages?to=13800000001")).await.0,
        200,
        "the service goes on"
    );
    harness.end().await;
}

#[actix_web::test]
async fn slow_peers_are_not_waited_for() {
    let harness = Harness::with(|config| {
        config.http.header_timeout_s = 1;
        config.limits.body_timeout_s = 1;
    })
    .await;
    let slow_body = head(
        &harness,
        "Content-Type: application/json\r\nContent-Length: 10\r\n",
    ) + "{";
    let answer = raw(&harness, slow_body.as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"),
        "{answer}"
    );
    let answer = raw(&harness, b"POST /v1/messages HTTP/1.1\r\nHost:").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    harness.end().await;
}

#[actix_web::test]
async fn a_request_id_is_echoed_when_it_is_harmless() {
    let harness = Harness::start().await;
    let echoed = harness
        .get("/healthz")
        .header("X-Request-Id", "visit-17")
        .send()
        .await
        .unwrap();
    assert_eq!(echoed.headers()["x-request-id"], "visit-17");
    let replaced = harness
        .get("/healthz")
        .header("X-Request-Id", "{\"a\": 1}")
        .send()
        .await
        .unwrap();
    assert_ne!(replaced.headers()["x-request-id"], "{\"a\": 1}");
    harness.end().await;
}
