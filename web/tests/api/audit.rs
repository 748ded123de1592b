//! What operators do stands in the log, whatever it is. The acts come from the table that the router is built from, so that
//! a new one cannot be forgotten here.

use super::harness::{CATALOG, Harness, Login, answer, key};
use carillon::endpoint::{Access, ENDPOINTS, Endpoint};
use carillon_domain::rights::Rights;
use carillon_domain::time::UnixMs;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::io;
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

/// The lines of all tests of this process, in the order they were written.
static LINES: Mutex<String> = Mutex::new(String::new());

/// Keeps the audit's lines instead of writing them anywhere.
struct Kept;

impl io::Write for Kept {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if text.contains("carillon::audit") {
            LINES.lock().unwrap().push_str(&text);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn keep_lines() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(|| Kept)
            .init();
    });
}

/// What was written about an operator.
fn lines_of(operator: &str) -> Vec<String> {
    let lines = LINES.lock().unwrap();
    let of = format!("operator=\"{operator}\"");
    lines
        .lines()
        .filter(|line| line.contains(&of))
        .map(str::to_owned)
        .collect()
}

#[actix_web::test]
async fn whatever_an_operator_changes_stands_in_the_log_with_the_name() {
    keep_lines();
    let harness = Harness::of_with(&catalog(), |config| config.alarms.disk_warning = 1000).await;
    let acts = ENDPOINTS
        .iter()
        .filter(|endpoint| endpoint.access == Access::Operator && !endpoint.method.is_safe());
    for (number, endpoint) in acts.enumerate() {
        let operator = format!("auditor-{number}");
        let login = harness.operator_with(&operator, Rights::ALL).await;
        let name = format!("{} {}", endpoint.method, endpoint.path);
        let (what, request) = act(&harness, endpoint, &login).await;
        let (status, body) = answer(request).await;
        assert!((200..300).contains(&status), "{name}: {status} {body}");
        let lines = lines_of(&operator);
        let told = lines.last().unwrap_or_else(|| panic!("{name} leaves no line"));
        assert!(told.contains("verb=") && told.contains(&what), "{name}: {told}");
        assert!(!told.contains(PASSWORD), "{told}");
    }
    harness.end().await;
}

/// With a connection to steer, and a webhook.
fn catalog() -> String {
    const KEY: &str = "api_key = \"key-of-the-account-his\"";
    const WEBHOOK: &str = "webhook = { url = \"https://receiver.example/\", secret = \"a secret for webhooks\", \
                           events = [\"receipts\"] }";
    CATALOG
        .replacen("enabled = false", "enabled = true", 1)
        .replacen(KEY, &format!("{KEY}\n{WEBHOOK}"), 1)
}

const PASSWORD: &str = "another password of mine";

