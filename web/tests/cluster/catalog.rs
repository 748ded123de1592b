//! Two services on one catalog.

use super::cmpp::{Carrier, well_behaved};
use super::database::Database;
use super::served::{Served, answer, until};
use reqwest::Method;
use std::time::{Duration, Instant};

fn catalog(port: u16) -> String {
    format!(
        r#"
[[organisation]]
name = "hospital"
[[business_type]]
name = "notice"
[[connection]]
name = "mobile"
protocol = "cmpp2.0"
host = "127.0.0.1"
port = {port}
login = "900002"
password = "the-secret-password"
source_number = "1069000002"
[[route_group]]
name = "all"
members = ["mobile"]
[[route_rule]]
name = "everything"
group = "all"
[[account]]
name = "lab"
organisation = "hospital"
modules = {{ send = true, query = true }}
connections = ["mobile"]
extension = "02"
business_type = "notice"
api_key = "key-of-the-account-lab"
"#
    )
}

/// Two services, the key that they share, and the database.
struct Pair {
    first: Served,
    second: Served,
    database: Database,
    _key: tempfile::TempDir,
}

async fn pair(name: &str) -> Pair {
    let carrier = Carrier::listen();
    let text = catalog(carrier.port());
    let _seen = well_behaved(carrier);
    let database = Database::new(name);
    let key = tempfile::tempdir().unwrap();
    let settings = database.settings(key.path().join("secret.key").to_str().unwrap());
    let first = Served::with(&text, settings.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(first.password_file(), folder.path().join("password")).unwrap();
    let second = Served::in_folder(folder, &text, settings).await;
    Pair {
        first,
        second,
        database,
        _key: key,
    }
}

async fn version(served: &Served) -> u64 {
    let (status, catalog) = answer(served.operator(Method::GET, "/v1/admin/catalog")).await;
    assert_eq!(status, 200, "{catalog}");
    catalog["version"].as_u64().unwrap()
}

#[actix_web::test]
async fn a_change_by_one_is_everybodys_within_a_second() {
    let Pair {
        first,
        second,
        database: _database,
        _key,
    } = pair("changes").await;
    for round in 0..5 {
        let before = version(&second).await;
        let name = format!("school-{round}");
        let path = format!("/v1/admin/catalog/organisation/{name}");
        let request = first
            .operator(Method::PUT, &path)
            .header("If-Match", format!("\"{before}\""));
        let (status, body) = answer(request.json(&serde_json::json!({"name": name}))).await;
        assert!(status == 200 || status == 201, "{status} {body}");
        let begin = Instant::now();
        until("the other service has it", async || {
            version(&second).await == before + 1
        })
        .await;
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    }
    // A session of one is a session of the other.
    let begin = Instant::now();
    until("the session is known", async || {
        let request = first.operator_at(second.address, Method::GET, "/v1/admin/catalog");
        request.send().await.unwrap().status() == 200
    })
    .await;
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[actix_web::test]
async fn without_the_database_messages_go_and_changes_wait() {
    let Pair {
        first,
        second,
        database,
        _key,
    } = pair("away").await;
    let before = version(&first).await;
    database.set_open(false);
    for (served, number) in [(&first, "13800000001"), (&second, "13800000002")] {
        let id = served.accepted("lab", number, "您好").await;
        served.delivered("lab", &id).await;
    }
    let change = || {
        let request = first.operator(Method::PUT, "/v1/admin/catalog/organisation/school");
        request
            .header("If-Match", format!("\"{before}\""))
            .json(&serde_json::json!({"name": "school"}))
    };
    let (status, body) = answer(change()).await;
    assert_eq!((status, &body["code"]), (503, &"unavailable".into()), "{body}");
    // Who is logged in looks on.
    assert_eq!(version(&second).await, before);
    database.set_open(true);
    until("the change is made", async || answer(change()).await.0 < 300).await;
    until("the other service has it", async || {
        version(&second).await == before + 1
    })
    .await;
}
