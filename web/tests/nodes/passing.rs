//! Requests go to the lane that they are about, and answers come back as they are.

use super::cmpp::{Carrier, well_behaved};
use super::database::Database;
use super::live_socket::LiveSocket;
use super::served::{Served, answer, key, until};
use carillon_api::live::LiveMessage;
use carillon_domain::ids::MessageId;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

const LANES: u16 = 2;

/// The accounts `first` and `second` are on lanes 0 and 1; so are their connections.
struct House {
    node: Served,
    _database: Database,
    _key: tempfile::NamedTempFile,
}

impl House {
    async fn open(carriers: [&Carrier; 2]) -> House {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = Database::new(&format!("nodes_{number}"));
        let key = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(key.path(), [number as u8; 32]).unwrap();
        let brokers = std::env::var("CARILLON_TEST_KAFKA").expect(
            "CARILLON_TEST_KAFKA must name a broker, as deploy/test.sh nodes does; without one nothing is tested",
        );
        let own = [
            ("CARILLON_KAFKA_BROKERS", brokers),
            (
                "CARILLON_KAFKA_TOPIC_PREFIX",
                format!("passing-{}-{number}", std::process::id()),
            ),
            ("CARILLON_KAFKA_LANES", LANES.to_string()),
            ("CARILLON_KAFKA_REPLICATION", "1".to_owned()),
            ("CARILLON_KAFKA_MIN_IN_SYNC", "1".to_owned()),
            ("CARILLON_HTTP_PROXIES", "[\"127.0.0.1/32\"]".to_owned()),
        ];
        let mut settings = database.settings(key.path().to_str().unwrap());
        settings.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let node = Served::node(&catalog(carriers), settings, LANES).await;
        House {
            node,
            _database: database,
            _key: key,
        }
    }
}

fn catalog(carriers: [&Carrier; 2]) -> String {
    let mut catalog = "[[business_type]]\nname = \"notice\"\n".to_owned();
    for (lane, (name, carrier)) in ["first", "second"].into_iter().zip(carriers).enumerate() {
        let (port, key) = (carrier.port(), key(name));
        catalog += &format!(
            r#"
[[organisation]]
name = "hospital-{name}"
lane = {lane}
[[connection]]
name = "mobile-{name}"
lane = {lane}
protocol = "cmpp2.0"
host = "127.0.0.1"
port = {port}
login = "900002"
password = "the-secret-password"
source_number = "1069000002"
[[route_group]]
name = "group-{name}"
members = ["mobile-{name}"]
[[account]]
name = "{name}"
organisation = "hospital-{name}"
modules = {{ send = true, query = true, feeds = true, campaigns = true }}
connections = ["mobile-{name}"]
business_type = "notice"
api_key = "{key}"
[[route_rule]]
name = "rule-{name}"
accounts = ["{name}"]
group = "group-{name}"
"#
        );
    }
    catalog
}