/// A call of the endpoint that succeeds, and what its line names.
async fn act(harness: &Harness, endpoint: &Endpoint, login: &Login) -> (String, RequestBuilder) {
    let method = Method::from_bytes(endpoint.method.as_str().as_bytes()).unwrap();
    let call = |path: &str| harness.as_operator(login, method.clone(), path);
    let filled = |value: &str| {
        let from = endpoint.path.find('{').unwrap();
        let until = endpoint.path.find('}').unwrap();
        let mut path = endpoint.path.to_owned();
        path.replace_range(from..=until, value);
        path
    };
    match (endpoint.method.as_str(), endpoint.path) {
        (_, "/v1/logout") => ("log_out".to_owned(), call(endpoint.path)),
        (_, "/v1/password") => {
            let body = json!({"current": "a password of its own", "new": PASSWORD});
            ("change".to_owned(), call(endpoint.path).json(&body))
        }
        (_, "/v1/sessions/{id}") => {
            let (_, body) = answer(harness.as_operator(login, Method::GET, "/v1/sessions")).await;
            let id = body["sessions"][0]["id"].as_str().unwrap().to_owned();
            (id.clone(), call(&filled(&id)))
        }
        ("POST", "/v1/admin/wall-tokens") => (
            "wall token".to_owned(),
            call(endpoint.path).json(&json!({"name": "hall"})),
        ),
        (_, "/v1/admin/wall-tokens/{id}") => {
            harness.wall_token(json!({"name": "old"})).await;
            let (_, list) = answer(harness.operator(Method::GET, "/v1/admin/wall-tokens")).await;
            let id = list["wall_tokens"][0]["id"].as_str().unwrap().to_owned();
            (id.clone(), call(&filled(&id)))
        }
        ("PUT", "/v1/admin/catalog/{section}/{name}") => {
            let path = "/v1/admin/catalog/organisation/clinic";
            ("clinic".to_owned(), call(path).json(&json!({"name": "clinic"})))
        }
        ("DELETE", "/v1/admin/catalog/{section}/{name}") => {
            let path = "/v1/admin/catalog/organisation/closed";
            let made = harness
                .operator(Method::PUT, path)
                .json(&json!({"name": "closed"}));
            assert_eq!(answer(made).await.0, 200);
            ("closed".to_owned(), call(path))
        }
        (verb, "/v1/admin/catalog/{section}/{organisation}/{name}") => {
            let path = "/v1/admin/catalog/template/hospital/report";
            let template = json!({
                "name": "report", "organisation": "hospital", "business_type": "notice", "text": "报告已出"
            });
            let request = match verb {
                "PUT" => call(path).json(&template),
                _ => {
                    assert_eq!(
                        answer(harness.operator(Method::PUT, path).json(&template))
                            .await
                            .0,
                        200
                    );
                    call(path)
                }
            };
            ("report".to_owned(), request)
        }
        (_, "/v1/admin/apply") => {
            let request = call(endpoint.path)
                .header("Content-Type", "application/toml")
                .body(catalog() + "[[organisation]]\nname = \"new\"\n");
            ("configuration".to_owned(), request)
        }
        (_, path) if path.starts_with("/v1/admin/connections/{name}/") => {
            ("mobile".to_owned(), call(&filled("mobile")))
        }
        (_, "/v1/admin/clock/confirm") => ("clock".to_owned(), call(endpoint.path)),
        (_, path) if path.starts_with("/v1/admin/webhooks/{account}/") => (
            "webhook".to_owned(),
            call(&filled("his")).body(r#"{"after":null}"#),
        ),
        (_, path) if path.starts_with("/v1/admin/alarms/{id}/") => {
            let id = alarm(harness).await;
            let shelving = json!({"until_ms": now().0 + 3_600_000, "reason": "维护"});
            let shelve = format!("/v1/admin/alarms/{id}/shelve");
            let verb = path.rsplit('/').next().unwrap();
            if verb == "unshelve" {
                let _ = answer(harness.operator(Method::POST, &shelve).json(&shelving)).await;
            }
            (verb.to_owned(), call(&filled(&id.to_string())).json(&shelving))
        }
        (_, path) if path.starts_with("/v1/admin/campaigns/{id}/") => {
            let verb = path.rsplit('/').next().unwrap();
            let before: &[&str] = match verb {
                "pause" => &["start"],
                "resume" => &["start", "pause"],
                "resend" => &["stop"],
                _ => &[],
            };
            let id = campaign(harness, before).await;
            let body = match verb {
                "rate" => json!({"per_second": 7}),
                _ => json!({}),
            };
            (id.clone(), call(&filled(&id)).json(&body))
        }
        (_, path) => panic!("{path} is no case of this test yet"),
    }
}

fn now() -> UnixMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixMs(since.unwrap().as_millis() as u64)
}

/// That of the disk, which is never free enough here.
async fn alarm(harness: &Harness) -> u64 {
    let begin = Instant::now();
    loop {
        let (_, open) = answer(harness.operator(Method::GET, "/v1/admin/alarms?state=open")).await;
        if let Some(id) = open["alarms"][0]["id"].as_u64() {
            return id;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "no alarm comes");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A campaign that was checked, after these steps.
async fn campaign(harness: &Harness, steps: &[&str]) -> String {
    let draft = json!({"name": "复诊", "text": "您好", "columns": {"to": "号码"}});
    let (status, made) = answer(harness.post("/v1/campaigns", draft.to_string())).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/campaigns/{id}");
    let put = harness.request(Method::PUT, &format!("{path}/recipients"));
    let put = put.bearer_auth(key("his")).body("号码\n13800000001\n");
    assert_eq!(answer(put).await.0, 202);
    let begin = Instant::now();
    while answer(harness.get(&path)).await.1["state"] != "ready" {
        assert!(begin.elapsed() < Duration::from_secs(20), "it is never checked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for step in steps {
        let (status, body): (u16, Value) = answer(harness.post(&format!("{path}/{step}"), "")).await;
        assert_eq!(status, 200, "{step}: {body}");
    }
    id
}
