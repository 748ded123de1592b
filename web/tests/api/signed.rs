//! Callers that show name and key, or sign their requests instead of showing a key.

use super::harness::{Harness, answer, key, problem};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use carillon::endpoint::{Access, ENDPOINTS};
use futures_util::future::join_all;
use futures_util::stream;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const SECRET: &str = "the-signing-secret-of-his";
const HELLO: &str = r#"{"to":"13800000001","text":"您好"}"#;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn nonce() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("nonce-{:08}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// What is signed, each part to be spoiled by a test.
#[derive(Clone)]
struct Signing {
    account: &'static str,
    secret: &'static str,
    method: &'static str,
    target: String,
    timestamp: u64,
    nonce: String,
    body: Vec<u8>,
}

impl Signing {
    fn of(method: &'static str, target: &str, body: &str) -> Signing {
        Signing {
            account: "his",
            secret: SECRET,
            method,
            target: target.to_owned(),
            timestamp: now(),
            nonce: nonce(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn header(&self) -> String {
        let hash: String = Sha256::digest(&self.body)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let mut mac: Hmac<Sha256> = Hmac::new_from_slice(self.secret.as_bytes()).unwrap();
        let (method, target) = (self.method, &self.target);
        mac.update(format!("{method}\n{target}\n{}\n{}\n{hash}", self.timestamp, self.nonce).as_bytes());
        format!(
            "CARILLON-HMAC-SHA256 account={},timestamp={},nonce={},signature={}",
            self.account,
            self.timestamp,
            self.nonce,
            BASE64_STANDARD.encode(mac.finalize().into_bytes())
        )
    }
}

fn send(harness: &Harness, signing: &Signing, body: &'static str) -> RequestBuilder {
    harness
        .request(Method::POST, "/v1/messages")
        .header("Content-Type", "application/json")
        .header("Authorization", signing.header())
        .body(body)
}

#[actix_web::test]
async fn name_and_key_are_as_good_as_the_key() {
    let harness = Harness::start().await;
    let get = || harness.request(Method::GET, "/v1/receipts");
    assert_eq!(answer(get().basic_auth("his", Some(key("his")))).await.0, 200);
    for (name, key) in [
        ("lis", key("his")),
        ("", key("his")),
        ("his ", key("his")),
        ("his", key("lis")),
        ("his", String::new()),
        ("nobody", key("nobody")),
    ] {
        let refused = problem(get().basic_auth(name, Some(&key))).await;
        assert_eq!(refused, (401, "unauthenticated".to_owned()), "{name} {key}");
    }
    for value in ["Basic", "Basic ", "Basic %%%", "Basic aGlz", "Digest x"] {
        let refused = get()
            .header("Authorization", value.as_bytes())
            .send()
            .await
            .unwrap();
        assert_eq!(refused.status(), 401, "{value}");
    }
    let off = problem(get().basic_auth("off", Some(key("off")))).await;
    assert_eq!(off, (403, "account_disabled".to_owned()));
    harness.end().await;
}

#[actix_web::test]
async fn a_signed_request_is_taken_once() {
    let harness = Harness::start().await;
    let signing = Signing::of("POST", "/v1/messages", HELLO);
    let answers = join_all((0..8).map(|_| answer(send(&harness, &signing, HELLO)))).await;
    let taken = answers.iter().filter(|(status, _)| *status == 202).count();
    assert_eq!(taken, 1, "{answers:?}");
    for (status, body) in answers.iter().filter(|(status, _)| *status != 202) {
        assert_eq!((*status, body["code"].as_str()), (401, Some("nonce_used")));
    }
    assert_eq!(harness.service.lane.counters().messages_accepted.get(), 1);

    let target = "/v1/receipts?limit=10&wait=0";
    let signing = Signing::of("GET", target, "");
    let get = || {
        harness
            .request(Method::GET, target)
            .header("Authorization", signing.header())
    };
    assert_eq!(answer(get()).await.0, 200);
    assert_eq!(problem(get()).await, (401, "nonce_used".to_owned()));
    harness.end().await;
}

#[actix_web::test]
async fn whatever_differs_from_what_was_signed_is_refused_and_nothing_is_taken() {
    let harness = Harness::start().await;
    let good = Signing::of("POST", "/v1/messages", HELLO);
    let with = |change: fn(&mut Signing)| {
        let mut signing = Signing {
            nonce: nonce(),
            ..good.clone()
        };
        change(&mut signing);
        signing
    };
    let wrong = "request_signature_wrong";
    let time = "request_timestamp_invalid";
    let cases: [(Signing, &str); 10] = [
        (with(|s| s.secret = "another-secret-of-someone"), wrong),
        (with(|s| s.secret = ""), wrong),
        (with(|s| s.method = "GET"), wrong),
        (with(|s| s.target = "/v1/messages?x=1".to_owned()), wrong),
        (with(|s| s.body.push(b' ')), wrong),
        // An account without a secret, and none at all.
        (with(|s| s.account = "lis"), wrong),
        (with(|s| s.account = "nobody"), wrong),
        (with(|s| s.timestamp -= 301), time),
        (with(|s| s.timestamp += 302), time),
        (with(|s| s.nonce = "short".to_owned()), "unauthenticated"),
    ];
    for (n, (signing, code)) in cases.iter().enumerate() {
        let refused = problem(send(&harness, signing, HELLO)).await;
        assert_eq!(refused, (401, (*code).to_owned()), "case {n}");
    }
    // A wrong signature does not use up the nonce of the right one.
    let spoiled = Signing {
        secret: "another-secret-of-someone",
        ..good.clone()
    };
    assert_eq!(problem(send(&harness, &spoiled, HELLO)).await.0, 401);
    assert_eq!(harness.service.lane.counters().messages_accepted.get(), 0);
    assert_eq!(answer(send(&harness, &good, HELLO)).await.0, 202);
    harness.end().await;
}

#[actix_web::test]
async fn a_large_body_in_pieces_is_hashed_as_it_is_read() {
    let harness = Harness::start().await;
    let line = format!("{HELLO}\n");
    let body: String = (0..2_000)
        .map(|n| line.replace("0001", &format!("{n:04}")))
        .collect();
    let post = |signing: &Signing, body: &str| {
        let pieces: Vec<_> = body
            .as_bytes()
            .chunks(4_099)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
            .collect();
        harness
            .request(Method::POST, "/v1/messages/batch?duplicates=allow")
            .header("Content-Type", "application/x-ndjson")
            .header("Authorization", signing.header())
            .body(reqwest::Body::wrap_stream(stream::iter(pieces)))
    };
    let target = "/v1/messages/batch?duplicates=allow";
    let forged = Signing::of("POST", target, &body.replace("1999", "1998"));
    assert_eq!(
        problem(post(&forged, &body)).await,
        (401, "request_signature_wrong".to_owned())
    );
    assert_eq!(harness.service.lane.counters().messages_accepted.get(), 0);
    let signed = Signing::of("POST", target, &body);
    let (status, answer) = answer(post(&signed, &body)).await;
    assert_eq!(
        (status, answer["accepted"].as_array().unwrap().len()),
        (202, 2_000)
    );
    harness.end().await;
}

#[actix_web::test]
async fn a_restart_does_not_let_a_request_in_again() {
    let harness = Harness::start().await;
    let mut signing = Signing::of("POST", "/v1/messages", HELLO);
    signing.timestamp -= 20;
    let refused = problem(send(&harness, &signing, HELLO)).await;
    assert_eq!(refused, (401, "request_timestamp_invalid".to_owned()));
    harness.end().await;
}

/// Walks the table: an endpoint that forgot to read the signed body would act on a forged request.
#[actix_web::test]
async fn no_endpoint_answers_a_forged_signature() {
    let harness = Harness::start().await;
    for endpoint in ENDPOINTS {
        if matches!(endpoint.access, Access::Public | Access::Operator) {
            continue;
        }
        let path: String = endpoint
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "1" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let method = Method::from_bytes(endpoint.method.as_str().as_bytes()).unwrap();
        let forged = Signing {
            secret: "another-secret-of-someone",
            ..Signing::of("POST", &path, "{}")
        };
        let request = harness
            .request(method, &path)
            .header("Content-Type", "application/json")
            .header("Authorization", forged.header())
            .body("{}");
        let status = request.send().await.unwrap().status().as_u16();
        let name = format!("{} {}", endpoint.method, endpoint.path);
        match endpoint.body {
            None => assert_eq!(status, 401, "{name}"),
            // It may be refused for another reason before the body was read.
            Some(_) => assert!((400..500).contains(&status), "{name}: {status}"),
        }
    }
    harness.end().await;
}
