//! Carriers that do not read: what waits for them in memory must stay bounded, and come through when they do read.

use super::cmpp::{
    ACTIVE_TEST, ACTIVE_TEST_RESP, DELIVER_RESP, PATIENCE, Segments, deliver, frame, read_pdu,
};
use super::served::{answer, until};
use super::stage::Stage;
use std::collections::HashSet;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader};

/// Far more than the buffers of two sockets and of one session hold.
const FLOOD_BYTES: usize = 96 << 20;
const TESTS_PER_REPLY: u32 = 9;
/// A socket that takes nothing for so long takes no more.
const STUCK: Duration = Duration::from_secs(2);

#[actix_web::test]
async fn replies_of_a_carrier_that_does_not_read_our_answers_are_held_back() {
    let stage = Stage::set().await;
    let mut peer = stage.hostile.accept().await;
    peer.bind().await;
    let burst = burst();
    let (mut reader, mut writer) = peer.stream.into_inner().into_split();
    let mut sent = 0;
    while sent < FLOOD_BYTES {
        let rest = &burst[sent % burst.len()..];
        match tokio::time::timeout(STUCK, writer.write(rest)).await {
            Ok(written) => sent += written.unwrap(),
            Err(_) => break,
        }
    }
    println!("held back after {sent} bytes");
    assert!(
        sent < FLOOD_BYTES,
        "the service reads on while nobody takes its answers"
    );
    stage
        .served
        .error_says("hostile", "the carrier does not read what we answer")
        .await;
    stage.goes_on().await;
    stage.memory_is_bounded();

    let bursts = sent.div_ceil(burst.len());
    let finish = async {
        writer
            .write_all(&burst[sent - (bursts - 1) * burst.len()..])
            .await
            .unwrap();
    };
    let count = async {
        let (mut replies, mut tests) = (0, 0);
        let mut buffered = BufReader::new(&mut reader);
        while replies < bursts || tests < bursts * TESTS_PER_REPLY as usize {
            let pdu = read_pdu(&mut buffered).await.expect("the session stays");
            match pdu.command {
                DELIVER_RESP => replies += 1,
                ACTIVE_TEST_RESP => tests += 1,
                other => panic!("command {other:#x}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, async { tokio::join!(finish, count) })
        .await
        .expect("everything is answered once the carrier reads");
    assert_eq!(stage.served.figure("carillon_replies_total").await, bursts as u64);
    assert_eq!(stage.served.figure("carillon_replies_unowned_total").await, 0);
    let id = stage.served.accepted("victim", "13800000002", "您好").await;
    let peer = super::cmpp::Peer {
        stream: BufReader::new(reader.reunite(writer).unwrap()),
    };
    actix_web::rt::spawn(peer.serve(Segments::default()));
    stage.served.delivered("victim", &id).await;
}

/// A reply of a phone and some link tests.
fn burst() -> Vec<u8> {
    (0..TESTS_PER_REPLY).fold(deliver(1, 0, b"reply"), |bytes, n| {
        [bytes, frame(ACTIVE_TEST, n, &[])].concat()
    })
}

#[actix_web::test]
async fn a_carrier_that_never_reads_blocks_nobody_and_loses_nothing() {
    const BATCH: usize = 10_000;
    const MESSAGES: usize = 4 * BATCH;
    let settings = "window = 4096\nrate_per_second = 100000\nresponse_timeout_s = 1\nsilence_s = 600";
    let stage = Stage::with(settings).await;
    for first in (0..MESSAGES).step_by(BATCH) {
        let (status, body) = answer(stage.served.post(
            "victim",
            "/v1/messages/batch",
            lines(first..first + BATCH),
        ))
        .await;
        assert_eq!((status, body["accepted"].as_array().unwrap().len()), (202, BATCH));
    }
    let mut peer = stage.hostile.accept().await;
    peer.bind().await;
    // Unanswered segments free their slots by time-out; only the named limit stops what is written after them.
    until("the service sees that nobody reads", async || {
        let state = stage.served.connection("hostile").await;
        assert!(state["in_flight"].as_u64().unwrap() <= 4096, "WIN-1: {state}");
        state["last_error"] == "the carrier does not read what we answer"
    })
    .await;
    stage.goes_on().await;
    stage.memory_is_bounded();
    let written = stage.served.figure("carillon_segments_written_total").await;
    println!("{written} segments into the session of a carrier that does not read");
    drop(peer);

    stage.served.restart("hostile").await;
    let mut peer = stage.hostile.accept().await;
    peer.bind().await;
    let seen = Segments::default();
    actix_web::rt::spawn(peer.serve(seen.clone()));
    // What may have left us stays open with its outcome unknown (UNC-1); everything else is delivered (MSG-1).
    until("every message is delivered or of unknown outcome", async || {
        let figure = async |name| stage.served.figure(name).await;
        let delivered = figure("carillon_messages_ended_total{state=\"delivered\"}").await;
        delivered == (seen.borrow().len() + stage.good.borrow().len()) as u64
            && delivered + figure("carillon_messages_open").await
                == figure("carillon_messages_accepted_total").await
            && figure("carillon_messages_waiting").await == 0
            && figure("carillon_segments_uncertain_total").await + delivered
                >= figure("carillon_messages_accepted_total").await
    })
    .await;
    let seen = seen.borrow();
    println!("{} of {MESSAGES} delivered by the next session", seen.len());
    assert!(!seen.is_empty() && seen.len() < MESSAGES);
    let numbers: HashSet<&str> = seen.iter().map(|segment| segment.to.as_str()).collect();
    assert_eq!(numbers.len(), seen.len(), "DUP-1");
}

fn lines(numbers: std::ops::Range<usize>) -> String {
    let text = "长".repeat(70);
    let line = |n| format!("{{\"to\":\"{}\",\"text\":\"{text}\"}}", 13_800_000_000 + n as u64);
    format!("[{}]", numbers.map(line).collect::<Vec<_>>().join(","))
}