#[actix_web::test]
async fn every_request_finds_its_lane() {
    let carriers = [Carrier::listen(), Carrier::listen()];
    let house = House::open(carriers.each_ref()).await;
    let node = &house.node;
    let seen = carriers.map(well_behaved);
    for (lane, account) in ["first", "second"].into_iter().enumerate() {
        let id = node.accepted(account, "13800000001", "您好").await;
        assert_eq!(id.parse::<MessageId>().unwrap().lane(), lane as u16);
        node.delivered(account, &id).await;
        // The operator's way is by the id.
        let (status, found) = answer(node.operator(Method::GET, &format!("/v1/admin/messages/{id}"))).await;
        assert_eq!((status, &found["status"]), (200, &json!("delivered")), "{found}");
        // By name and key, as old systems do it.
        let basic = node
            .request(Method::POST, "/v1/messages")
            .basic_auth(account, Some(key(account)))
            .json(&json!({"to": "13800000002", "text": "您好"}));
        let (status, told) = answer(basic).await;
        assert_eq!(status, 202, "{told}");
        // In parts, without a length.
        let lines = "{\"to\": \"13800000003\", \"text\": \"您好\"}\n".repeat(3);
        let parts = futures_util::stream::iter(
            lines
                .into_bytes()
                .chunks(7)
                .map(<[u8]>::to_vec)
                .map(Ok::<_, std::io::Error>)
                .collect::<Vec<_>>(),
        );
        let batch = node
            .post(
                account,
                "/v1/messages/batch?duplicates=allow",
                reqwest::Body::wrap_stream(parts),
            )
            .header("Content-Type", "application/x-ndjson");
        let (status, told) = answer(batch).await;
        let ids = told["accepted"].as_array().map_or(0, Vec::len);
        assert_eq!((status, ids), (202, 3), "{told}");
        until("all are at the carrier", async || seen[lane].borrow().len() == 5).await;
    }
    // A message of somebody else is not there, on whichever lane it is.
    let id = node.accepted("first", "13800000004", "您好").await;
    let (status, _) = answer(
        node.request(Method::GET, &format!("/v1/messages/{id}"))
            .bearer_auth(key("second")),
    )
    .await;
    assert_eq!(status, 404);
    // Each lane has its own connection, and operators name the lane.
    for (lane, name) in ["mobile-first", "mobile-second"].into_iter().enumerate() {
        let view = answer(node.operator(Method::GET, &format!("/v1/admin/connections?lane={lane}")))
            .await
            .1;
        let names: Vec<&Value> = view["connections"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["name"])
            .collect();
        assert_eq!(names, [name]);
        let restart = format!("/v1/admin/connections/{name}/restart");
        assert_eq!(answer(node.operator(Method::POST, &restart)).await.0, 202);
    }
}

#[actix_web::test]
async fn what_is_asked_wrongly_is_answered_as_anywhere() {
    let carriers = [Carrier::listen(), Carrier::listen()];
    let house = House::open(carriers.each_ref()).await;
    let node = &house.node;
    let stranger = node
        .request(Method::GET, "/v1/messages")
        .bearer_auth("nobody-has-this-key");
    let response = stranger.header("X-Request-Id", "visit-17").send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "visit-17");
    let problem: Value = response.json().await.unwrap();
    assert_eq!(
        (&problem["code"], &problem["request_id"]),
        (&json!("unauthenticated"), &json!("visit-17"))
    );
    for (path, expected) in [
        ("/v1/admin/connections?lane=2", "invalid_parameter"),
        ("/v1/admin/connections?lane=x", "invalid_parameter"),
        ("/v1/admin/messages/nonsense", "not_found"),
        ("/v1/nothing", "not_found"),
    ] {
        let problem = answer(node.operator(Method::GET, path)).await.1;
        assert_eq!(problem["code"], expected, "{path}");
    }
    let huge = node.post("second", "/v1/messages", vec![b' '; 2 << 20]);
    let (status, problem) = answer(huge.header("Content-Type", "application/json")).await;
    assert_eq!((status, &problem["code"]), (413, &json!("payload_too_large")));
    // Changes are refused without the token, as anywhere.
    let forged = node
        .request(Method::POST, "/v1/admin/connections/mobile-first/restart")
        .header("Cookie", session_cookie(node));
    assert_eq!(answer(forged).await.0, 403);
}

#[actix_web::test]
async fn a_screen_looks_at_a_lane_through_the_node() {
    let carriers = [Carrier::listen(), Carrier::listen()];
    let house = House::open(carriers.each_ref()).await;
    let (node, _seen) = (&house.node, carriers.map(well_behaved));
    let (head, _) = LiveSocket::try_at(node.address, &[]).await;
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
    let session = session_cookie(node);
    for (lane, [own, other]) in [
        (0, ["mobile-first", "mobile-second"]),
        (1, ["mobile-second", "mobile-first"]),
    ] {
        let cookie = format!("{session}; carillon_lane={lane}");
        let mut socket = LiveSocket::at(node.address, &[("Cookie", &cookie)]).await;
        socket.subscribe(None).await;
        let Some(LiveMessage::Snapshot { panels, .. }) = socket.next().await else {
            panic!("the first message is a snapshot");
        };
        let told = serde_json::to_string(&panels).unwrap();
        assert!(told.contains(own) && !told.contains(other), "{told}");
    }
}

fn session_cookie(node: &Served) -> String {
    let request = node.operator(Method::GET, "/v1/session").build().unwrap();
    request.headers()["cookie"].to_str().unwrap().to_owned()
}
