//! Plans with fallback, mails and their attachments, as callers ask for them.

use super::harness::{CATALOG, Harness, answer, key, problem};
use carillon_domain::journey::Journey;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const MAILS: &str = r#"
[[connection]]
name = "relay"
enabled = false
protocol = "smtp"
host = "127.0.0.1"
mail = { from = "notice@hospital.example" }
[[route_group]]
name = "mails"
members = ["relay"]
[[route_rule]]
name = "mails"
group = "mails"

[[template]]
name = "report"
organisation = "hospital"
business_type = "notice"
text = "{name}的报告已出。"
subject = "{name}的报告"
html = "<p>{name}</p>"

[[strategy]]
name = "sms then mail"
organisation = "hospital"
steps = [{ channel = "sms" }, { channel = "mail", template = "report", when = { not_delivered_within_s = 300 } }]

[[word_list]]
name = "law"
words = ["赌博"]
[[number_list]]
name = "refused"
kind = "black"
numbers = ["13800000666", "gone@home.example"]
"#;

async fn start() -> Harness {
    // The first account is the one that sends.
    let granted = CATALOG.replacen(
        r#"connections = ["mobile"]"#,
        r#"connections = ["mobile", "relay"]"#,
        1,
    );
    Harness::of(&(granted + MAILS)).await
}

async fn send(harness: &Harness, request: Value) -> (u16, Value) {
    answer(harness.post("/v1/messages", request.to_string())).await
}

/// Sends, and gives the message as the lane has it.
async fn sent(harness: &Harness, request: Value) -> Journey {
    let (status, body) = send(harness, request).await;
    assert_eq!(status, 202, "{body}");
    let id = body["id"].as_str().unwrap().parse().unwrap();
    harness.service.lane.journey(id).await.unwrap().unwrap()
}

async fn upload(harness: &Harness, bytes: impl Into<reqwest::Body>) -> (u16, Value) {
    answer(harness.post_as("his", "application/pdf", "/v1/files", bytes)).await
}

#[actix_web::test]
async fn a_mail_goes_with_text_html_and_attachment() {
    let harness = start().await;
    let (status, stored) = upload(&harness, "%PDF-1.7").await;
    assert_eq!((status, stored["bytes"].as_u64()), (201, Some(8)), "{stored}");
    let file = stored["file"].as_str().unwrap();
    assert_eq!(
        upload(&harness, "%PDF-1.7").await.1,
        stored,
        "the same is the same"
    );
    let journey = sent(
        &harness,
        json!({
            "mail": "Zhang.San@Home.Example", "subject": "报告", "text": "您好", "html": "<p>您好</p>",
            "attachments": [{"file": file, "name": "报告.pdf", "media_type": "application/pdf"}],
            "reference": "visit-1",
        }),
    )
    .await;
    assert_eq!((journey.to, journey.attempts.len()), (None, 1));
    let mail = journey.attempts[0].content.mail().unwrap();
    assert_eq!(mail.address, "Zhang.San@home.example");
    assert_eq!((&*mail.subject, &*mail.text), ("报告", "您好"));
    assert_eq!(mail.html.as_deref(), Some("<p>您好</p>"));
    assert_eq!(mail.attachments[0].name, "报告.pdf");
    assert_eq!(mail.attachments[0].file.to_string(), file);
    harness.end().await;
}

