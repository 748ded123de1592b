//! The configuration changed over the API and by `apply`, while the service runs.

use super::harness::{Harness, answer, key, problem};
use carillon_catalog::SqlCatalog;
use carillon_domain::catalog::apply::{ApplyFile, Environment, resolve};
use carillon_storage::catalog::Catalog;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn put(harness: &Harness, path: &str, body: &Value) -> RequestBuilder {
    let request = harness.operator(Method::PUT, &format!("/v1/admin/catalog/{path}"));
    request
        .header("Content-Type", "application/json")
        .body(body.to_string())
}

fn delete(harness: &Harness, path: &str) -> RequestBuilder {
    harness.operator(Method::DELETE, &format!("/v1/admin/catalog/{path}"))
}

fn get(harness: &Harness, path: &str) -> RequestBuilder {
    harness.operator(Method::GET, &format!("/v1/admin/catalog/{path}"))
}

fn account(name: &str) -> Value {
    json!({
        "name": name, "organisation": "hospital", "business_type": "notice",
        "modules": {"send": true, "query": true}, "connections": ["mobile"], "extension": "77",
    })
}

fn send(harness: &Harness, key: &str) -> RequestBuilder {
    harness
        .request(Method::POST, "/v1/messages")
        .bearer_auth(key)
        .body(r#"{"to": "13800000001", "text": "您好"}"#)
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !so().await {
        assert!(begin.elapsed() < Duration::from_secs(20), "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[actix_web::test]
async fn an_account_comes_sends_and_goes() {
    let harness = Harness::start().await;
    let (status, added) = answer(put(&harness, "account/new", &account("new"))).await;
    assert_eq!((status, added["version"].as_u64()), (200, Some(2)), "{added}");
    assert_eq!(added["changes"][0]["what"], "added");
    let new_key = added["new_keys"][0]["key"].as_str().unwrap().to_owned();
    assert_eq!(answer(send(&harness, &new_key)).await.0, 202);

    // The same again changes nothing, and shows no key.
    let (status, again) = answer(put(&harness, "account/new", &account("new"))).await;
    assert_eq!((status, again["version"].as_u64()), (200, Some(2)));
    assert!(again["changes"].as_array().unwrap().is_empty() && again.get("new_keys").is_none());

    let mut off = account("new");
    off["enabled"] = false.into();
    let (status, changed) = answer(put(&harness, "account/new", &off)).await;
    assert_eq!(status, 200);
    let change = &changed["changes"][0];
    assert_eq!(
        (change["field"].as_str(), change["to"].as_str()),
        (Some("enabled"), Some("false"))
    );
    assert_eq!(
        problem(send(&harness, &new_key)).await,
        (403, "account_disabled".to_owned())
    );

    assert_eq!(answer(delete(&harness, "account/new")).await.0, 200);
    assert_eq!(
        problem(send(&harness, &new_key)).await,
        (401, "unauthenticated".to_owned())
    );
    assert_eq!(
        problem(delete(&harness, "account/new")).await,
        (404, "not_found".to_owned())
    );
    harness.end().await;
}

#[actix_web::test]
async fn an_entry_read_can_be_put_back_and_holds_no_secret() {
    let harness = Harness::start().await;
    for path in [
        "connection/mobile",
        "account/his",
        "route_group/all",
        "route_rule/everything",
        "template/hospital/reminder",
    ] {
        let response = get(&harness, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let etag = response.headers()["etag"].to_str().unwrap().to_owned();
        let entry: Value = response.json().await.unwrap();
        let text = entry.to_string();
        assert!(
            !text.contains("secret-password") && !text.contains("key-of-the-account"),
            "{text}"
        );
        let (status, body) = answer(put(&harness, path, &entry).header("If-Match", etag)).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(body["changes"].as_array().unwrap().is_empty(), "{path}: {body}");
    }
    assert_eq!(answer(send(&harness, &key("his"))).await.0, 202);
    harness.end().await;
}

#[actix_web::test]
async fn bad_changes_change_nothing() {
    let harness = Harness::start().await;
    let (_, connection) = answer(get(&harness, "connection/mobile")).await;
    let with = |field: &str, value: Value| {
        let mut entry = connection.clone();
        entry[field] = value;
        put(&harness, "connection/mobile", &entry)
    };
    let cases = [
        (with("port", json!(0)), 422, "catalog_invalid"),
        (with("window", json!(9_999)), 422, "catalog_invalid"),
        (with("colour", json!("red")), 400, "invalid_field"),
        (with("name", json!("other")), 400, "invalid_field"),
        // Nothing of the server can be read through an entry.
        (
            with("password", json!({"file": "/etc/passwd"})),
            422,
            "catalog_invalid",
        ),
        (with("password", json!({"env": "HOME"})), 422, "catalog_invalid"),
        (
            put(&harness, "connection/mobile", &json!("mobile")),
            400,
            "invalid_field",
        ),
        (put(&harness, "nonsense/mobile", &connection), 404, "not_found"),
        (get(&harness, "connection/nobody"), 404, "not_found"),
        (delete(&harness, "connection/mobile"), 409, "in_use"),
        (delete(&harness, "organisation/hospital"), 409, "in_use"),
        (
            with("enabled", json!(true)).header("If-Match", "\"99\""),
            412,
            "stale_version",
        ),
        (
            with("enabled", json!(true)).header("If-Match", "new"),
            400,
            "invalid_parameter",
        ),
        (
            harness
                .operator(Method::PUT, "/v1/admin/catalog/connection/mobile")
                .body("{"),
            400,
            "invalid_json",
        ),
    ];
    for (number, (request, status, code)) in cases.into_iter().enumerate() {
        assert_eq!(problem(request).await, (status, code.to_owned()), "case {number}");
    }
    let (_, catalog) = answer(harness.operator(Method::GET, "/v1/admin/catalog")).await;
    assert_eq!(catalog["version"], 1);
    harness.end().await;
}

#[actix_web::test]
async fn a_page_of_another_site_changes_nothing_with_remembered_credentials() {
    let harness = Harness::start().await;
    for site in ["cross-site", "same-site"] {
        let request = delete(&harness, "route_rule/everything").header("Sec-Fetch-Site", site);
        assert_eq!(problem(request).await, (403, "cross_site".to_owned()), "{site}");
        let request = harness
            .operator(Method::POST, "/v1/admin/apply")
            .header("Sec-Fetch-Site", site);
        assert_eq!(problem(request).await, (403, "cross_site".to_owned()), "{site}");
    }
    let request = delete(&harness, "route_rule/everything").header("Sec-Fetch-Site", "same-origin");
    assert_eq!(answer(request).await.0, 200);
    harness.end().await;
}

#[actix_web::test]
async fn two_changes_of_the_same_version_do_not_both_succeed() {
    let harness = Harness::start().await;
    let weight = |weight: u16| {
        let entry = json!({"name": "hospital", "weight": weight});
        put(&harness, "organisation/hospital", &entry).header("If-Match", "\"1\"")
    };
    let (first, second) = tokio::join!(answer(weight(2)), answer(weight(3)));
    let mut statuses = [first.0, second.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    harness.end().await;
}

#[actix_web::test]
async fn a_whole_file_is_applied_in_either_form_and_only_shown_when_asked_to() {
    let harness = Harness::start().await;
    let apply = |query: &str, media_type: &str, body: String| {
        let request = harness.operator(Method::POST, &format!("/v1/admin/apply{query}"));
        request.header("Content-Type", media_type).body(body)
    };
    let file = r#"
        [[organisation]]
        name = "hospital"
        [[business_type]]
        name = "notice"
        [[account]]
        name = "his"
        organisation = "hospital"
        business_type = "notice"
        [[account]]
        name = "fresh"
        organisation = "hospital"
        business_type = "notice"
    "#;
    let (status, dry) = answer(apply("?dry_run=true", "application/toml", file.to_owned())).await;
    assert_eq!(
        (status, &dry["dry_run"], dry["version"].as_u64()),
        (200, &json!(true), Some(1))
    );
    assert!(dry.get("new_keys").is_none(), "{dry}");
    let (_, catalog) = answer(harness.operator(Method::GET, "/v1/admin/catalog")).await;
    assert_eq!(catalog["version"], 1);
    let (status, done) = answer(apply("", "application/toml", file.to_owned())).await;
    assert_eq!((status, done["version"].as_u64()), (200, Some(2)));
    assert_eq!(done["changes"], dry["changes"]);
    assert_eq!(done["new_keys"][0]["account"], "fresh");
    let (_, catalog) = answer(harness.operator(Method::GET, "/v1/admin/catalog")).await;
    assert_eq!(catalog["accounts"].as_array().unwrap().len(), 2);
    let (_, connections) = answer(harness.operator(Method::GET, "/v1/admin/connections")).await;
    assert_eq!(
        connections["connections"].as_array().unwrap().len(),
        0,
        "{connections}"
    );

    let json = json!({"organisation": [{"name": "hospital"}], "business_type": [{"name": "notice"}]});
    assert_eq!(
        answer(apply("", "application/json", json.to_string())).await.0,
        200
    );
    let refused = apply("", "text/csv", String::new());
    assert_eq!(problem(refused).await, (415, "unsupported_media_type".to_owned()));
    let refused = apply("", "application/toml", "[[acount]]".to_owned());
    assert_eq!(problem(refused).await, (400, "invalid_field".to_owned()));
    let refused = apply("?dry_run=perhaps", "application/toml", file.to_owned());
    assert_eq!(problem(refused).await, (400, "invalid_parameter".to_owned()));
    harness.end().await;
}

/// Another process: what it stores, the service works by.
#[actix_web::test]
async fn what_others_store_is_taken_over_within_a_second() {
    let harness = Harness::start().await;
    let store = SqlCatalog::sqlite(harness.folder.path()).await.unwrap();
    let current = store.snapshot().await.unwrap();
    let mut file = ApplyFile::of(&current);
    file.account.retain(|account| account.name != "lis");
    let applied = resolve(&file, &current, store.next_ids().await.unwrap(), &Nowhere).unwrap();
    assert_eq!(answer(send(&harness, &key("lis"))).await.0, 202);
    store.replace(&applied.snapshot).await.unwrap();
    let begin = Instant::now();
    until("the account is refused", async || {
        answer(send(&harness, &key("lis"))).await.0 == 401
    })
    .await;
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    harness.end().await;
}

struct Nowhere;

impl Environment for Nowhere {
    fn variable(&self, _: &str) -> Result<String, String> {
        Err(String::new())
    }

    fn file(&self, _: &str) -> Result<String, String> {
        Err(String::new())
    }

    fn sha256(&self, _: &str) -> [u8; 32] {
        unreachable!("no account is new")
    }

    fn new_api_key(&self) -> carillon_domain::catalog::Secret {
        unreachable!("no account is new")
    }
}

#[actix_web::test]
async fn the_way_of_a_number_is_explained_rule_by_rule() {
    let harness = Harness::start().await;
    let route = |query: &str| harness.operator(Method::GET, &format!("/v1/admin/route?{query}"));
    let (status, way) = answer(route("account=his&to=13800000001")).await;
    assert_eq!(status, 200, "{way}");
    assert_eq!(way["rules"][0]["verdict"], "taken");
    assert_eq!(
        (&way["group"], &way["carrier"]),
        (&json!("all"), &json!("unknown"))
    );
    let member = &way["members"][0];
    assert_eq!(
        (&member["granted"], &member["able"], &member["pulls"]),
        (&json!(true), &json!(false), &json!(false))
    );
    assert!(!member["why"].as_str().unwrap().is_empty());
    let (_, way) = answer(route("account=no-route&to=13800000001")).await;
    assert_eq!(way["rules"][0]["verdict"], "no_granted_member");
    assert!(way.get("group").is_none() && way["members"].as_array().unwrap().is_empty());
    let (_, way) = answer(route("account=his&channel=mail")).await;
    assert_eq!(way["rules"][0]["verdict"], "other_kind");
    for (query, status) in [
        ("account=nobody&to=13800000001", 404),
        ("account=his&to=12", 422),
        ("account=his", 400),
        ("account=his&to=13800000001&business_type=none", 404),
        ("account=his&to=13800000001&channel=pigeon", 400),
        ("to=13800000001", 400),
    ] {
        assert_eq!(problem(route(query)).await.0, status, "{query}");
    }
    harness.end().await;
}

#[actix_web::test]
async fn a_connection_is_drained_resumed_and_tested() {
    let harness = Harness::start().await;
    let ask = |name: &str, verb: &str| {
        harness.operator(Method::POST, &format!("/v1/admin/connections/{name}/{verb}"))
    };
    for verb in ["drain", "resume", "test"] {
        assert_eq!(
            problem(ask("nobody", verb)).await,
            (404, "not_found".to_owned()),
            "{verb}"
        );
    }
    // It is off: there is nothing to drain.
    assert_eq!(problem(ask("mobile", "drain")).await.0, 404);

    // A carrier that refuses: CMPP_CONNECT_RESP with status 3.
    let carrier = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = carrier.local_addr().unwrap().port();
    actix_web::rt::spawn(async move {
        while let Ok((mut stream, _)) = carrier.accept().await {
            let mut bind = [0; 39];
            if stream.read_exact(&mut bind).await.is_err() {
                continue;
            }
            let mut refusal = vec![0, 0, 0, 30, 0x80, 0, 0, 1];
            refusal.extend(&bind[8..12]);
            refusal.push(3);
            refusal.extend([0; 17]);
            let _ = stream.write_all(&refusal).await;
        }
    });
    let (_, mut entry) = answer(get(&harness, "connection/mobile")).await;
    entry["port"] = port.into();
    // The stored password goes to the stored host only.
    for (field, value) in [
        ("port", json!(port)),
        ("host", json!("localhost")),
        ("protocol", json!("cmpp3.0")),
    ] {
        let (_, mut other) = answer(get(&harness, "connection/mobile")).await;
        other[field] = value;
        let request = ask("mobile", "test").body(other.to_string());
        let (status, refused) = answer(request).await;
        assert_eq!(
            (status, &refused["code"], &refused["field"]),
            (422, &json!("catalog_invalid"), &json!("password")),
            "{field}: {refused}"
        );
    }
    entry["password"] = "the-secret-password".into();
    let (status, tested) = answer(ask("mobile", "test").body(entry.to_string())).await;
    assert_eq!((status, &tested["passed"]), (200, &json!(false)), "{tested}");
    let steps = tested["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2, "{tested}");
    assert_eq!(
        (&steps[0]["step"], &steps[0]["passed"]),
        (&json!("connect"), &json!(true))
    );
    assert!(
        steps[1]["answer"].as_str().unwrap().contains("status 3"),
        "{tested}"
    );
    // Nothing of it is stored.
    let (_, stored) = answer(get(&harness, "connection/mobile")).await;
    assert_ne!(stored["port"], entry["port"]);

    entry["enabled"] = true.into();
    assert_eq!(answer(put(&harness, "connection/mobile", &entry)).await.0, 200);
    let state = async || {
        let (_, body) = answer(harness.operator(Method::GET, "/v1/admin/connections")).await;
        body["connections"][0]["state"].as_str().unwrap().to_owned()
    };
    until("it tries to connect", async || state().await != "off").await;
    assert_eq!(ask("mobile", "drain").send().await.unwrap().status(), 202);
    assert_eq!(ask("mobile", "resume").send().await.unwrap().status(), 202);
    entry["port"] = 1.into();
    let (status, tested) = answer(ask("mobile", "test").body(entry.to_string())).await;
    assert_eq!(
        (status, &tested["steps"][0]["passed"]),
        (200, &json!(false)),
        "{tested}"
    );
    harness.end().await;
}
