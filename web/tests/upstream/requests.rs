//! Requests come in, and what becomes of them comes out.

use super::cmpp::{Carrier, deliver, report, submit_resp, well_behaved};
use super::house::{BATCH, House, MESSAGE};

#[actix_web::test]
async fn a_request_becomes_a_message_and_its_end_is_told() {
    let carrier = Carrier::listen();
    let house = House::open(&carrier, &[]).await;
    let seen = well_behaved(carrier);
    house.ask(MESSAGE, "4711", r#"{"to": "13800000001", "text": "您好"}"#);
    let events = house.events();
    let (accepted, receipt) = (events.next().await, events.next().await);
    assert!(accepted.is("carillon.message.accepted") && receipt.is("carillon.message.receipt"));
    let (told, end) = (accepted.data(), receipt.data());
    assert_eq!(
        (&told["request_source"], &told["request_id"]),
        (&"/lab".into(), &"4711".into())
    );
    assert_eq!((&end["id"], &end["status"]), (&told["id"], &"delivered".into()));
    // In one partition, by the key: in this order for everybody.
    assert_eq!(accepted.key, told["id"].as_str().unwrap());
    assert_eq!(receipt.key, accepted.key);
    for record in [&accepted, &receipt] {
        assert_eq!(record.header("ce_specversion"), "1.0");
        assert_eq!(record.header("ce_account"), "lab");
        assert_eq!(record.header("content-type"), "application/json");
        assert_eq!(record.header("ce_source"), format!("/carillon/{}", house.prefix));
    }
    assert_eq!(seen.borrow()[0].to, "13800000001");
    assert_eq!(house.served.figure("carillon_upstream_requests_total").await, 1);
}

/// IDEM-1, also between one event and the next life of the service.
#[actix_web::test]
async fn a_repeat_is_the_same_message() {
    let carrier = Carrier::listen();
    let mut house = House::open(&carrier, &[]).await;
    let seen = well_behaved(carrier);
    let body = r#"{"to": "13800000001", "text": "您好"}"#;
    let events = house.events();
    house.ask(MESSAGE, "1", body);
    let first = events.take(2).await[0].data();
    house.served.crash_and_start();
    house.ask(MESSAGE, "1", body);
    // What was told just before the end may be told again.
    let mut again = events.next().await;
    while !again.is("carillon.message.accepted") {
        again = events.next().await;
    }
    assert_eq!(again.data(), first);
    // Another body under the same name is another request, and refused.
    house.ask(MESSAGE, "1", r#"{"to": "13800000002", "text": "您好"}"#);
    let refused = house.refused().next().await;
    assert_eq!(refused.header("ce_code"), "idempotency_conflict");
    assert_eq!(refused.header("ce_field"), "ce_id");
    assert_eq!(seen.borrow().len(), 1);
}

#[actix_web::test]
async fn a_batch_is_taken_line_by_line() {
    let carrier = Carrier::listen();
    let house = House::open(&carrier, &[]).await;
    let seen = well_behaved(carrier);
    let body = r#"[{"to": "13800000001", "text": "a"}, {"to": "12", "text": "b"}, {"to": "13800000003", "text": "c"}]"#;
    house.ask(BATCH, "list", body);
    let refused = house.refused().next().await;
    assert_eq!(refused.header("ce_line"), "2");
    assert_eq!(refused.header("ce_field"), "to");
    assert_eq!(refused.data(), serde_json::json!({"to": "12", "text": "b"}));
    let events = house.events();
    let mut lines = Vec::new();
    for event in events.take(4).await {
        if event.is("carillon.message.accepted") {
            lines.push(event.data()["line"].as_u64().unwrap());
        }
    }
    lines.sort_unstable();
    assert_eq!(lines, [1, 3]);
    assert_eq!(seen.borrow().len(), 2);
}

#[actix_web::test]
async fn what_somebody_writes_is_told() {
    let carrier = Carrier::listen();
    let house = House::open(&carrier, &[]).await;
    let mut peer = carrier.accept().await;
    peer.bind().await;
    let events = house.events();
    house.ask(MESSAGE, "1", r#"{"to": "13800000009", "text": "您好"}"#);
    let pdu = peer.pdu().await.unwrap();
    peer.send(&submit_resp(pdu.sequence, 88)).await;
    peer.send(&deliver(1, 1, &report(88, "13800000009", 21))).await;
    assert!(events.take(2).await[1].is("carillon.message.receipt"));
    peer.send(&deliver(2, 0, b"OK")).await;
    let reply = events.next().await;
    assert!(reply.is("carillon.message.reply"));
    assert_eq!(reply.key, "13800000009");
    assert_eq!(reply.data()["text"], "OK");
    assert_eq!(reply.header("ce_account"), "lab");
}
