use super::harness::{Harness, answer, problem};
use reqwest::Method;
use serde_json::Value;

fn ids(page: &Value) -> Vec<String> {
    page["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["id"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn a_number_s_messages_are_paged_newest_first_and_only_the_account_s_own() {
    let harness = Harness::start().await;
    let mut sent = Vec::new();
    for n in 0..5 {
        let body = format!(r#"{{"to":"13800000001","text":"{n}"}}"#);
        sent.push(
            answer(harness.post("/v1/messages", body)).await.1["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
        let of_lis = r#"{"to":"13800000001","text":"lis"}"#;
        harness
            .post_as("lis", "application/json", "/v1/messages", of_lis)
            .send()
            .await
            .unwrap();
    }
    sent.reverse();
    let mut found = Vec::new();
    let mut path = "/v1/messages?to=%2B86%20138%200000%200001&limit=2".to_owned();
    for _ in 0..20 {
        let (status, page) = answer(harness.get(&path)).await;
        assert_eq!(status, 200, "{page}");
        assert!(ids(&page).len() <= 2);
        found.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/messages?to=13800000001&limit=2&before={next}");
    }
    assert_eq!(found, sent);

    let (_, page) = answer(harness.get("/v1/messages?to=13800000001&limit=5")).await;
    assert_eq!(ids(&page), sent, "a page that holds all of them");
    let (_, page) = answer(harness.operator(Method::GET, "/v1/admin/messages?to=13800000001")).await;
    assert_eq!(
        ids(&page).len(),
        8,
        "five of one account and the quota of three of the other"
    );
    assert_eq!(page["messages"][0]["to"], "138****0001");
    for (numbers, to) in [
        ("", "138****0001"),
        ("numbers=masked", "138****0001"),
        ("numbers=full", "13800000001"),
    ] {
        let search = format!("/v1/admin/messages?to=13800000001&{numbers}");
        let (_, page) = answer(harness.operator(Method::GET, &search)).await;
        assert_eq!(page["messages"][0]["to"], to, "{numbers}");
        let one = format!("/v1/admin/messages/{}?{numbers}", sent[0]);
        let (_, journey) = answer(harness.operator(Method::GET, &one)).await;
        assert_eq!(journey["to"], to, "{numbers}");
    }
    let (_, page) = answer(harness.get("/v1/messages?to=13800000002")).await;
    assert_eq!((ids(&page).len(), page["next"].as_str()), (0, None));
    harness.end().await;
}

#[actix_web::test]
async fn parameters_that_are_not_valid_are_refused() {
    let harness = Harness::start().await;
    for query in [
        "to=",
        "to=abc",
        "to=13800000001&limit=0",
        "to=13800000001&limit=201",
        "to=13800000001&limit=x",
        "to=13800000001&before=5",
        "to=13800000001&to=13800000002",
        "to=13800000001&page=2",
        "campaign=1",
        "status=gone",
        "status=delivered,",
        "status=",
        "from=yesterday",
        "until=2026-03-01",
        "from=2026-03-01T00:00:00Z&until=2026-04-02T00:00:00Z",
        "account=his",
        "account=lis",
        "numbers=full",
        "numbers=some",
    ] {
        let refused = problem(harness.get(&format!("/v1/messages?{query}"))).await;
        assert_eq!(refused, (400, "invalid_parameter".to_owned()), "{query}");
    }
    harness.end().await;
}

#[actix_web::test]
async fn operators_search_by_account_and_need_one() {
    let harness = Harness::start().await;
    for account in ["his", "lis"] {
        let body = r#"{"to":"13800000001","text":"您好"}"#;
        harness
            .post_as(account, "application/json", "/v1/messages", body)
            .send()
            .await
            .unwrap();
    }
    let search = |query: &str| harness.operator(Method::GET, &format!("/v1/admin/messages?{query}"));
    for (query, count) in [
        ("account=his", 1),
        ("account=lis&status=accepted", 1),
        ("account=his&status=failed", 0),
        ("account=no-route", 0),
        ("to=13800000001", 2),
        ("to=13800000001&account=lis", 1),
    ] {
        let (status, page) = answer(search(query)).await;
        assert_eq!((status, ids(&page).len()), (200, count), "{query}: {page}");
    }
    for query in ["", "account=nobody", "status=failed"] {
        let refused = problem(search(query)).await;
        assert_eq!(refused, (400, "invalid_parameter".to_owned()), "{query}");
    }
    harness.end().await;
}

#[actix_web::test]
async fn an_account_searches_its_messages_by_state_and_time() {
    let harness = Harness::start().await;
    let (_, first) = answer(harness.post("/v1/messages", r#"{"to":"13800000001","text":"a"}"#)).await;
    let (_, second) = answer(harness.post("/v1/messages", r#"{"to":"13800000002","text":"b"}"#)).await;
    let (_, journey) = answer(harness.get(&format!("/v1/messages/{}", second["id"].as_str().unwrap()))).await;
    let at = journey["accepted_at"].as_str().unwrap();
    let escaped = at.replace('+', "%2B");
    let (first, second) = (first["id"].as_str().unwrap(), second["id"].as_str().unwrap());
    for (query, wanted) in [
        (String::new(), vec![second, first]),
        ("status=accepted".to_owned(), vec![second, first]),
        (
            "status=active,%20accepted&to=13800000002".to_owned(),
            vec![second],
        ),
        ("status=delivered".to_owned(), vec![]),
        ("until=2026-01-01T00:00:00%2B08:00".to_owned(), vec![]),
        (format!("from={escaped}&to=13800000002"), vec![second]),
        // As people write it, without an escape.
        (format!("from={at}&to=13800000002"), vec![second]),
        (format!("until={escaped}&to=13800000002"), vec![]),
        ("campaign=cmp_0000001".to_owned(), vec![]),
        ("mail=a@home.example".to_owned(), vec![]),
    ] {
        let (status, page) = answer(harness.get(&format!("/v1/messages?{query}"))).await;
        assert_eq!(
            (status, ids(&page)),
            (200, wanted.iter().map(|id| (*id).to_owned()).collect()),
            "{query}"
        );
    }
    harness.end().await;
}
