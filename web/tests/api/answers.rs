//! What goes for every answer, and for peers that do not read any.

use super::harness::{Harness, answer};
use carillon::endpoint::ENDPOINTS;
use reqwest::Method;
use socket2::{Domain, Socket, Type};
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Errors included; pages are kept, but only where they say so themselves.
#[actix_web::test]
async fn no_answer_is_kept_by_a_cache_or_taken_for_a_page() {
    let harness = Harness::start().await;
    for endpoint in ENDPOINTS {
        let path = endpoint.path.replace(['{', '}'], "");
        let method = Method::from_bytes(endpoint.method.as_str().as_bytes()).unwrap();
        let login = harness.login();
        for request in [
            harness.request(method.clone(), &path),
            harness
                .request(method.clone(), &path)
                .header("Cookie", &login.cookie),
        ] {
            let response = request.send().await.unwrap();
            let header = |name: &str| response.headers()[name].to_str().unwrap();
            assert_eq!(header("x-content-type-options"), "nosniff", "{method} {path}");
            assert!(
                header("content-security-policy").contains("frame-ancestors 'none'"),
                "{method} {path}"
            );
            let is_page = ["/docs", "/console", "/wall", "/"]
                .iter()
                .any(|page| path == *page || (*page != "/" && path.starts_with(page)));
            if !is_page {
                assert_eq!(header("cache-control"), "no-store", "{method} {path}");
            }
        }
    }
    let unknown = harness.request(Method::GET, "/v1/nothing").send().await.unwrap();
    assert_eq!(unknown.headers()["cache-control"], "no-store");
    harness.end().await;
}

/// It would be sent nothing and count as open.
#[actix_web::test]
async fn no_screen_is_opened_while_the_service_stops() {
    let harness = Harness::start().await;
    harness.service.stop(Duration::from_secs(5)).await.unwrap();
    let open = harness
        .operator(Method::GET, "/v1/live")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let response = open.send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    harness.service.end().await.unwrap();
}

/// Nothing else ends them: while an answer waits, no other time runs.
#[actix_web::test]
async fn peers_that_read_nothing_are_cut() {
    const PEERS: i64 = 20;
    let harness = Harness::with(|config| config.http.send_timeout_s = 1).await;
    let peers: Vec<_> = (0..PEERS).map(|_| deaf(&harness)).collect();
    let begin = Instant::now();
    let mut most = 0;
    loop {
        let open = open_connections(&harness).await;
        most = most.max(open);
        if most >= PEERS && open < PEERS / 2 {
            break;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(30),
            "{open} stay open of {most}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(peers);
    harness.end().await;
}

/// A peer that asks for much more than the system takes for it, and reads nothing.
fn deaf(harness: &Harness) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(1024).unwrap();
    socket.connect(&harness.service.address.into()).unwrap();
    let mut peer = TcpStream::from(socket);
    peer.set_nonblocking(true).unwrap();
    let request = "GET /v1/openapi.json HTTP/1.1\r\nHost: carillon\r\n\r\n";
    for _ in 0..200 {
        // What does not fit any more need not.
        let _ = peer.write(request.as_bytes());
    }
    peer
}

async fn open_connections(harness: &Harness) -> i64 {
    let request = harness.request(Method::GET, "/metrics");
    let text = request.send().await.unwrap().text().await.unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("carillon_http_connections "));
    line.expect("it is counted").parse::<f64>().unwrap() as i64
}

#[actix_web::test]
async fn a_page_of_another_site_sends_no_message_with_a_name_and_key_the_browser_knows() {
    let harness = Harness::start().await;
    let body = r#"{"to":"13800000001","text":"您好"}"#;
    let send = || harness.request(Method::POST, "/v1/messages").body(body);
    for (header, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Origin", "http://evil.example"),
    ] {
        let foreign = send()
            .basic_auth("his", Some("key-of-the-account-his"))
            .header(header, value);
        let (status, refused) = answer(foreign).await;
        assert_eq!((status, refused["code"].as_str()), (403, Some("cross_site")));
    }
    let program = send().basic_auth("his", Some("key-of-the-account-his"));
    assert_eq!(answer(program).await.0, 202);
    harness.end().await;
}
