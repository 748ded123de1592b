use super::texts;
use crate::{Memory, Target};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use carillon::http::{MediaType, body};
use carillon::login::{SESSION_COOKIE, cookies, is_in, network, source};
use carillon::right::Credentials;
use carillon::send::idempotency;
use carillon_domain::ids::AccountId;

/// The headers of a request, as far as we read them ourselves.
pub static HEADERS: Target = Target {
    name: "headers",
    run,
    seeds,
    words: &[
        "Idempotency-Key: ",
        "Content-Type: application/json; charset=",
        "Content-Length: 18446744073709551616",
        "Content-Encoding: ",
        "Cookie: carillon_session=",
        "X-Forwarded-For: ",
        "Authorization: CARILLON-HMAC-SHA256 account=",
        ",timestamp=",
        ",nonce=",
        ",signature=",
        "%ff",
        "::ffff:",
    ],
    memory: Memory {
        fixed_bytes: 64 * 1024,
        per_input_byte: 256,
    },
    input_bytes_max: 8_000,
};

const BODY_BYTES_MAX: usize = 1 << 20;

/// One header to a line.
fn run(input: &[u8]) {
    let mut request = TestRequest::post().peer_addr("10.0.0.1:5000".parse().expect("an address"));
    for line in input.split(|octet| *octet == b'\n') {
        let Some(colon) = line.iter().position(|octet| *octet == b':') else {
            continue;
        };
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), value) {
            request = request.append_header((name, value));
        }
    }
    let request = request.to_http_request();
    if let Ok(announced) = body::check_headers(request.headers(), BODY_BYTES_MAX) {
        assert!(announced <= BODY_BYTES_MAX);
    }
    let _key = idempotency::from_header(&request, AccountId(1)).is_ok_and(|key| key.is_some());
    let _media_type = MediaType::of(&request).is_ok();
    assert!(cookies(request.headers(), SESSION_COOKIE).count() <= 4);
    let proxies = ["10.0.0.0/8".parse().expect("a network")];
    let from = source(&request, &proxies);
    assert!(is_in(&proxies, "10.0.0.1".parse().expect("an address")));
    assert_eq!(network(network(from)), network(from));
    let authorization = request.headers().get("authorization");
    if let Some(text) = authorization.and_then(|value| value.to_str().ok())
        && let Some((_, rest)) = text.split_once(' ')
        && let Ok(credentials) = Credentials::parse(rest)
    {
        assert_eq!(credentials.signature.len(), 32);
        assert!((8..=64).contains(&credentials.nonce.len()));
    }
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "Idempotency-Key: visit-1\nContent-Type: application/json; charset=\"utf-8\"\nContent-Length: 12\n",
        "Idempotency-Key: a\nIdempotency-Key: b\nContent-Encoding: gzip\nContent-Type: application/x-ndjson\n",
        "Cookie: a=b; carillon_session=\"cs_a\"; carillon_session=x\nX-Forwarded-For: 203.0.113.5, 10.0.0.3\nX-Forwarded-For: 2001:db8::1\n",
        "Authorization: CARILLON-HMAC-SHA256 account=his%20x,timestamp=1772000000,nonce=abcdefgh-1,signature=\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\"\n",
    ])
}
