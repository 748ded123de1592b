use super::harness::{Harness, answer, key, problem};
use futures_util::future::join_all;
use reqwest::Method;
use std::collections::HashSet;

const HELLO: &str = r#"{"to":"13800000001","text":"您好","reference":"visit-1"}"#;

#[actix_web::test]
async fn an_accepted_message_can_be_read_by_its_account_and_by_operators() {
    let harness = Harness::start().await;
    let (status, body) = answer(harness.post("/v1/messages", HELLO)).await;
    assert_eq!((status, body["status"].as_str()), (202, Some("accepted")));
    let path = format!("/v1/messages/{}", body["id"].as_str().unwrap());

    let (status, message) = answer(harness.get(&path)).await;
    assert_eq!(status, 200);
    assert_eq!(message["id"], body["id"]);
    assert_eq!(message["to"], "138****0001");
    assert_eq!(message["text"], "【医院】您好");
    assert_eq!(message["reference"], "visit-1");
    assert_eq!(message["account"], "his");
    assert_eq!(message["status"], "accepted");
    assert_eq!(message["final"], false);
    assert_eq!(message["attempts"][0]["channel"], "sms");
    assert_eq!(message["attempts"][0]["segments"][0]["status"], "waiting");
    assert!(message["accepted_at"].as_str().unwrap().ends_with("+08:00"));

    let of_operators = format!("{}?numbers=full", path.replace("/v1/", "/v1/admin/"));
    let (status, message) = answer(harness.operator(Method::GET, &of_operators)).await;
    assert_eq!((status, message["to"].as_str()), (200, Some("13800000001")));

    let others = harness.request(Method::GET, &path).bearer_auth(key("lis"));
    assert_eq!(problem(others).await, (404, "not_found".to_owned()));
    harness.end().await;
}

#[actix_web::test]
async fn what_is_wrong_with_a_message_is_said_by_code_and_field() {
    let harness = Harness::start().await;
    let long = format!(r#"{{"to":"13800000001","text":"{}"}}"#, "长".repeat(5_000));
    let reference = format!(
        r#"{{"to":"13800000001","text":"a","reference":"{}"}}"#,
        "r".repeat(65)
    );
    for (body, status, code, field) in [
        ("", 400, "invalid_json", ""),
        ("{\"to\":", 400, "invalid_json", ""),
        ("[]", 400, "invalid_field", ""),
        (r#"{"text":"a"}"#, 400, "invalid_field", "to"),
        (r#"{"to":"13800000001","txt":"a"}"#, 400, "invalid_field", "txt"),
        (r#"{"to":"138","text":"a"}"#, 422, "invalid_phone", "to"),
        (r#"{"to":"13800000001"}"#, 422, "text_empty", "text"),
        (r#"{"to":"13800000001","text":"  "}"#, 422, "text_empty", "text"),
        (
            r#"{"to":"13800000001","text":"a\u0000b"}"#,
            422,
            "text_invalid",
            "text",
        ),
        (&long, 422, "text_too_long", "text"),
        (
            r#"{"to":"13800000001","text":"a","template":"reminder"}"#,
            422,
            "text_and_template",
            "template",
        ),
        (
            r#"{"to":"13800000001","template":"none"}"#,
            422,
            "unknown_template",
            "template",
        ),
        (
            r#"{"to":"13800000001","template":"reminder"}"#,
            422,
            "missing_variable",
            "variables.name",
        ),
        (
            r#"{"to":"13800000001","template":"reminder","variables":{"name":"王女士","date":"soon"}}"#,
            422,
            "invalid_variable",
            "variables.date",
        ),
        (
            r#"{"to":"13800000001","template":"reminder","variables":{"name":"【银行】","date":"2026-03-01"}}"#,
            422,
            "invalid_variable",
            "variables.name",
        ),
        (
            r#"{"to":"13800000001","text":"a","signature":"【a】"}"#,
            422,
            "signature_invalid",
            "signature",
        ),
        (
            r#"{"to":"13800000001","text":"a","business_type":"x"}"#,
            422,
            "unknown_business_type",
            "business_type",
        ),
        (
            r#"{"to":"13800000001","text":"a","business_type":"codes"}"#,
            422,
            "template_required",
            "template",
        ),
        (
            r#"{"to":"13800000001","text":"a","validity_s":1}"#,
            422,
            "validity_out_of_range",
            "validity_s",
        ),
        (&reference, 422, "reference_too_long", "reference"),
        (
            r#"{"to":"13800000001","text":"a","reference":"a\nb"}"#,
            422,
            "reference_invalid",
            "reference",
        ),
    ] {
        let (got, problem) = answer(harness.post("/v1/messages", body.to_owned())).await;
        assert_eq!(
            (got, problem["code"].as_str()),
            (status, Some(code)),
            "{body}: {problem}"
        );
        assert_eq!(
            problem["field"].as_str().unwrap_or(""),
            field,
            "{body}: {problem}"
        );
    }
    let unrouted = harness.post_as("no-route", "application/json", "/v1/messages", HELLO);
    assert_eq!(problem(unrouted).await, (422, "no_route".to_owned()));
    harness.end().await;
}

#[actix_web::test]
async fn one_key_sends_once_however_often_it_is_asked() {
    let harness = Harness::start().await;
    let send = |body: &'static str, key: &'static str| {
        answer(harness.post("/v1/messages", body).header("Idempotency-Key", key))
    };
    let ids: HashSet<_> = join_all((0..16).map(|_| send(HELLO, "visit-1")))
        .await
        .into_iter()
        .map(|(status, body)| {
            assert_eq!(status, 202, "{body}");
            body["id"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(
        ids.len(),
        1,
        "requests at the same time under one key made {ids:?}"
    );
    assert_eq!(
        send(HELLO, "visit-1").await.1["id"].as_str(),
        ids.iter().next().map(String::as_str)
    );
    assert_ne!(
        send(HELLO, "visit-2").await.1["id"].as_str(),
        ids.iter().next().map(String::as_str)
    );
    let (status, body) = send(r#"{"to":"13800000001","text":"other"}"#, "visit-1").await;
    assert_eq!(
        (status, body["code"].as_str()),
        (409, Some("idempotency_conflict"))
    );
    let (status, body) = send(HELLO, "").await;
    assert_eq!(
        (status, body["code"].as_str(), body["field"].as_str()),
        (400, Some("invalid_parameter"), Some("Idempotency-Key"))
    );

    let id = ids.into_iter().next().unwrap();
    let folder = harness.end().await;
    let harness = Harness::on(folder, |_| {}).await;
    let again = harness
        .post("/v1/messages", HELLO)
        .header("Idempotency-Key", "visit-1");
    assert_eq!(
        answer(again).await.1["id"],
        id,
        "the key is known after a restart"
    );
    assert_eq!(answer(harness.get(&format!("/v1/messages/{id}"))).await.0, 200);
    harness.end().await;
}

#[actix_web::test]
async fn problems_are_told_in_chinese_when_asked() {
    let harness = Harness::start().await;
    let request = harness
        .get("/v1/messages/msg_0000000000000")
        .header("Accept-Language", "zh-CN,zh;q=0.9");
    let (status, body) = answer(request).await;
    assert_eq!((status, body["title"].as_str()), (404, Some("不存在")));
    harness.end().await;
}
