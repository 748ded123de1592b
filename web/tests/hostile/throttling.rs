//! A carrier that keeps asking us to slow down: its tile is never degraded without an alarm that says why (MON-2).

use super::alarms::{catalog, panels};
use super::cmpp::{ACTIVE_TEST, ACTIVE_TEST_RESP, Carrier, Peer, SUBMIT, SUBMIT_RESP, frame};
use super::served::{Served, until};
use serde_json::{Value, json};

/// "Flow control" (CMPP 2.0 §7.4.3.2).
const FLOW_CONTROL: u8 = 8;

#[actix_web::test]
async fn a_carrier_that_slows_us_down_is_told() {
    let carrier = Carrier::listen();
    let ports = [("main", carrier.port())];
    let served = Served::start(&catalog(&ports)).await;
    let mut peer = carrier.accept().await;
    peer.bind().await;
    actix_web::rt::spawn(slow_down(peer));
    served.accepted("his", "13800000001", "您好").await;
    let mut told = Value::Null;
    until("the alarm rises", async || {
        let panels = panels(&served, "").await;
        let tile = &panels["connections"]["data"]["connections"][0];
        let alarms = panels["alarms"]["data"]["alarms"].as_array().unwrap();
        let alarm = alarms
            .iter()
            .find(|alarm| alarm["rule"] == "connection_throttled");
        told = alarm.cloned().unwrap_or_default();
        // One that has never been bound is degraded for a moment.
        if tile["state"] != "connecting" {
            assert_eq!(tile["health"] == "degraded", !told.is_null(), "{panels}");
        }
        !told.is_null()
    })
    .await;
    assert_eq!(
        (&told["object"], &told["severity"], &told["state"]),
        (&json!("main"), &json!("warning"), &json!("unacknowledged"))
    );
}

async fn slow_down(mut peer: Peer) {
    while let Some(pdu) = peer.pdu().await {
        let answer = match pdu.command {
            SUBMIT => {
                let mut body = [0; 9];
                body[8] = FLOW_CONTROL;
                frame(SUBMIT_RESP, pdu.sequence, &body)
            }
            ACTIVE_TEST => frame(ACTIVE_TEST_RESP, pdu.sequence, &[0]),
            _ => continue,
        };
        peer.send(&answer).await;
    }
}
