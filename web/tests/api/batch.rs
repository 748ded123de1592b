use super::harness::{Harness, answer};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

fn ndjson(harness: &Harness, path: &str, body: &str) -> RequestBuilder {
    harness.post_as("his", "application/x-ndjson", path, body.to_owned())
}

fn lines(list: &Value) -> Vec<u64> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["line"].as_u64().unwrap())
        .collect()
}

/// Line, code and field of each refused line.
fn refusals(body: &Value) -> Vec<(u64, &str, &str)> {
    let entries = body["refused"].as_array().unwrap();
    entries
        .iter()
        .map(|e| {
            (
                e["line"].as_u64().unwrap(),
                e["code"].as_str().unwrap(),
                e["field"].as_str().unwrap(),
            )
        })
        .collect()
}

#[actix_web::test]
async fn each_line_is_taken_or_refused_by_itself() {
    let harness = Harness::start().await;
    let body = json!([
        {"to": "13800000001", "text": "a"},
        {"to": "138", "text": "a"},
        {"to": "13800000002", "template": "reminder", "variables": {"name": "王女士", "date": "2026-03-01"}},
        {"to": "13800000002", "template": "reminder"},
        5,
        {"to": "13800000001", "text": "a"},
        {"to": "13800000001", "text": "b"},
    ])
    .to_string();
    let (status, answered) = answer(harness.post("/v1/messages/batch", body.clone())).await;
    assert_eq!(status, 202, "{answered}");
    assert_eq!(lines(&answered["accepted"]), [1, 3, 7]);
    assert_eq!(
        refusals(&answered),
        [
            (2, "invalid_phone", "to"),
            (4, "missing_variable", "variables.name"),
            (5, "invalid_field", ""),
            (6, "duplicate_line", ""),
        ]
    );
    assert!(
        answered["refused"][3]["detail"]
            .as_str()
            .unwrap()
            .contains("line 1")
    );

    let (status, answered) = answer(harness.post("/v1/messages/batch?duplicates=allow", body)).await;
    assert_eq!((status, lines(&answered["accepted"])), (202, vec![1, 3, 6, 7]));
    let id = answered["accepted"][1]["id"].as_str().unwrap();
    let (_, message) = answer(harness.get(&format!("/v1/messages/{id}"))).await;
    assert_eq!(message["text"], "【医院】王女士您好，请于2026-03-01就诊。");
    assert_eq!(message["template"], "reminder");
    harness.end().await;
}

#[actix_web::test]
async fn a_broken_line_of_ndjson_is_one_line_and_a_broken_array_is_the_whole() {
    let harness = Harness::start().await;
    let body = "\u{feff}{\"to\":\"13800000001\",\"text\":\"a\"}\n{\"to\":\n\n{\"to\":\"13800000002\",\"text\":\"a\"}\r\n";
    let (status, answered) = answer(ndjson(&harness, "/v1/messages/batch", body)).await;
    assert_eq!((status, lines(&answered["accepted"])), (202, vec![1, 4]));
    assert_eq!(
        refusals(&answered),
        [(2, "invalid_json", ""), (3, "invalid_json", "")]
    );

    let (status, problem) = answer(harness.post("/v1/messages/batch", "[{\"to\":\"1\"},\n{\"to\":]")).await;
    assert_eq!((status, problem["code"].as_str()), (400, Some("invalid_json")));
    assert_eq!(
        (problem["line"].as_u64(), problem["column"].as_u64()),
        (Some(2), Some(7))
    );
    harness.end().await;
}

#[actix_web::test]
async fn a_batch_of_which_nothing_is_accepted_is_a_problem_with_every_reason() {
    let harness = Harness::start().await;
    let (status, problem) = answer(harness.post("/v1/messages/batch", r#"[{"to":"1","text":"a"},{}]"#)).await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (422, Some("nothing_accepted"))
    );
    assert_eq!(
        refusals(&problem),
        [(1, "invalid_phone", "to"), (2, "invalid_field", "to")]
    );
    for empty in ["[]", " [ ] "] {
        let (status, problem) = answer(harness.post("/v1/messages/batch", empty)).await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (422, Some("nothing_accepted"))
        );
    }
    let (status, problem) = answer(harness.post("/v1/messages/batch?duplicates=perhaps", "[]")).await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (400, Some("invalid_parameter"))
    );
    harness.end().await;
}

#[actix_web::test]
async fn ten_thousand_lines_are_taken_and_the_same_again_gives_the_same_ids() {
    let harness = Harness::start().await;
    let line = |n: u64| {
        format!(
            "{{\"to\":\"{}\",\"text\":\"您好，编号{n}\"}}\n",
            13_800_000_000u64 + n
        )
    };
    let body: String = (0..10_000).map(line).collect();
    let send = || ndjson(&harness, "/v1/messages/batch", &body).header("Idempotency-Key", "night run");
    let (status, first) = answer(send()).await;
    assert_eq!(
        (status, first["accepted"].as_array().unwrap().len()),
        (202, 10_000)
    );
    assert_eq!(answer(send()).await, (202, first));

    let (status, problem) = answer(ndjson(
        &harness,
        "/v1/messages/batch",
        &(body.clone() + &line(10_000)),
    ))
    .await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (413, Some("payload_too_large"))
    );
    let conflicting = ndjson(&harness, "/v1/messages/batch", &line(1)).header("Idempotency-Key", "night run");
    let (status, problem) = answer(conflicting).await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (409, Some("idempotency_conflict"))
    );
    harness.end().await;
}
