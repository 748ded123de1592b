//! Carriers that cut the line or are not there: what alarms and screens tell, what operators do about it, and what hostile
//! requests can do (MON-2).

use super::cmpp::{Carrier, PATIENCE, Segments, connect_resp, well_behaved};
use super::receiver::SECRET;
use super::served::{Served, answer, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::AsyncWriteExt;

/// A cut is told within so much time.
const TOLD_WITHIN_MS: u64 = 2_000;
/// So long a bind may stay without an answer.
const BIND_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than a cause has to be gone until its alarm returns.
const SETTLED_MS: u64 = 6_500;

#[actix_web::test]
async fn a_cut_is_told_at_once_outlives_a_crash_and_is_over_when_the_line_is_back() {
    let main = Carrier::listen();
    let spare = Carrier::listen();
    let ports = [("main", main.port()), ("spare", spare.port())];
    let seen = well_behaved(spare);
    let mut served = Served::start(&catalog(&ports)).await;
    let mut peer = main.accept().await;
    peer.bind().await;
    let line = actix_web::rt::spawn(peer.serve(seen.clone()));
    until("both lines are up", async || {
        let panels = panels(&served, "").await;
        ["main", "spare"].map(|name| tile(&panels, name)["health"] == "ok") == [true; 2]
    })
    .await;
    assert_eq!(of(&panels(&served, "").await, "main"), Value::Null);

    let cut_ms = now_ms();
    line.abort();
    let mut told = Value::Null;
    until("the alarm rises", async || {
        let panels = panels(&served, "").await;
        told = of(&panels, "main");
        // The tile and the alarm come together.
        assert_eq!(
            tile(&panels, "main")["health"] == "failed",
            !told.is_null(),
            "{panels}"
        );
        assert!(told.is_null() || panels["overview"]["data"]["health"] == "failed");
        !told.is_null()
    })
    .await;
    let since = told["since_ms"].as_u64().unwrap();
    assert!(since <= cut_ms + TOLD_WITHIN_MS, "{} ms", since - cut_ms);
    assert_eq!(
        (
            &told["rule"],
            &told["severity"],
            &told["state"],
            &told["taken_over_by"]
        ),
        (
            &json!("connection_down"),
            &json!("critical"),
            &json!("unacknowledged"),
            &json!(["spare"])
        )
    );
    served.accepted("his", "13800000001", "您好").await;
    until("the spare line carries on", async || !seen.borrow().is_empty()).await;

    // Organisations see it that use it, without a line they may not use.
    let own = of(&panels(&served, "hospital").await, "main");
    assert_eq!(
        (&own["id"], &own["taken_over_by"]),
        (&told["id"], &json!(["spare"]))
    );
    let own = of(&panels(&served, "school").await, "main");
    assert_eq!((&own["id"], own.get("taken_over_by")), (&told["id"], None));
    assert_eq!(of(&panels(&served, "museum").await, "main"), Value::Null);

    let id = told["id"].as_u64().unwrap();
    for _ in 0..2 {
        let (status, alarm) = act(&served, id, "acknowledge").await;
        assert_eq!(
            (status, &alarm["state"]),
            (200, &json!("acknowledged")),
            "{alarm}"
        );
        assert_eq!(alarm["acknowledged_by"], "admin");
    }
    until("screens show that somebody knows, and not who", async || {
        let own = of(&panels(&served, "hospital").await, "main");
        assert_eq!(own.get("acknowledged_by"), None);
        own["acknowledged_ms"].is_u64()
    })
    .await;

    // The carrier takes connections and says nothing: that is not known to be better than before.
    served.crash_and_start();
    let started_ms = now_ms();
    until("the desk has looked for a while", async || {
        let (_, live) = answer(served.operator(Method::GET, "/v1/live/snapshot")).await;
        let panel = &live["panels"]["alarms"];
        let kept = of(&live["panels"], "main");
        assert_eq!(
            (&kept["id"], &kept["state"]),
            (&json!(id), &json!("acknowledged")),
            "{panel}"
        );
        panel["at_ms"].as_u64() > Some(started_ms + SETTLED_MS)
    })
    .await;

    let line = async {
        loop {
            let mut peer = main.accept().await;
            let seen = seen.clone();
            actix_web::rt::spawn(async move {
                // Some that wait there have been given up.
                if let Some(connect) = peer.pdu().await
                    && peer
                        .stream
                        .write_all(&connect_resp(connect.sequence, 0))
                        .await
                        .is_ok()
                {
                    peer.serve(seen).await;
                }
            });
        }
    };
    let over = until("the alarm is over", async || {
        let open = list(&served, "?state=open").await;
        !open["alarms"]
            .as_array()
            .unwrap()
            .iter()
            .any(|alarm| alarm["id"] == id)
    });
    tokio::select! {
        () = over => {}
        () = line => {}
    }
    let history = list(&served, "?state=history").await;
    let over = &history["alarms"][0];
    assert_eq!(
        (&over["id"], &over["state"]),
        (&json!(id), &json!("cleared")),
        "{history}"
    );
    assert!(over["returned_ms"].as_u64() > Some(since));
    let panels = panels(&served, "").await;
    assert_eq!(panels["alarms"]["data"]["last"]["id"], id);
    let (status, problem) = act(&served, id, "acknowledge").await;
    assert_eq!((status, &problem["code"]), (404, &json!("alarm_unknown")));
    served.stop_in_order().await;
}

#[actix_web::test]
async fn a_carrier_that_takes_the_line_and_never_answers_is_told_after_one_try() {
    let dumb = Carrier::listen();
    let mut served = Served::start(&catalog(&[("dumb", dumb.port())])).await;
    let begin = Instant::now();
    let mut told = Value::Null;
    until("the alarm rises", async || {
        told = of(&panels(&served, "").await, "dumb");
        !told.is_null()
    })
    .await;
    assert_eq!(told["rule"], "connection_down", "{told}");
    assert!(begin.elapsed() < BIND_TIMEOUT + Duration::from_millis(TOLD_WITHIN_MS));
    served.stop_in_order().await;
}

#[actix_web::test]
async fn operators_put_alarms_aside_and_nobody_else_does() {
    // Nobody listens there.
    let served = Served::start(&catalog(&[("one", 1), ("two", 1), ("three", 1)])).await;
    let mut ids = Vec::new();
    until("three alarms stand", async || {
        let open = list(&served, "?state=open").await;
        let all = open["alarms"].as_array().unwrap().iter();
        ids = all
            .filter(|alarm| alarm["rule"] == "connection_down")
            .map(|alarm| alarm["id"].as_u64().unwrap())
            .collect();
        ids.len() == 3
    })
    .await;
    assert!(ids.is_sorted_by(|a, b| a > b), "newest first: {ids:?}");

    let shelve = |id: u64, body: String| {
        let path = format!("/v1/admin/alarms/{id}/shelve");
        served.operator(Method::POST, &path).body(body)
    };
    let later = now_ms() + 3_600_000;
    let reason = "<img src=x onerror=alert(1)> 割接";
    let body = json!({"until_ms": later, "reason": reason});
    let (status, alarm) = answer(shelve(ids[0], body.to_string())).await;
    assert_eq!((status, &alarm["state"]), (200, &json!("shelved")), "{alarm}");
    assert_eq!(
        (
            &alarm["shelve_reason"],
            &alarm["shelved_until_ms"],
            &alarm["shelved_by"]
        ),
        (&json!(reason), &json!(later), &json!("admin"))
    );
    until("screens show that it is set aside, and not why", async || {
        let shown = panels(&served, "hospital").await;
        assert!(!shown.to_string().contains("onerror"), "{shown}");
        of(&shown, "three")["state"] == "shelved"
    })
    .await;

    let first = list(&served, "?limit=2").await;
    let rest = list(&served, &format!("?limit=500&before={}", first["next"])).await;
    let pages = [first, rest];
    let paged: Vec<_> = pages
        .iter()
        .flat_map(|page| page["alarms"].as_array().unwrap())
        .filter(|alarm| alarm["rule"] == "connection_down")
        .map(|alarm| alarm["id"].as_u64().unwrap())
        .collect();
    assert_eq!(paged, ids);
    assert_eq!(pages[1].get("next"), None);

    let (status, alarm) = act(&served, ids[0], "unshelve").await;
    assert_eq!(
        (status, &alarm["state"]),
        (200, &json!("unacknowledged")),
        "{alarm}"
    );
    let (status, problem) = act(&served, ids[0], "unshelve").await;
    assert_eq!((status, &problem["code"]), (409, &json!("alarm_not_shelved")));

    let text = |reason: &str| json!({"until_ms": later, "reason": reason}).to_string();
    let until_ms = |until: Value| json!({"until_ms": until, "reason": "x"}).to_string();
    let month_ms = 30 * 24 * 3_600_000;
    for (body, code, field) in [
        (String::new(), "invalid_json", None),
        ("{".to_owned(), "invalid_json", None),
        ("[".repeat(4_000), "invalid_field", None),
        ("[]".to_owned(), "invalid_field", None),
        ("null".to_owned(), "invalid_field", None),
        (json!({"until_ms": later}).to_string(), "invalid_field", None),
        (
            json!({"until_ms": later, "reason": "x", "by": "root"}).to_string(),
            "invalid_field",
            None,
        ),
        (until_ms(json!(-1)), "invalid_field", None),
        (until_ms(json!(1e300)), "invalid_field", None),
        (until_ms(json!("tomorrow")), "invalid_field", None),
        (until_ms(json!(0)), "invalid_field", Some("until_ms")),
        (
            until_ms(json!(later - 7_200_000)),
            "invalid_field",
            Some("until_ms"),
        ),
        (
            until_ms(json!(later + month_ms)),
            "invalid_field",
            Some("until_ms"),
        ),
        (until_ms(json!(u64::MAX)), "invalid_field", Some("until_ms")),
        (text(""), "invalid_field", Some("reason")),
        (text("  \u{3000}"), "invalid_field", Some("reason")),
        (text("a\nb"), "invalid_field", Some("reason")),
        (text("a\u{0}b"), "invalid_field", Some("reason")),
        (text(&"长".repeat(201)), "invalid_field", Some("reason")),
        ("x".repeat(5_000), "payload_too_large", None),
    ] {
        let (_, problem) = answer(shelve(ids[1], body.clone())).await;
        assert_eq!(
            (problem["code"].as_str(), problem["field"].as_str()),
            (Some(code), field),
            "{body}"
        );
    }
    for id in [
        "0",
        "999",
        "-1",
        "1e3",
        "abc",
        "%00",
        "18446744073709551616",
        "%F0%9F%94%94",
    ] {
        for verb in ["acknowledge", "shelve", "unshelve"] {
            let path = format!("/v1/admin/alarms/{id}/{verb}");
            let request = served.operator(Method::POST, &path).body(text("x"));
            let (status, problem) = answer(request).await;
            assert_eq!(
                (status, &problem["code"]),
                (404, &json!("alarm_unknown")),
                "{path}"
            );
        }
    }
    for query in [
        "?state=all",
        "?before=-1",
        "?before=x",
        "?limit=0",
        "?limit=501",
        "?state=open&more=1",
    ] {
        let request = served.operator(Method::GET, &format!("/v1/admin/alarms{query}"));
        let (status, problem) = answer(request).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("invalid_parameter")),
            "{query}"
        );
    }
    // None of that has changed anything.
    let (_, alarm) = act(&served, ids[1], "acknowledge").await;
    assert_eq!(
        (&alarm["state"], alarm.get("shelved_by")),
        (&json!("acknowledged"), None)
    );
}

