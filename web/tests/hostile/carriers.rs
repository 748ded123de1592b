//! Carriers that do not speak as they should.

use super::cmpp::{
    ACTIVE_TEST, CONNECT_RESP, DELIVER, DELIVER_RESP, SUBMIT, SUBMIT_RESP, connect_resp, deliver,
    deliver_body, frame, report, submit_resp,
};
use super::stage::Stage;
use std::time::{Duration, Instant};

#[actix_web::test]
async fn a_stream_that_is_no_protocol_ends_the_session_and_is_told() {
    let stage = Stage::set().await;
    let waiting = stage.served.accepted("victim", "13800000002", "您好").await;
    let short_answer = frame(CONNECT_RESP, 1, &[0; 5]);
    let acts: &[(bool, &[u8], &str)] = &[
        (
            false,
            &[0xa5; 64],
            "cut into PDUs: a length field of 2779096485 is outside 12 to",
        ),
        (
            false,
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "a length field of 1213486160",
        ),
        (
            false,
            &[0xff; 12],
            "a length field of 4294967295 is outside 12 to",
        ),
        (false, &[0, 0, 0, 3], "a length field of 3 is outside 12 to"),
        (
            false,
            &short_answer,
            "answer to the bind cannot be read: AuthenticatorISMG is cut short",
        ),
        (true, &[0xff; 4], "a length field of 4294967295"),
        (true, &[0, 0, 0, 11], "a length field of 11 is outside"),
    ];
    for (bound, bytes, words) in acts {
        stage.served.restart("hostile").await;
        let mut peer = stage.hostile.accept().await;
        if *bound {
            peer.bind().await;
            let submit = peer.pdu().await.unwrap();
            assert_eq!(submit.command, SUBMIT);
            // Not taken: the same segment is written again, which flow control allows.
            peer.send(&frame(SUBMIT_RESP, submit.sequence, &[0, 0, 0, 0, 0, 0, 0, 0, 8]))
                .await;
        } else {
            peer.pdu().await.unwrap();
        }
        peer.send(bytes).await;
        assert!(peer.pdu().await.is_none(), "the session is closed: {words}");
        stage.served.error_says("hostile", words).await;
        stage.goes_on().await;
    }
    let seen = stage.recovers(&waiting).await;
    assert_eq!(seen.borrow().len(), 1);
    stage.memory_is_bounded();
}

#[actix_web::test]
async fn half_an_answer_and_silence_end_with_the_bind_timeout() {
    let stage = Stage::set().await;
    let waiting = stage.served.accepted("victim", "13800000002", "您好").await;
    // The first session has waited since the start.
    drop(stage.hostile.accept().await);
    stage
        .served
        .error_says("hostile", "Connection reset by peer")
        .await;
    stage.served.restart("hostile").await;
    let mut peer = stage.hostile.accept().await;
    let begin = Instant::now();
    let connect = peer.pdu().await.unwrap();
    peer.send(&connect_resp(connect.sequence, 0)[..10]).await;
    stage.goes_on().await;
    assert!(peer.pdu().await.is_none());
    let waited = begin.elapsed();
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(13)).contains(&waited),
        "{waited:?}"
    );
    stage
        .served
        .error_says("hostile", "the bind was not made or not answered in time")
        .await;
    stage.recovers(&waiting).await;
}