#[actix_web::test]
async fn plans_are_taken_from_the_request_or_by_name() {
    let harness = start().await;
    let person = json!({"to": "13800000001", "mail": "a@home.example", "text": "您好", "subject": "报告"});
    let with = |name: &str, value: Value| {
        let mut request = person.clone();
        request[name] = value;
        request
    };
    let kinds = |journey: &Journey| -> Vec<_> {
        let attempts = journey.attempts.iter();
        attempts
            .map(|attempt| (attempt.kind, attempt.when.clone()))
            .collect()
    };
    let plan = json!([
        {"channel": "sms"},
        {"channel": "mail", "text": "另一个", "when": {"not_delivered_within_s": 300}},
        {"channel": "sms", "when": {"failed": ["5.1.1"]}},
    ]);
    let journey = sent(&harness, with("plan", plan)).await;
    use carillon_domain::plan::{ChannelKind::*, Condition};
    let waits = Condition::NotDeliveredWithin { seconds: 300 };
    let failed = Condition::Failed {
        codes: vec!["5.1.1".into()],
    };
    assert_eq!(
        kinds(&journey),
        [(Sms, None), (Mail, Some(waits.clone())), (Sms, Some(failed))]
    );
    assert_eq!(&*journey.attempts[1].content.mail().unwrap().text, "另一个");

    let mut named = with("strategy", json!("sms then mail"));
    named["variables"] = json!({"name": "张三"});
    let journey = sent(&harness, named.clone()).await;
    assert_eq!(kinds(&journey), [(Sms, None), (Mail, Some(waits))]);
    named.as_object_mut().unwrap().remove("to");
    let journey = sent(&harness, named).await;
    assert_eq!(
        kinds(&journey),
        [(Mail, None)],
        "there is no number: the mail goes at once"
    );

    for (request, status, code, field) in [
        (
            with("strategy", json!("nothing")),
            422,
            "unknown_strategy",
            "strategy",
        ),
        (with("plan", json!([])), 422, "plan_invalid", "plan"),
        (
            with("plan", json!([{"channel": "sms", "when": "failed"}])),
            422,
            "plan_invalid",
            "plan",
        ),
        (
            with("plan", json!([{"channel": "sms", "subject": "a"}])),
            422,
            "plan_invalid",
            "plan[0].subject",
        ),
        (
            with("plan", json!([{"channel": "wechat"}])),
            422,
            "plan_invalid",
            "plan[0].channel",
        ),
        (
            with("plan", json!([{"channel": "smoke"}])),
            400,
            "invalid_field",
            "",
        ),
        (
            with("plan", json!([{"chanel": "sms"}])),
            400,
            "invalid_field",
            "chanel",
        ),
        (with("plan", json!({})), 400, "invalid_field", ""),
        (
            json!({"mail": "a@b", "strategy": "sms then mail", "plan": [{"channel": "mail"}]}),
            422,
            "plan_invalid",
            "strategy",
        ),
        (
            json!({"to": "13800000001", "text": "a", "plan": [{"channel": "mail"}]}),
            422,
            "recipient_missing",
            "plan[0].channel",
        ),
    ] {
        let (got, body) = send(&harness, request.clone()).await;
        assert_eq!(
            (
                got,
                body["code"].as_str(),
                body["field"].as_str().unwrap_or_default()
            ),
            (status, Some(code), field),
            "{request}: {body}"
        );
    }
    harness.end().await;
}

#[actix_web::test]
async fn what_is_wrong_with_a_mail_is_said_by_code_and_field() {
    let harness = start().await;
    let unknown = "0".repeat(64);
    let attached = |file: &str, name: &str| json!({"mail": "a@b.example", "subject": "a", "text": "a", "attachments": [{"file": file, "name": name}]});
    for (request, status, code, field) in [
        (
            json!({"mail": "a", "subject": "a", "text": "a"}),
            422,
            "invalid_mail",
            "mail",
        ),
        (
            json!({"mail": "张三@b.example", "subject": "a", "text": "a"}),
            422,
            "invalid_mail",
            "mail",
        ),
        (
            json!({"mail": "a@b.example", "text": "a"}),
            422,
            "subject_missing",
            "subject",
        ),
        (
            json!({"mail": "a@b.example", "subject": "a\r\nBcc: c@d", "text": "a"}),
            422,
            "subject_invalid",
            "subject",
        ),
        (
            json!({"mail": "a@b.example", "subject": "a", "html": "<br>"}),
            422,
            "text_empty",
            "html",
        ),
        (
            json!({"mail": "a@b.example", "subject": "a", "html": "赌<b>博</b>"}),
            422,
            "forbidden_word",
            "html",
        ),
        (
            json!({"mail": "Gone@home.example", "subject": "a", "text": "a"}),
            422,
            "blacklisted",
            "mail",
        ),
        (
            json!({"to": "13800000666", "text": "a"}),
            422,
            "blacklisted",
            "to",
        ),
        (
            json!({"to": "13800000001", "text": "来 赌 博"}),
            422,
            "forbidden_word",
            "text",
        ),
        (
            attached(&unknown, "a"),
            422,
            "attachment_unknown",
            "attachments[0].file",
        ),
        (
            attached("../../etc/passwd", "a"),
            400,
            "invalid_field",
            "attachments[0].file",
        ),
        (
            json!({"to": "13800000001", "text": "a", "priority": "high"}),
            422,
            "priority_too_high",
            "priority",
        ),
        (
            json!({"to": "13800000001", "text": "a", "priority": "urgent"}),
            400,
            "invalid_field",
            "",
        ),
        (
            json!({"to": "13800000001", "text": "a", "window": "all day"}),
            400,
            "invalid_field",
            "window",
        ),
        (
            json!({"to": "13800000001", "text": "a", "send_at": "soon"}),
            400,
            "invalid_field",
            "send_at",
        ),
        (
            json!({"to": "13800000001", "text": "a", "send_at": "2999-01-01T00:00:00+08:00"}),
            422,
            "send_at_out_of_range",
            "send_at",
        ),
    ] {
        let (got, body) = send(&harness, request.clone()).await;
        assert_eq!(
            (
                got,
                body["code"].as_str(),
                body["field"].as_str().unwrap_or_default()
            ),
            (status, Some(code), field),
            "{request}: {body}"
        );
        let detail = body["detail"].as_str().unwrap_or_default();
        assert!(!detail.contains("赌") && !detail.contains("138"), "{detail}");
    }
    // Granted no relay.
    let other = harness.post_as(
        "lis",
        "application/json",
        "/v1/messages",
        json!({"mail": "a@b.example", "subject": "a", "text": "a"}).to_string(),
    );
    assert_eq!(problem(other).await, (422, "no_route".to_owned()));
    harness.end().await;
}