/// The rules of Prometheus and the board of Grafana speak of figures that there are.
#[actix_web::test]
async fn what_watches_the_service_knows_its_figures() {
    let carrier = Carrier::listen();
    let catalog = catalog(&[("main", carrier.port())])
        + &format!(
            "webhook = {{ url = \"http://127.0.0.1:9/\", secret = \"{SECRET}\", events = [\"receipts\"] }}\n"
        );
    let _seen: Segments = well_behaved(carrier);
    let served = Served::start(&catalog).await;
    let id = served.accepted("his", "13800000001", "您好").await;
    served.delivered("his", &id).await;
    let board: Value = serde_json::from_str(BOARD).unwrap();
    let mut named = Vec::new();
    expressions(&board, &mut named);
    assert!(named.len() > 30, "the board shows something");
    named.push(RULES.to_owned());
    let names: BTreeSet<_> = named.iter().flat_map(|text| figures(text)).collect();
    assert!(names.len() > 30);
    let begin = Instant::now();
    loop {
        let answer = served.request(Method::GET, "/metrics").send().await.unwrap();
        let text = answer.text().await.unwrap();
        let is_there = |name: &str| {
            ["{", " "]
                .iter()
                .any(|next| text.contains(&format!("\n{name}{next}")))
        };
        let missing: Vec<_> = names.iter().filter(|name| !is_there(name)).collect();
        if missing.is_empty() {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "{missing:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

const BOARD: &str = include_str!("../../../deploy/grafana/carillon.json");
const RULES: &str = include_str!("../../../deploy/prometheus/rules.yml");

/// Every expression of a board.
fn expressions(part: &Value, found: &mut Vec<String>) {
    match part {
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field) {
                    ("expr" | "definition", Value::String(text)) => found.push(text.clone()),
                    _ => expressions(field, found),
                }
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| expressions(part, found)),
        _ => {}
    }
}

/// Names of figures in a text; `carillon:…` are made by the rules themselves.
fn figures(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(move |c: char| !is_name(c));
    words.filter(|word| word.starts_with("carillon_"))
}

/// Connections in one group. The hospital may use all, the school the first, the museum none.
pub fn catalog(connections: &[(&str, u16)]) -> String {
    let mut catalog = r#"
[[organisation]]
name = "hospital"
[[organisation]]
name = "school"
[[organisation]]
name = "museum"
[[business_type]]
name = "notice"
"#
    .to_owned();
    for ((name, port), number) in connections.iter().zip(1..) {
        catalog += &format!(
            r#"
[[connection]]
name = "{name}"
protocol = "cmpp2.0"
host = "127.0.0.1"
port = {port}
login = "90000{number}"
password = "the-secret-password"
source_number = "10690000{number}"
"#
        );
    }
    let names = connections.iter().map(|(name, _)| format!("{name:?}"));
    let members = names.collect::<Vec<_>>().join(", ");
    let first = connections[0].0;
    catalog += &format!(
        r#"
[[route_group]]
name = "all"
members = [{members}]
[[route_rule]]
name = "everything"
group = "all"
[[account]]
name = "exams"
organisation = "school"
connections = [{first:?}]
business_type = "notice"
extension = "02"
api_key = "key-of-the-account-exams"
[[account]]
name = "his"
organisation = "hospital"
modules = {{ send = true, query = true, feeds = true }}
connections = [{members}]
extension = "01"
business_type = "notice"
api_key = "key-of-the-account-his"
"#
    );
    catalog
}

pub async fn panels(served: &Served, scope: &str) -> Value {
    let path = format!("/v1/live/snapshot?scope={scope}");
    let (status, mut live) = answer(served.operator(Method::GET, &path)).await;
    assert_eq!(status, 200, "{live}");
    live["panels"].take()
}

async fn list(served: &Served, query: &str) -> Value {
    let path = format!("/v1/admin/alarms{query}");
    let (status, page) = answer(served.operator(Method::GET, &path)).await;
    assert_eq!(status, 200, "{page}");
    page
}

async fn act(served: &Served, id: u64, verb: &str) -> (u16, Value) {
    let path = format!("/v1/admin/alarms/{id}/{verb}");
    answer(served.operator(Method::POST, &path)).await
}

fn tile(panels: &Value, name: &str) -> Value {
    let tiles = panels["connections"]["data"]["connections"].as_array().unwrap();
    let tile = tiles.iter().find(|tile| tile["name"] == name);
    tile.cloned().unwrap_or_default()
}

/// The alarm that a connection is down; nothing when there is none.
fn of(panels: &Value, connection: &str) -> Value {
    let alarms = panels["alarms"]["data"]["alarms"].as_array().unwrap();
    let down = alarms
        .iter()
        .find(|alarm| alarm["rule"] == "connection_down" && alarm["object"] == connection);
    down.cloned().unwrap_or_default()
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    since.as_millis() as u64
}