#[actix_web::test]
async fn what_has_no_place_or_no_sense_is_refused_and_counted_and_the_session_goes_on() {
    let stage = Stage::set().await;
    let mut peer = stage.hostile.accept().await;
    peer.bind().await;
    for nonsense in [
        submit_resp(0xdead_beef, 1),
        connect_resp(0xdead_beef, 3),
        frame(0x77, 1, b"unknown"),
        frame(SUBMIT_RESP, 0xdead_beef, &[1, 2, 3]),
    ] {
        peer.send(&nonsense).await;
    }
    let whole = deliver_body(0, b"abc", 21);
    let mut longer_than_it_is = whole.clone();
    longer_than_it_is[64] = 200;
    let deliveries = [
        whole[..20].to_vec(),
        longer_than_it_is,
        [&whole[..], &[0; 13]].concat(),
        deliver_body(1, b"too short", 21),
        deliver_body(0, b"abc", 32),
        Vec::new(),
    ];
    for (sequence, body) in (500..).zip(&deliveries) {
        peer.send(&frame(DELIVER, sequence, body)).await;
        let refused = peer.pdu().await.unwrap();
        assert_eq!((refused.command, refused.sequence), (DELIVER_RESP, sequence));
        assert_ne!(
            refused.body[8..],
            [0],
            "delivery {sequence} is refused with a code"
        );
    }
    stage
        .served
        .error_says("hostile", "a delivery could not be read")
        .await;
    for (figure, count) in [
        ("carillon_carrier_answers_ignored_total", 2),
        ("carillon_carrier_commands_ignored_total", 1),
        ("carillon_carrier_pdus_malformed_total", 7),
        ("carillon_deliveries_unreadable_total", 6),
        ("carillon_replies_total", 0),
    ] {
        assert_eq!(stage.served.figure(figure).await, count, "{figure}");
    }
    let id = stage.served.accepted("victim", "13800000002", "您好").await;
    let (message_id, _) = peer.take().await;
    peer.send(&deliver(1, 1, &report(message_id, "13800000002", 21)))
        .await;
    stage.served.delivered("victim", &id).await;
    stage.goes_on().await;
}

#[actix_web::test]
async fn answers_in_the_widths_of_another_version_are_understood() {
    let stage = Stage::set().await;
    let id = stage.served.accepted("victim", "13800000002", "您好").await;
    let mut peer = stage.hostile.accept().await;
    let connect = peer.pdu().await.unwrap();
    let status_of_four_octets = [&[0; 4][..], &[0; 16], &[0x30]].concat();
    peer.send(&frame(CONNECT_RESP, connect.sequence, &status_of_four_octets))
        .await;
    let submit = peer.pdu().await.unwrap();
    assert_eq!(submit.command, SUBMIT);
    let result_of_four_octets = [&900u64.to_be_bytes()[..], &[0; 4]].concat();
    peer.send(&frame(SUBMIT_RESP, submit.sequence, &result_of_four_octets))
        .await;
    peer.send(&deliver(1, 1, &report(900, "13800000002", 32))).await;
    assert_eq!(peer.pdu().await.unwrap().body[8..], [0]);
    stage.served.delivered("victim", &id).await;
    stage.goes_on().await;
}

#[actix_web::test]
async fn the_same_receipt_ten_thousand_times_counts_once() {
    const TIMES: u32 = 10_000;
    let stage = Stage::set().await;
    let id = stage.served.accepted("victim", "13800000002", "您好").await;
    let mut peer = stage.hostile.accept().await;
    peer.bind().await;
    let (message_id, segment) = peer.take().await;
    let receipt = report(message_id, &segment.to, 21);
    let all: Vec<u8> = (1..=TIMES)
        .flat_map(|sequence| deliver(sequence, 1, &receipt))
        .collect();
    let (mut reader, mut writer) = tokio::io::split(peer.stream);
    let sending = async {
        tokio::io::AsyncWriteExt::write_all(&mut writer, &all)
            .await
            .unwrap()
    };
    let counting = async {
        let mut acknowledged = 0;
        while acknowledged < TIMES {
            let pdu = super::cmpp::read_pdu(&mut reader)
                .await
                .expect("the session stays");
            assert_ne!(pdu.command, ACTIVE_TEST);
            assert_eq!((pdu.command, &pdu.body[8..]), (DELIVER_RESP, &[0][..]));
            acknowledged += 1;
        }
    };
    tokio::time::timeout(super::cmpp::PATIENCE, async { tokio::join!(sending, counting) })
        .await
        .expect("every receipt is acknowledged");
    stage.served.delivered("victim", &id).await;
    let feed = stage
        .served
        .request(reqwest::Method::GET, "/v1/receipts")
        .bearer_auth(super::served::key("victim"));
    let (_, feed) = super::served::answer(feed).await;
    assert_eq!(feed["events"].as_array().unwrap().len(), 1, "{feed}");
    assert_eq!(
        stage.served.figure("carillon_receipts_duplicate_total").await,
        u64::from(TIMES) - 1
    );
    stage.goes_on().await;
    stage.memory_is_bounded();
}
