//! Receivers of webhooks that do not do as they should: nothing is lost, nobody else waits, nothing inside is reached (API-1).

use super::cmpp::{Carrier, well_behaved};
use super::receiver::{Manner, Receiver, SECRET, TAKE};
use super::served::{Served, answer, key, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// A service with a good carrier, and webhooks of two accounts: `well` to a good receiver, `victim` to that of the test.
struct Office {
    served: Served,
    good: Receiver,
    victim: Receiver,
    sent: usize,
}

impl Office {
    async fn open(manner: Manner) -> Office {
        let (good, victim) = (Receiver::listen(TAKE).await, Receiver::listen(manner).await);
        let url = format!("http://127.0.0.1:{}/hook", victim.port);
        Office::with(good, victim, &url).await
    }

    async fn with(good: Receiver, victim: Receiver, url: &str) -> Office {
        let carrier = Carrier::listen();
        let hook = format!("http://127.0.0.1:{}/hook", good.port);
        let served = Served::start(&catalog(carrier.port(), &hook, url)).await;
        well_behaved(carrier);
        let office = Office {
            served,
            good,
            victim,
            sent: 0,
        };
        // A webhook tells what happens after it was first seen.
        until("both webhooks are working", async || {
            let all = office.webhooks().await;
            ["well", "victim"]
                .iter()
                .all(|name| find(&all, name)["feeds"][0]["next"].is_string())
        })
        .await;
        office
    }

    async fn webhooks(&self) -> Value {
        let (status, all) = answer(self.served.operator(Method::GET, "/v1/admin/webhooks")).await;
        assert_eq!(status, 200, "{all}");
        all
    }

    async fn victims_webhook(&self) -> Value {
        find(&self.webhooks().await, "victim").clone()
    }

    /// Has messages of the victim delivered; gives their ids.
    async fn deliver(&mut self, messages: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for _ in 0..messages {
            self.sent += 1;
            let to = (13_800_000_000u64 + self.sent as u64).to_string();
            ids.push(self.served.accepted("victim", &to, "您好").await);
        }
        for id in &ids {
            self.served.delivered("victim", id).await;
        }
        ids
    }

    /// An event of another account arrives, whatever the victim's receiver does.
    async fn goes_on(&self) {
        let before = self.good.taken().len();
        let id = self.served.accepted("well", "13800000001", "您好").await;
        self.good.has_taken(before + 1).await;
        assert_eq!(self.good.taken().last(), Some(&id));
    }

    async fn order(&self, what: &str, body: Value) -> u16 {
        let path = format!("/v1/admin/webhooks/victim/{what}");
        answer(self.served.operator(Method::POST, &path).json(&body))
            .await
            .0
    }

    async fn error_says(&self, words: &str) {
        until(words, async || {
            let webhook = self.victims_webhook().await;
            webhook["last_error"]
                .as_str()
                .is_some_and(|error| error.contains(words))
        })
        .await;
    }

    /// What the account would have pulled.
    async fn pulled(&self) -> Vec<String> {
        let request = self
            .served
            .request(Method::GET, "/v1/receipts?limit=1000")
            .bearer_auth(key("victim"));
        let (status, page) = answer(request).await;
        assert_eq!(status, 200, "{page}");
        let events = page["events"].as_array().unwrap().iter();
        events
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn find<'a>(all: &'a Value, account: &str) -> &'a Value {
    let mut webhooks = all["webhooks"].as_array().unwrap().iter();
    webhooks.find(|webhook| webhook["account"] == account).unwrap()
}

fn catalog(carrier: u16, well: &str, victim: &str) -> String {
    let mut catalog = format!(
        r#"
[[organisation]]
name = "hospital"
[[business_type]]
name = "notice"
[[connection]]
name = "good"
protocol = "cmpp2.0"
host = "127.0.0.1"
port = {carrier}
login = "900001"
password = "the-secret-password"
source_number = "1069000001"
rate_per_second = 1000
[[route_group]]
name = "good"
members = ["good"]
[[route_rule]]
name = "good"
group = "good"
"#
    );
    for (account, extension, url) in [("well", "01", well), ("victim", "02", victim)] {
        catalog += &format!(
            r#"
[[account]]
name = "{account}"
organisation = "hospital"
modules = {{ send = true, query = true, feeds = true }}
connections = ["good"]
extension = "{extension}"
business_type = "notice"
api_key = "key-of-the-account-{account}"
webhook = {{ url = "{url}", secret = "{SECRET}", events = ["receipts"] }}
"#
        );
    }
    catalog
}

#[actix_web::test]
async fn what_is_pushed_is_what_would_have_been_pulled() {
    let mut office = Office::open(TAKE).await;
    let ids = office.deliver(30).await;
    office.victim.has_taken(ids.len()).await;
    assert_eq!(
        office.victim.taken(),
        office.pulled().await,
        "once each, in order"
    );
    let calls = office.victim.seen();
    for call in &calls {
        assert_eq!(call.body["type"], "receipts");
        assert_eq!(call.body["data"]["events"][0]["status"], "delivered");
    }
    // The cursor of a call is one of the pulled feed.
    let next = calls.last().unwrap().body["data"]["next"].as_str().unwrap();
    let rest = office
        .served
        .request(Method::GET, &format!("/v1/receipts?after={next}"))
        .bearer_auth(key("victim"));
    assert_eq!(answer(rest).await.1["events"], json!([]));
    let delivered = "carillon_webhook_events_delivered_total{feed=\"receipts\"}";
    assert!(office.served.figure(delivered).await >= 30);
    assert_eq!(
        office
            .served
            .figure("carillon_webhook_off{account=\"victim\"}")
            .await,
        0
    );
}

#[actix_web::test]
async fn receivers_that_fail_get_everything_later_and_hold_nobody() {
    // Nothing may ever connect here.
    let inside = Receiver::listen(TAKE).await;
    let location = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:{}/\r\nContent-Length: 0\r\n\r\n",
        inside.port
    );
    let cases: [(Manner, &str); 6] = [
        (Manner::Close, "the connection broke"),
        (
            Manner::Refuse("220 mail.example ESMTP\r\n"),
            "the connection broke",
        ),
        (Manner::EndlessHead, "the connection broke"),
        (
            Manner::Refuse(location.leak()),
            "a redirect; redirects are not followed",
        ),
        (
            Manner::Refuse("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
            "it answered 500",
        ),
        (Manner::Hang, "no answer within 15 s"),
    ];
    let mut office = Office::open(TAKE).await;
    let mut ids = Vec::new();
    for (manner, words) in cases {
        office.victim.becomes(manner);
        let before = office.victim.calls();
        ids.extend(office.deliver(3).await);
        office.victim.was_called(before + 1).await;
        office.goes_on().await;
        office.error_says(words).await;
        assert_eq!(office.victims_webhook().await["state"], "failing", "{words}");
        let tried = office.victim.seen()[before].clone();

        office.victim.becomes(TAKE);
        assert_eq!(office.order("enable", json!({})).await, 202);
        office.victim.has_taken(ids.len()).await;
        assert_eq!(office.victim.taken(), ids, "{words}");
        let again = office
            .victim
            .seen()
            .into_iter()
            .rev()
            .find(|call| call.id == tried.id);
        assert_eq!(
            again.unwrap().body,
            tried.body,
            "the same id means the same events"
        );
        until("it works again", async || {
            office.victims_webhook().await["state"] == "working"
        })
        .await;
    }
    assert_eq!(inside.calls(), 0);
}

#[actix_web::test]
async fn garbage_after_a_200_is_not_read_and_changes_nothing() {
    let mut office = Office::open(Manner::EndlessBody).await;
    let ids = office.deliver(5).await;
    office.victim.has_taken(ids.len()).await;
    office.goes_on().await;
    office.victim.becomes(Manner::Answer(
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\u{1}<{{{{\u{2}\n\r",
    ));
    let more = office.deliver(5).await;
    office.victim.has_taken(ids.len() + more.len()).await;
    assert_eq!(office.victim.taken(), [ids, more].concat());
    assert!(office.served.memory_peak_mib() < 512);
}

#[actix_web::test]
async fn who_is_gone_is_off_until_an_operator_enables_or_replays() {
    let mut office = Office::open(Manner::Refuse("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")).await;
    let ids = office.deliver(3).await;
    until("it is off", async || {
        office.victims_webhook().await["state"] == "off"
    })
    .await;
    assert_eq!(office.victims_webhook().await["off"], "gone");
    assert_eq!(
        office
            .served
            .figure("carillon_webhook_off{account=\"victim\"}")
            .await,
        1
    );
    let calls = office.victim.calls();
    assert_eq!(office.order("replay", json!({"after": null})).await, 202);
    office.goes_on().await;
    assert_eq!(office.victim.calls(), calls, "it stays off");

    office.served.crash_and_start();
    until("it is off after a crash", async || {
        office.victims_webhook().await["off"] == "gone"
    })
    .await;
    office.victim.becomes(TAKE);
    assert_eq!(office.order("enable", json!({})).await, 202);
    office.victim.has_taken(3).await;
    assert_eq!(office.victim.taken(), ids);

    assert_eq!(office.order("replay", json!({"after": null})).await, 202);
    office.victim.has_taken(6).await;
    assert_eq!(office.victim.taken(), [ids.clone(), ids].concat());
    for refused in [
        json!({}),
        json!({"after": "x"}),
        json!({"after": "99999999-0"}),
        json!({"after": null, "feed": "all"}),
        json!({"after": null, "from": 1}),
    ] {
        assert_eq!(office.order("replay", refused.clone()).await, 400, "{refused}");
    }
}

/// A crash loses nothing, and lets come again what was delivered shortly before, once.
#[actix_web::test]
async fn nothing_is_lost_by_a_crash_at_any_moment() {
    let mut office = Office::open(TAKE).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.extend(office.deliver(15).await);
        // A journey shows what is not durable yet; the feeds do not (ACK-1).
        until("all have durably ended", async || {
            office.pulled().await.len() == ids.len()
        })
        .await;
        office.served.crash_and_start();
    }
    let last = ids.last().cloned();
    until("everything was pushed", async || {
        office.victim.taken().contains(last.as_ref().unwrap())
    })
    .await;
    let taken = office.victim.taken();
    let mut first_times = Vec::new();
    for id in &taken {
        if !first_times.contains(id) {
            first_times.push(id.clone());
        }
    }
    assert_eq!(first_times, ids, "all, and for the first time in order");
    let place = |id: &String| ids.iter().position(|known| known == id).unwrap();
    let steps_back = taken
        .windows(2)
        .filter(|two| place(&two[1]) <= place(&two[0]))
        .count();
    assert!(steps_back <= 4, "{steps_back} times back, with four crashes");
}

#[actix_web::test]
async fn an_address_that_is_not_allowed_is_never_connected() {
    let (good, victim) = (Receiver::listen(TAKE).await, Receiver::listen(TAKE).await);
    let port = victim.port;
    // Only 127.0.0.1 is allowed, and this leads to the same listener's machine by another address.
    let mut office = Office::with(good, victim, &format!("http://127.0.0.2:{port}/")).await;
    office.deliver(1).await;
    office.error_says("127.0.0.2 is not on the internet").await;
    office.goes_on().await;
    assert_eq!(office.victim.calls(), 0);
    until("it is counted", async || {
        let name = "carillon_webhook_calls_total{outcome=\"address_refused\"}";
        office.served.figure(name).await >= 1
    })
    .await;
    tokio::time::timeout(Duration::from_secs(5), office.served.stop_in_order())
        .await
        .expect("a webhook that fails does not hold the end");
}
