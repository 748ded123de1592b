//! Callers that send what they should not, or not as they should.

use super::served::{Served, answer, key};
use super::stage::Stage;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A peer gets two seconds to see the answer.
const CUT_OFF_MAX: Duration = Duration::from_secs(4);

/// A body, and of its refusal the status, the code, the field, and the line and the least column.
type Act<'a> = (&'a [u8], u16, &'a str, Option<&'a str>, Option<(u64, u64)>);

#[actix_web::test]
async fn bodies_that_are_no_message_are_refused_with_code_and_place() {
    let stage = Stage::set().await;
    let deep = format!(
        r#"{{"to":"13800000001","variables":{}"#,
        r#"{"a":"#.repeat(10_000)
    );
    let nested = "[".repeat(60_000);
    let acts: &[Act<'_>] = &[
        (b"\xa5\x5a garbage", 400, "invalid_json", None, Some((1, 1))),
        (
            b"{\"to\":\"13800000001\",\n\"te",
            400,
            "invalid_json",
            None,
            Some((2, 3)),
        ),
        (nested.as_bytes(), 400, "invalid_json", None, None),
        (deep.as_bytes(), 400, "invalid_field", None, None),
        (
            b"{\"to\":\"13800000001\",\"text\":\"\xff\xfe\"}",
            400,
            "invalid_json",
            None,
            Some((1, 0)),
        ),
        (
            b"{\"to\":\"13800000001\",\"text\":\"a\0b\"}",
            400,
            "invalid_json",
            None,
            Some((1, 30)),
        ),
        (
            br#"{"to":"13800000001","text":"a\u0000b"}"#,
            422,
            "text_invalid",
            Some("text"),
            None,
        ),
        (
            br#"{"to":"13800000001","text":"\ud83d"}"#,
            400,
            "invalid_json",
            None,
            Some((1, 0)),
        ),
        (
            r#"{"to":"13800000001","text":"您好","template":"reminder"}"#.as_bytes(),
            422,
            "text_and_template",
            Some("template"),
            None,
        ),
        (b"", 400, "invalid_json", None, Some((1, 1))),
    ];
    for (body, status, code, field, place) in acts {
        let what = String::from_utf8_lossy(&body[..body.len().min(60)]);
        let (got, problem) = answer(stage.served.post("well", "/v1/messages", body.to_vec())).await;
        assert_eq!(
            (got, problem["code"].as_str()),
            (*status, Some(*code)),
            "{what}: {problem}"
        );
        if field.is_some() {
            assert_eq!(problem["field"].as_str(), *field, "{what}: {problem}");
        }
        if let Some((line, column)) = place {
            assert_eq!(problem["line"], *line, "{what}: {problem}");
            assert!(problem["column"].as_u64() >= Some(*column), "{what}: {problem}");
        }
        assert!(problem.to_string().len() < 1_000, "{problem}");
        stage.goes_on().await;
    }
    stage.memory_is_bounded();
}

#[actix_web::test]
async fn a_bad_line_is_refused_alone_and_too_many_lines_together() {
    let stage = Stage::set().await;
    let line = |n: u64| format!("{{\"to\":\"{}\",\"text\":\"您好\"}}\n", 13_800_000_000 + n).into_bytes();
    let batch = |body: Vec<u8>| {
        let request = stage.served.post("well", "/v1/messages/batch", body);
        answer(request.header("Content-Type", "application/x-ndjson"))
    };
    let before = stage.served.figure("carillon_messages_accepted_total").await;
    let (status, problem) = batch((0..10_001).flat_map(line).collect()).await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (413, Some("payload_too_large")),
        "{problem}"
    );
    assert_eq!(
        stage.served.figure("carillon_messages_accepted_total").await,
        before,
        "none of them"
    );

    let bad: [(&[u8], &str, &str); 4] = [
        (b"{\"to\":\"12\",\"text\":\"a\"}\n", "invalid_phone", "to"),
        (
            b"{\"to\":\"13800000001\",\"text\":\"\xff\"}\n",
            "invalid_json",
            "",
        ),
        (
            b"{\"to\":\"13800000001\",\"txt\":\"a\"}\n",
            "invalid_field",
            "txt",
        ),
        (b"\0\0\0\n", "invalid_json", ""),
    ];
    for (bytes, code, field) in bad {
        let mut body: Vec<u8> = (0..50).flat_map(line).collect();
        body.extend_from_slice(bytes);
        body.extend((50..100).flat_map(line));
        let (status, answer) = batch(body).await;
        assert_eq!(
            (status, answer["accepted"].as_array().unwrap().len()),
            (202, 100),
            "{code}"
        );
        let refused = answer["refused"].as_array().unwrap();
        assert_eq!(refused.len(), 1, "{refused:?}");
        let text = |name: &str| refused[0][name].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (refused[0]["line"].as_u64(), text("code"), text("field")),
            (Some(51), code.to_owned(), field.to_owned()),
            "{refused:?}"
        );
    }
    stage.goes_on().await;
    stage.memory_is_bounded();
}

