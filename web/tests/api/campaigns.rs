//! Campaigns as callers run them: drafts, recipients, steering, refused lines (SEND-5, SEND-8).

use super::harness::{Harness, answer, key, problem};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::Duration;

fn draft() -> Value {
    json!({
        "name": "复诊提醒",
        "text": "{name}您好，请于{就诊日期}复诊",
        "columns": { "to": "手机号", "reference": "就诊号", "variables": { "name": "姓名" } },
    })
}

/// Of its five lines the second has a wrong number, the third no name, and the fifth the number of the first.
const RECIPIENTS: &str = "手机号,姓名,就诊日期,就诊号\n\
    13800000001,张三,2026-03-01,A1\n\
    1380000,李四,2026-03-01,A2\n\
    13800000003,,2026-03-01,A3\n\
    13800000004,赵六,2026-03-01,A4\n\
    +86 138 0000 0001,张三,2026-03-01,A5\n";

async fn create(harness: &Harness, draft: &Value) -> String {
    let (status, body) = answer(harness.post("/v1/campaigns", draft.to_string())).await;
    assert_eq!((status, &body["state"]), (201, &json!("draft")), "{body}");
    body["id"].as_str().unwrap().to_owned()
}

fn put(harness: &Harness, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    harness
        .request(Method::PUT, path)
        .bearer_auth(key("his"))
        .body(body)
}

async fn show(harness: &Harness, id: &str) -> Value {
    let (status, body) = answer(harness.get(&format!("/v1/campaigns/{id}"))).await;
    assert_eq!(status, 200, "{body}");
    body
}