#[actix_web::test]
async fn a_moment_that_has_passed_means_at_once() {
    let harness = start().await;
    let request =
        json!({"to": "13800000001", "text": "a", "send_at": "2020-01-01T08:00:00+08:00", "priority": "low"});
    sent(&harness, request).await;
    harness.end().await;
}

#[actix_web::test]
async fn only_a_message_with_an_address_may_be_long() {
    let harness = start().await;
    let html = "<p>长</p>".repeat(20_000);
    let journey = sent(
        &harness,
        json!({"mail": "a@b.example", "subject": "a", "html": html}),
    )
    .await;
    let mail = journey.attempts[0].content.mail().unwrap();
    assert_eq!(mail.html.as_deref().map(str::len), Some(html.len()));
    let (status, body) = send(
        &harness,
        json!({"to": "13800000001", "subject": "a", "html": html}),
    )
    .await;
    assert_eq!((status, body["code"].as_str()), (413, Some("payload_too_large")));
    let longer = "<p>长</p>".repeat(30_000);
    let (status, body) = send(
        &harness,
        json!({"mail": "a@b.example", "subject": "a", "html": longer}),
    )
    .await;
    assert_eq!((status, body["code"].as_str()), (422, Some("text_too_long")));
    harness.end().await;
}

#[actix_web::test]
async fn lines_of_a_batch_are_the_same_by_recipient_and_everything_said() {
    let harness = start().await;
    let lines = json!([
        {"mail": "a@b.example", "subject": "a", "text": "a"},
        {"mail": "a@b.example", "subject": "a", "text": "a", "reference": "again"},
        {"mail": "c@b.example", "subject": "a", "text": "a"},
        {"mail": "a@b.example", "subject": "b", "text": "a"},
        {"to": "13800000001", "text": "a"},
        {"to": "13800000001", "mail": "a@b.example", "subject": "a", "text": "a",
         "plan": [{"channel": "sms"}, {"channel": "mail", "when": "failed"}]},
        {"to": "13800000001", "mail": "a@b.example", "text": "a"},
        {"subject": "a", "text": "a"},
    ]);
    let (status, body) = answer(harness.post("/v1/messages/batch", lines.to_string())).await;
    assert_eq!(status, 202, "{body}");
    let refused: Vec<_> = body["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["line"].as_u64().unwrap(), line["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        refused,
        [(2, "duplicate_line"), (7, "duplicate_line"), (8, "invalid_field")]
    );
    harness.end().await;
}

