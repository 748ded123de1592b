//! A service whose history is on a real server, whose address is in `CARILLON_TEST_CASSANDRA`, and whose folder in `CARILLON_TEST_SERVERS`.

#[expect(dead_code, reason = "others use more of it")]
#[path = "../kit/cmpp.rs"]
mod cmpp;
#[expect(dead_code, reason = "others use more of it")]
#[path = "../kit/served.rs"]
mod served;

use cmpp::{Carrier, well_behaved};
use reqwest::Method;
use served::{Served, answer, key, until};
use std::process::Command;

const ACCOUNT: &str = "his";

/// One test: it stops the server that all would use.
#[actix_web::test]
async fn messages_go_while_the_history_is_away_and_are_found_afterwards() {
    let carrier = Carrier::listen();
    let served = Served::with(&catalog(carrier.port()), settings()).await;
    let _seen = well_behaved(carrier);
    let first = served.accepted(ACCOUNT, "13800000001", "您好").await;
    served.delivered(ACCOUNT, &first).await;
    until("the history has it", async || {
        served.figure("carillon_history_rows").await == 1
    })
    .await;
    assert_eq!(found(&served).await, Ok(vec![first.clone()]));

    servers("pause");
    let second = served.accepted(ACCOUNT, "13800000001", "再见").await;
    served.delivered(ACCOUNT, &second).await;
    assert_eq!(found(&served).await, Err((503, "unavailable".into())));
    servers("resume");

    until("the history has both", async || {
        served.figure("carillon_history_rows").await == 2
    })
    .await;
    assert_eq!(found(&served).await, Ok(vec![second, first]));
}

/// The messages to the number, newest first; or status and code of the refusal.
async fn found(served: &Served) -> Result<Vec<String>, (u16, String)> {
    let request = served.request(Method::GET, "/v1/messages?to=13800000001");
    let (status, page) = answer(request.bearer_auth(key(ACCOUNT))).await;
    if status != 200 {
        return Err((status, page["code"].as_str().unwrap().to_owned()));
    }
    let messages = page["messages"].as_array().unwrap();
    Ok(messages
        .iter()
        .map(|message| message["id"].as_str().unwrap().to_owned())
        .collect())
}

fn servers(what: &str) {
    let folder = std::env::var("CARILLON_TEST_SERVERS")
        .expect("CARILLON_TEST_SERVERS must name the servers' folder, as deploy/test.sh cassandra does");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/servers/servers.sh");
    let status = Command::new(script).args([what, &folder, "cassandra"]).status();
    assert!(status.unwrap().success(), "{what}");
}

fn settings() -> Vec<(String, String)> {
    let nodes = std::env::var("CARILLON_TEST_CASSANDRA").expect(
        "CARILLON_TEST_CASSANDRA must name a server, as deploy/test.sh cassandra does; without one nothing is tested",
    );
    let keyspace = format!("served_{}", std::process::id());
    [
        ("CARILLON_SCYLLA_NODES", nodes.as_str()),
        ("CARILLON_SCYLLA_KEYSPACE", &keyspace),
        ("CARILLON_SCYLLA_REPLICATION", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

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
rate_per_second = 5000
[[route_group]]
name = "all"
members = ["mobile"]
[[route_rule]]
name = "everything"
group = "all"
[[account]]
name = "{ACCOUNT}"
organisation = "hospital"
modules = {{ send = true, query = true }}
connections = ["mobile"]
extension = "02"
business_type = "notice"
api_key = "key-of-the-account-{ACCOUNT}"
"#
    )
}