/// Whoever goes on sending after the answer is cut off, be the length announced or not, the credentials right or not.
#[actix_web::test]
async fn a_body_that_does_not_end_is_answered_at_once_and_cut_off() {
    let stage = Stage::set().await;
    let (announced, chunked) = ("Content-Length: 104857600", "Transfer-Encoding: chunked");
    for (path, framing, key, status, code) in [
        ("/v1/messages", announced, "well", 413, "payload_too_large"),
        ("/v1/messages/batch", chunked, "well", 413, "payload_too_large"),
        ("/v1/messages", chunked, "nobody", 401, "unauthenticated"),
        ("/v1/nothing", chunked, "well", 404, "not_found"),
    ] {
        let mut stream = TcpStream::connect(stage.served.address).await.unwrap();
        let head = head_of(&stage.served, key, path, framing);
        stream.write_all(head.as_bytes()).await.unwrap();
        let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
        let (mut reader, mut writer) = stream.split();
        let begin = Instant::now();
        let sending = async {
            let mut sent = 0;
            while writer.write_all(&chunk).await.is_ok() && begin.elapsed() < CUT_OFF_MAX {
                sent += chunk.len();
            }
            (sent, begin.elapsed())
        };
        let mut told = vec![0; 4096];
        let telling = async {
            let length = reader.read(&mut told).await.unwrap();
            (length, begin.elapsed())
        };
        let ((sent, cut_off), (length, answered)) = tokio::join!(sending, telling);
        let told = String::from_utf8_lossy(&told[..length]);
        println!("{path} {framing}: answered in {answered:?}, cut off after {cut_off:?} and {sent} bytes");
        assert!(
            told.starts_with(&format!("HTTP/1.1 {status}")) && told.contains(code),
            "{path} {framing}: {told}"
        );
        assert!(
            cut_off < CUT_OFF_MAX,
            "{path} {framing}: still read after {cut_off:?}"
        );
        stage.goes_on().await;
    }
    stage.memory_is_bounded();
}

#[actix_web::test]
async fn peers_that_are_slow_or_leave_or_flood_headers_hold_nothing() {
    let stage = Stage::set().await;
    let before = stage.served.figure("carillon_messages_accepted_total").await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = open(&stage.served, "/v1/messages", "Content-Length: 50").await;
        stream.write_all(b"{\"to\":").await.unwrap();
        slow.push(stream);
        let mut headers = TcpStream::connect(stage.served.address).await.unwrap();
        headers
            .write_all(b"POST /v1/messages HTTP/1.1\r\nHos")
            .await
            .unwrap();
        slow.push(headers);
        let mut leaves = open(&stage.served, "/v1/messages", "Content-Length: 50").await;
        leaves
            .write_all(br#"{"to":"13800000001","text":"a"}"#)
            .await
            .unwrap();
        drop(leaves);
    }
    stage.goes_on().await;
    let begin = Instant::now();
    for mut stream in slow {
        let told = told(&mut stream).await;
        assert!(told.starts_with("HTTP/1.1 408"), "{told}");
    }
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    for header in [
        format!("X-Large: {}", "x".repeat(1 << 20)),
        vec!["X-Many: 1"; 5_000].join("\r\n"),
        "Content-Length: 2\r\nTransfer-Encoding: chunked".to_owned(),
        "Content-Length: -1".to_owned(),
        "X-Nul: a\0b".to_owned(),
    ] {
        let mut stream = TcpStream::connect(stage.served.address).await.unwrap();
        // The service may close before it has read all of it.
        let _ = stream
            .write_all(head(&stage.served, "/v1/messages", &header).as_bytes())
            .await;
        let told = told(&mut stream).await;
        assert!(
            told.is_empty() || told.starts_with("HTTP/1.1 4"),
            "{}: {told}",
            &header[..20.min(header.len())]
        );
    }
    let accepted = stage.served.figure("carillon_messages_accepted_total").await;
    assert_eq!(accepted, before + 1, "half a request is none");
    stage.goes_on().await;
    stage.memory_is_bounded();
}