/// The campaign once `reached` says so.
async fn until(harness: &Harness, id: &str, reached: impl Fn(&Value) -> bool) -> Value {
    let mut seen = Value::Null;
    for _ in 0..500 {
        seen = show(harness, id).await;
        if reached(&seen) {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never comes so far: {seen}");
}

/// Uploads recipients and waits for the end of their check.
async fn upload(harness: &Harness, id: &str, file: impl Into<reqwest::Body>) -> Value {
    let path = format!("/v1/campaigns/{id}/recipients");
    let (status, body) = answer(put(harness, &path, file)).await;
    assert_eq!(status, 202, "{body}");
    until(harness, id, |campaign| campaign["state"] != "checking").await
}

async fn steer(harness: &Harness, id: &str, what: &str) -> (u16, Value) {
    answer(harness.post(&format!("/v1/campaigns/{id}/{what}"), "")).await
}

#[actix_web::test]
async fn a_campaign_from_its_draft_to_its_stop() {
    let harness = Harness::start().await;
    let id = create(&harness, &draft()).await;
    let (gbk, _, _) = encoding_rs::GB18030.encode(RECIPIENTS);
    let ready = upload(&harness, &id, gbk.into_owned()).await;
    assert_eq!(ready["state"], "ready", "{ready}");
    let lines = json!({ "total": 5, "good": 2, "refused": 2, "doubles": 1 });
    assert_eq!(ready["lines"], lines);
    let (status, refused) = answer(harness.get(&format!("/v1/campaigns/{id}/refused"))).await;
    assert_eq!(status, 200);
    let brief: Vec<_> = refused["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["line"].clone(), line["field"].clone(), line["code"].clone()))
        .collect();
    let expected = [
        (json!(3), json!("手机号"), json!("invalid_phone")),
        (json!(4), json!("姓名"), json!("missing_variable")),
        (json!(6), json!("手机号"), json!("duplicate_recipient")),
    ];
    assert_eq!(brief, expected);
    let page = format!("/v1/campaigns/{id}/refused?limit=1&after_line=3");
    let (_, page) = answer(harness.get(&page)).await;
    assert_eq!((&page["lines"][0]["line"], &page["next"]), (&json!(4), &json!(4)));
    let csv = harness
        .get(&format!("/v1/campaigns/{id}/refused.csv"))
        .send()
        .await
        .unwrap();
    let csv = csv.text().await.unwrap();
    assert!(
        csv.starts_with("\u{feff}line,field,code,reason\r\n3,手机号,invalid_phone,"),
        "{csv}"
    );
    assert!(!csv.contains("1380000"), "no number is repeated (PII-1)");

    let (status, body) = steer(&harness, &id, "start").await;
    assert_eq!((status, &body["state"]), (200, &json!("running")));
    // The connection is off: nothing is written.
    let running = until(&harness, &id, |campaign| campaign["counts"]["expanded"] == 2).await;
    assert_eq!(
        (&running["counts"]["waiting"], &running["percent"]),
        (&json!(2), &json!(0.0))
    );
    let (_, found) = answer(harness.get(&format!("/v1/messages?campaign={id}"))).await;
    let messages = found["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2, "{found}");
    assert_eq!(messages[1]["text"], "【医院】张三您好，请于2026-03-01复诊");
    assert_eq!(messages[1]["reference"], "A1");

    assert_eq!(steer(&harness, &id, "pause").await.0, 200);
    let paused = show(&harness, &id).await;
    assert_eq!(
        (&paused["state"], &paused["expected_end"]),
        (&json!("paused"), &Value::Null)
    );
    let again = problem(harness.post(&format!("/v1/campaigns/{id}/pause"), "")).await;
    assert_eq!(again, (409, "campaign_state".to_owned()));
    assert_eq!(steer(&harness, &id, "resume").await.0, 200);
    let rate = put(
        &harness,
        &format!("/v1/campaigns/{id}/rate"),
        r#"{"per_second":500}"#,
    );
    assert_eq!(answer(rate).await.0, 200);
    assert_eq!(show(&harness, &id).await["rate_per_second"], 500);
    assert_eq!(steer(&harness, &id, "stop").await.0, 200);
    let stopped = until(&harness, &id, |campaign| campaign["counts"]["cancelled"] == 2).await;
    assert_eq!(
        (&stopped["state"], &stopped["percent"]),
        (&json!("stopped"), &json!(100.0))
    );
    harness.end().await;
}

#[actix_web::test]
async fn campaigns_outlive_a_restart_and_belong_to_their_account() {
    let harness = Harness::start().await;
    let drafted = create(&harness, &draft()).await;
    let running = create(&harness, &draft()).await;
    upload(&harness, &running, RECIPIENTS).await;
    assert_eq!(steer(&harness, &running, "start").await.0, 200);
    until(&harness, &running, |campaign| campaign["counts"]["expanded"] == 2).await;
    let harness = harness.restart().await;
    let operator = |method, path: &str| harness.operator(method, path);
    assert_eq!(show(&harness, &drafted).await["state"], "draft");
    let seen = show(&harness, &running).await;
    assert_eq!(
        (&seen["state"], &seen["counts"]["expanded"]),
        (&json!("running"), &json!(2))
    );
    assert_eq!(upload(&harness, &drafted, RECIPIENTS).await["state"], "ready");

    let (_, list) = answer(harness.get("/v1/campaigns?limit=1")).await;
    assert_eq!(
        (&list["campaigns"][0]["id"], &list["next"]),
        (&json!(running), &json!(running))
    );
    let (_, list) = answer(harness.get(&format!("/v1/campaigns?before={running}"))).await;
    assert_eq!(
        (&list["campaigns"][0]["id"], &list["next"]),
        (&json!(drafted), &Value::Null)
    );
    let path = format!("/v1/campaigns/{running}");
    let foreign = harness.request(Method::GET, &path).bearer_auth(key("lis"));
    assert_eq!(problem(foreign).await, (404, "not_found".to_owned()));
    let foreign = harness.post_as("lis", "application/json", &format!("{path}/stop"), "");
    assert_eq!(problem(foreign).await.0, 404);
    let (_, all) = answer(operator(Method::GET, "/v1/admin/campaigns")).await;
    assert_eq!(all["campaigns"].as_array().unwrap().len(), 2);
    let stop = format!("/v1/admin/campaigns/{running}/stop");
    assert_eq!(answer(operator(Method::POST, &stop)).await.0, 200);

    let remove = |id: &str| {
        let path = format!("/v1/campaigns/{id}");
        harness.request(Method::DELETE, &path).bearer_auth(key("his"))
    };
    assert_eq!(
        problem(remove(&running)).await,
        (409, "campaign_state".to_owned())
    );
    assert_eq!(remove(&drafted).send().await.unwrap().status(), 204);
    assert_eq!(problem(remove(&drafted)).await.0, 404);
    harness.end().await;
}

#[actix_web::test]
async fn operators_find_and_steer_campaigns_of_all_accounts() {
    let harness = Harness::start().await;
    let drafted = create(&harness, &draft()).await;
    let mut named = draft();
    named["name"] = json!("Flu 疫苗告知");
    let ready = create(&harness, &named).await;
    upload(&harness, &ready, RECIPIENTS).await;
    let found = async |query: &str| {
        let path = format!("/v1/admin/campaigns?{query}");
        let (status, page) = answer(harness.operator(Method::GET, &path)).await;
        assert_eq!(status, 200, "{query}: {page}");
        let campaigns = page["campaigns"].as_array().unwrap().clone();
        campaigns
            .into_iter()
            .map(|campaign| campaign["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("").await, [ready.clone(), drafted.clone()]);
    assert_eq!(found("state=ready,running").await, std::slice::from_ref(&ready));
    assert_eq!(
        found("state=draft&account=his").await,
        std::slice::from_ref(&drafted)
    );
    assert_eq!(found("name=fLU%20").await, std::slice::from_ref(&ready));
    assert_eq!(found("account=lis").await, Vec::<String>::new());
    for query in ["state=gone", "state=", "account=nobody", "states=ready"] {
        let path = format!("/v1/admin/campaigns?{query}");
        let refused = problem(harness.operator(Method::GET, &path)).await;
        assert_eq!(refused, (400, "invalid_parameter".to_owned()), "{query}");
    }

    let of = |what: &str| format!("/v1/admin/campaigns/{ready}/{what}");
    let (_, refused) = answer(harness.operator(Method::GET, &of("refused"))).await;
    assert_eq!(refused["lines"].as_array().unwrap().len(), 3, "{refused}");
    let csv = harness.operator(Method::GET, &of("refused.csv")).send().await;
    let csv = csv.unwrap().text().await.unwrap();
    assert_eq!(csv.lines().count(), 4, "{csv}");
    let (status, started) = answer(harness.operator(Method::POST, &of("start"))).await;
    assert_eq!((status, &started["state"]), (200, &json!("running")));
    let resend = |id: &str| {
        let path = format!("/v1/admin/campaigns/{id}/resend");
        let request = harness.operator(Method::POST, &path);
        request.header("Content-Type", "application/json").body("{}")
    };
    let early = problem(resend(&ready)).await;
    assert_eq!(early, (409, "campaign_state".to_owned()));
    assert_eq!(problem(resend("cmp_zzzzzzz")).await.0, 404);
    harness.end().await;
}

#[actix_web::test]
async fn a_key_makes_one_campaign() {
    let harness = Harness::start().await;
    let send = |body: Value| {
        let request = harness.post("/v1/campaigns", body.to_string());
        answer(request.header("Idempotency-Key", "once"))
    };
    let (_, first) = send(draft()).await;
    let (status, again) = send(draft()).await;
    assert_eq!((status, &again["id"]), (201, &first["id"]));
    let mut other = draft();
    other["name"] = json!("other");
    assert_eq!(send(other).await.0, 409);
    harness.end().await;
}

#[actix_web::test]
async fn what_failed_is_sent_again() {
    let harness = Harness::start().await;
    // Three segments a day: the fourth line is over the quota when it is expanded.
    let request = harness.post_as("lis", "application/json", "/v1/campaigns", draft().to_string());
    let (_, made) = answer(request).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let as_lis = |method: Method, path: String| harness.request(method, &path).bearer_auth(key("lis"));
    let lines: String = (1..=4)
        .map(|number| format!("1380000000{number},张三,2026-03-01,A{number}\n"))
        .collect();
    let file = format!("手机号,姓名,就诊日期,就诊号\n{lines}");
    let path = format!("/v1/campaigns/{id}");
    assert_eq!(
        answer(as_lis(Method::PUT, format!("{path}/recipients")).body(file))
            .await
            .0,
        202
    );
    let reach = async |id: &str, reached: fn(&Value) -> bool| {
        for _ in 0..500 {
            let (_, seen) = answer(as_lis(Method::GET, format!("/v1/campaigns/{id}"))).await;
            if reached(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{id} never comes so far");
    };
    reach(&id, |seen| seen["state"] == "ready").await;
    assert_eq!(
        problem(as_lis(Method::POST, format!("{path}/resend"))).await.0,
        409
    );
    answer(as_lis(Method::POST, format!("{path}/start"))).await;
    reach(&id, |seen| seen["counts"]["rejected"] == 1).await;
    answer(as_lis(Method::POST, format!("{path}/stop"))).await;
    reach(&id, |seen| seen["counts"]["cancelled"] == 3).await;
    let resend = as_lis(Method::POST, format!("{path}/resend")).body(r#"{"states":["rejected"]}"#);
    let (status, resent) = answer(resend).await;
    assert_eq!((status, &resent["state"]), (201, &json!("checking")));
    let second = reach(resent["id"].as_str().unwrap(), |seen| seen["state"] == "ready").await;
    assert_eq!(
        (&second["lines"]["good"], &second["resend_of"]),
        (&json!(1), &json!(id))
    );
    answer(as_lis(
        Method::POST,
        format!("/v1/campaigns/{}/start", second["id"].as_str().unwrap()),
    ))
    .await;
    let second = reach(second["id"].as_str().unwrap(), |seen| {
        seen["counts"]["expanded"] == 1
    })
    .await;
    let search = as_lis(
        Method::GET,
        format!("/v1/messages?campaign={}", second["id"].as_str().unwrap()),
    );
    let (_, found) = answer(search).await;
    assert_eq!(found["messages"][0]["reference"], "A4", "{found}");
    harness.end().await;
}

#[actix_web::test]
async fn files_that_cannot_be_used_are_told_and_another_may_follow() {
    let harness = Harness::start().await;
    let id = create(&harness, &draft()).await;
    let many = vec!["x"; 3_000].join(",");
    let mixed = [
        RECIPIENTS.as_bytes(),
        &encoding_rs::GB18030.encode(&RECIPIENTS.repeat(3)).0,
    ]
    .concat();
    let cases: [(Vec<u8>, &str); 7] = [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "PNG"),
        (Vec::new(), "empty"),
        (many.into_bytes(), "3000 columns"),
        ("手机号,姓名,就诊日期,就诊号".into(), "no line"),
        ("电话\n13800000001\n".into(), "手机号"),
        (mixed, "encoding"),
        (b"\0\0\0\0".to_vec(), "binary"),
    ];
    for (file, words) in cases {
        let seen = upload(&harness, &id, file).await;
        assert_eq!(seen["state"], "draft", "{seen}");
        assert!(seen["problem"].as_str().unwrap().contains(words), "{seen}");
        assert_eq!(steer(&harness, &id, "start").await.0, 409);
    }
    let half = format!("{RECIPIENTS}13800000009,王");
    let seen = upload(&harness, &id, half).await;
    assert_eq!(
        (&seen["state"], &seen["lines"]["refused"]),
        (&json!("ready"), &json!(3))
    );
    let none = upload(&harness, &id, "手机号,姓名,就诊日期,就诊号\n1,,,\n").await;
    assert_eq!(
        (&none["state"], &none["lines"]["good"]),
        (&json!("ready"), &json!(0))
    );
    assert_eq!(steer(&harness, &id, "start").await.0, 409, "nobody to send to");
    harness.end().await;
}

#[actix_web::test]
async fn drafts_that_make_no_sense_are_refused_at_once() {
    let harness = Harness::start().await;
    let with = |field: &str, value: Value| {
        let mut draft = draft();
        draft[field] = value;
        draft
    };
    let cases = [
        (with("name", json!(" ")), 400, "name"),
        (with("name", json!("长".repeat(101))), 400, "name"),
        (with("columns", json!({})), 400, "columns"),
        (with("columns", json!({ "to": "" })), 400, "columns.to"),
        (with("text", json!("{name")), 422, "text"),
        (with("rate_per_second", json!(0)), 400, "rate_per_second"),
        (with("rate_per_second", json!(100_001)), 400, "rate_per_second"),
        (with("schedule", json!({ "at": "tomorrow" })), 400, "schedule.at"),
        (
            with("schedule", json!({ "at": "2020-01-01T08:00:00+08:00" })),
            400,
            "schedule.expires_at",
        ),
        (with("unknown", json!(1)), 400, "unknown"),
        (with("window", json!("late")), 400, "window"),
    ];
    for (draft, status, field) in cases {
        let (seen, body) = answer(harness.post("/v1/campaigns", draft.to_string())).await;
        assert_eq!((seen, &body["field"]), (status, &json!(field)), "{body}");
    }
    for path in ["/v1/campaigns/cmp_0000009", "/v1/campaigns/nothing"] {
        assert_eq!(problem(harness.get(path)).await, (404, "not_found".to_owned()));
    }
    harness.end().await;
}