#[actix_web::test]
async fn hostile_uploads_leave_nothing() {
    let harness = start().await;
    assert_eq!(upload(&harness, "").await.1["code"], "attachment_invalid");
    let chunk = vec![7u8; 1 << 20];
    let chunks = (0..17).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
    let endless = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let (status, body) = upload(&harness, endless).await;
    assert_eq!((status, body["code"].as_str()), (413, Some("payload_too_large")));
    let broken = futures_util::stream::iter([Ok(vec![7u8; 1 << 20]), Err(std::io::Error::other("cut"))]);
    let cut = harness.post_as(
        "his",
        "text/plain",
        "/v1/files",
        reqwest::Body::wrap_stream(broken),
    );
    assert!(cut.send().await.is_err(), "the client itself broke off");
    let without = harness.request(Method::POST, "/v1/files").body("a");
    assert_eq!(problem(without).await, (401, "unauthenticated".to_owned()));
    let (status, whole) = upload(&harness, vec![7u8; 15 << 20]).await;
    assert_eq!(
        (status, whole["bytes"].as_u64()),
        (201, Some(15 << 20)),
        "{whole}"
    );
    let file = whole["file"].as_str().unwrap();
    let two = json!({"mail": "a@b.example", "subject": "a", "text": "a",
        "attachments": [{"file": file, "name": "a"}, {"file": file, "name": "b"}]});
    let (status, body) = send(&harness, two).await;
    assert_eq!(
        (status, body["code"].as_str()),
        (422, Some("attachments_too_large"))
    );
    let folder = harness.folder.path().join("files");
    let unfinished = || {
        let names = std::fs::read_dir(&folder).unwrap();
        names
            .filter(|name| {
                name.as_ref()
                    .unwrap()
                    .path()
                    .extension()
                    .is_some_and(|end| end == "part")
            })
            .count()
    };
    let gone = async {
        while unfinished() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .expect("what was not finished is removed");
    harness.end().await;
}

#[actix_web::test]
async fn a_disk_that_is_low_takes_no_file() {
    let harness = Harness::with(|config| config.journal.disk_free_bytes_min = u64::MAX).await;
    let (status, body) = upload(&harness, "a").await;
    assert_eq!((status, body["code"].as_str()), (503, Some("disk_low")));
    harness.end().await;
}

#[actix_web::test]
async fn the_caller_may_have_seen_that_the_person_read_it() {
    let harness = start().await;
    let (_, body) = send(&harness, json!({"to": "13800000001", "text": "a"})).await;
    let path = format!("/v1/messages/{}/read", body["id"].as_str().unwrap());
    let read = |account: &str| harness.request(Method::POST, &path).bearer_auth(key(account));
    assert_eq!(problem(read("lis")).await, (404, "not_found".to_owned()));
    for _ in 0..2 {
        assert_eq!(read("his").send().await.unwrap().status(), 202);
    }
    for unknown in ["msg_0000000000000", "nothing"] {
        let path = format!("/v1/messages/{unknown}/read");
        let request = harness.request(Method::POST, &path).bearer_auth(key("his"));
        assert_eq!(problem(request).await, (404, "not_found".to_owned()));
    }
    harness.end().await;
}

/// The view tells each attempt, also one that has not started, and the address only masked.
#[actix_web::test]
async fn a_plan_is_shown_whole_and_searched_by_address() {
    let harness = start().await;
    let request = json!({
        "to": "13800000001", "mail": "Zhang.San@home.example", "strategy": "sms then mail",
        "text": "您好", "variables": {"name": "张三"},
    });
    let (status, taken) = send(&harness, request).await;
    assert_eq!(status, 202, "{taken}");
    let path = format!("/v1/messages/{}", taken["id"].as_str().unwrap());
    let (_, message) = answer(harness.get(&path)).await;
    assert_eq!(
        (&message["to"], &message["mail"]),
        (&json!("138****0001"), &json!("Z***@home.example"))
    );
    let attempts = message["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "{message}");
    assert_eq!(
        [
            &attempts[0]["channel"],
            &attempts[0]["start"],
            &attempts[0]["started_at"]
        ],
        [&json!("sms"), &json!("with the message"), &message["accepted_at"]]
    );
    let mail = &attempts[1];
    assert_eq!(
        [
            &mail["channel"],
            &mail["start"],
            &mail["when"],
            &mail["subject"],
            &mail["mail"]
        ],
        [
            &json!("mail"),
            &json!("not started"),
            &json!("if the attempt before is not delivered within 300 s"),
            &json!("张三的报告"),
            &json!("Z***@home.example"),
        ]
    );
    assert_eq!(
        (&mail["started_at"], &mail["segments"]),
        (&Value::Null, &json!([]))
    );
    for (query, found) in [
        ("zhang.san@HOME.example", 1),
        ("zhang.san@home.example&status=accepted", 1),
        ("zhang.san@home.example&status=delivered", 0),
        ("zhang@home.example", 0),
    ] {
        let (status, page) = answer(harness.get(&format!("/v1/messages?mail={query}"))).await;
        assert_eq!(status, 200, "{page}");
        assert_eq!(page["messages"].as_array().unwrap().len(), found, "{query}");
    }
    let (_, page) = answer(harness.operator(
        Method::GET,
        "/v1/admin/messages?mail=zhang.san@home.example&numbers=full",
    ))
    .await;
    assert_eq!(page["messages"][0]["mail"], "Zhang.San@home.example");
    harness.end().await;
}
