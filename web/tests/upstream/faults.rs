//! What fails on the way loses and doubles nothing.

use super::cmpp::{Carrier, well_behaved};
use super::house::{House, MESSAGE, brokers, head};
use super::served::until;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

const REQUESTS: usize = 3_000;

fn number(n: usize) -> String {
    format!("1380000{n:04}")
}

fn body(n: usize) -> String {
    format!(r#"{{"to": "{}", "text": "您好"}}"#, number(n))
}

/// The service is killed while requests come in, three times.
#[actix_web::test]
async fn a_killed_service_loses_and_doubles_no_request() {
    let carrier = Carrier::listen();
    let mut house = House::open(&carrier, &[]).await;
    let seen = well_behaved(carrier);
    let events = house.events();
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut ended = BTreeSet::new();
    let mut note = |record: super::house::Record| {
        let data = record.data();
        let id = data["id"].as_str().unwrap().to_owned();
        if record.is("carillon.message.accepted") {
            let request = data["request_id"].as_str().unwrap();
            ids.entry(request.to_owned()).or_default().insert(id);
        } else {
            ended.insert(id);
        }
        (ids.len(), ended.len())
    };
    for n in 0..REQUESTS {
        house.put(&head(MESSAGE, &number(n)), Some(body(n).as_bytes()));
        if n % 100 == 0 {
            house.arrived();
        }
        if n % 1_000 == 700 {
            house.served.crash_and_start();
        }
        while let Some(record) = events.try_next() {
            note(record);
        }
    }
    house.arrived();
    while note(events.next().await).0 < REQUESTS {}
    assert_eq!(ids.len(), REQUESTS);
    assert!(
        ids.values().all(|ids| ids.len() == 1),
        "a request became two messages"
    );
    let mut written: BTreeMap<String, u32> = BTreeMap::new();
    until("all that is not uncertain is written", async || {
        let open = house.served.figure("carillon_messages_waiting").await;
        open == 0
    })
    .await;
    for segment in seen.borrow().iter() {
        *written.entry(segment.to.clone()).or_default() += 1;
    }
    assert!(
        written.values().all(|times| *times == 1),
        "a request was written twice"
    );
}

/// While nothing more may be taken, requests wait in Kafka; none is refused.
#[actix_web::test]
async fn requests_wait_while_the_service_is_full() {
    let carrier = Carrier::listen();
    let house = House::open(&carrier, &[("CARILLON_LIMITS_MESSAGES_OPEN_MAX", "1000")]).await;
    for n in 0..2_000 {
        house.put(&head(MESSAGE, &number(n)), Some(body(n).as_bytes()));
    }
    house.arrived();
    until("it is full", async || {
        house.served.figure("carillon_upstream_held_up_total").await > 0
    })
    .await;
    // The carrier has let it wait until now.
    let seen = well_behaved(carrier);
    let events = house.events();
    let mut ended = 0;
    while ended < 2_000 {
        ended += usize::from(events.next().await.is("carillon.message.receipt"));
    }
    let written: BTreeSet<_> = seen.borrow().iter().map(|segment| segment.to.clone()).collect();
    assert_eq!((written.len(), seen.borrow().len()), (2_000, 2_000));
    assert_eq!(house.served.figure("carillon_upstream_refused_total").await, 0);
}

/// A broker that is not there at the start is waited for; everything else works meanwhile.
#[actix_web::test]
async fn a_broker_may_come_later() {
    let carrier = Carrier::listen();
    // A port at which nobody listens yet.
    let port = {
        let reserved = TcpListener::bind("127.0.0.1:0").await.unwrap();
        reserved.local_addr().unwrap().port()
    };
    let house = House::at(&carrier, &format!("127.0.0.1:{port}"), &[]).await;
    let _seen = well_behaved(carrier);
    let by_rest = house.served.accepted("lab", "13800000001", "您好").await;
    house.served.delivered("lab", &by_rest).await;
    house.ask(MESSAGE, "1", &body(2));
    until("it is counted", async || {
        house.served.figure("carillon_upstream_failures_total").await > 0
    })
    .await;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let broker = brokers();
    actix_web::rt::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let broker = broker.clone();
            actix_web::rt::spawn(async move {
                let mut server = TcpStream::connect(broker).await.unwrap();
                let _either_end_closes = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    let events = house.events();
    let mut told = Vec::new();
    while told.len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        told.extend(events.try_next().filter(|event| event.key != by_rest));
    }
    assert!(told[0].is("carillon.message.accepted") && told[1].is("carillon.message.receipt"));
}