#[actix_web::test]
async fn wrong_methods_and_paths_are_named() {
    let stage = Stage::set().await;
    for (method, path, status, code) in [
        (Method::PUT, "/v1/messages", 405, "method_not_allowed"),
        (Method::DELETE, "/v1/receipts", 405, "method_not_allowed"),
        (Method::GET, "/v1/nothing", 404, "not_found"),
        (
            Method::GET,
            "/v1/messages/..%2f..%2fetc%2fpasswd",
            404,
            "not_found",
        ),
        (Method::GET, "/v1/messages/%00%ff", 404, "not_found"),
    ] {
        let request = stage.served.request(method, path).bearer_auth(key("well"));
        let (got, problem) = answer(request).await;
        assert_eq!(
            (got, problem["code"].as_str()),
            (status, Some(code)),
            "{path}: {problem}"
        );
    }
    stage.goes_on().await;
}

/// Emoji of several code points, right-to-left text, surrogate pairs, a NUL-free edge of every plane, and long texts that
/// must not be cut inside a pair.
#[actix_web::test]
async fn any_text_reaches_the_carrier_as_it_was_sent() {
    let stage = Stage::set().await;
    let texts = [
        "👩‍⚕️ 张医生 👨‍👩‍👧‍👦",
        "مرحبا، موعدك غدًا الساعة ١٠",
        "שלום \u{200f}abc\u{200e} \u{202e}drow\u{202c}",
        "\u{fffd}\u{ffff}\u{10ffff}\u{10000}𠮷",
        "line\nline\ttab \"quoted\" \\ / \u{7ff}\u{800}",
        &"x🏥".repeat(60),
        &"🏥".repeat(100),
    ];
    for text in texts {
        stage.good.borrow_mut().clear();
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        for body in [
            json!({"to": "13800000003", "text": text}).to_string(),
            format!(r#"{{"to":"13800000003","text":"{escaped}"}}"#),
        ] {
            let (status, answer) = answer(stage.served.post("well", "/v1/messages", body)).await;
            assert_eq!(status, 202, "{text:?}: {answer}");
            let id = answer["id"].as_str().unwrap();
            stage.served.delivered("well", id).await;
            assert_eq!(arrived(&stage), text);
            assert_eq!(stage.served.message("well", id).await["text"], Value::from(text));
            stage.good.borrow_mut().clear();
        }
    }
}

/// The text of the segments that the good carrier took, each of which must be whole by itself.
fn arrived(stage: &Stage) -> String {
    let mut segments = stage.good.borrow().clone();
    segments.sort_by_key(|segment| segment.part);
    segments
        .iter()
        .map(|segment| {
            let units: Vec<u16> = segment
                .content
                .chunks(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            match segment.format {
                8 => String::from_utf16(&units).expect("no pair is cut"),
                _ => String::from_utf8(segment.content.clone()).unwrap(),
            }
        })
        .collect()
}

fn head(served: &Served, path: &str, header: &str) -> String {
    head_of(served, "well", path, header)
}

fn head_of(served: &Served, account: &str, path: &str, header: &str) -> String {
    let (host, key) = (served.address, key(account));
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n{header}\r\n\r\n"
    )
}

async fn open(served: &Served, path: &str, header: &str) -> TcpStream {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream
        .write_all(head(served, path, header).as_bytes())
        .await
        .unwrap();
    stream
}

/// What the service says until it closes, in order or not.
async fn told(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(super::cmpp::PATIENCE, read)
        .await
        .expect("the service closes");
    String::from_utf8_lossy(&bytes).into_owned()
}
