use super::house::{House, KEY, connection, with_bounces};
use super::relay::{Ask, Relay, Say};
use carillon_actors::mail::ReturnPaths;
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{ConnectionId, MessageId};
use carillon_domain::journey::{MessageState, SegmentWord};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

async fn sent(house: &House, relay: &Relay, address: &str) -> (MessageId, String) {
    let id = house.send(address).await;
    house.until(id, SegmentWord::Submitted).await;
    let given = relay.given();
    let mail = given.iter().find(|mail| mail.to == address).unwrap();
    (id, mail.from.clone())
}

fn report(action: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@relay.example\r\nSubject: report\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\r\n\r\n\
         --B\r\nContent-Type: text/plain\r\n\r\nwords\r\n\
         --B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n\
         Final-Recipient: rfc822; p@home.example\r\nAction: {action}\r\nStatus: {status}\r\n\r\n--B--\r\n"
    )
}

/// Hands a bounce in, and gives the last reply.
async fn bounce(house: &House, path: &str, message: &str) -> String {
    let address = house.report.bounces.unwrap();
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    let mut last = hear(&mut stream).await;
    let commands = [
        "EHLO relay.example".to_owned(),
        "MAIL FROM:<>".to_owned(),
        format!("RCPT TO:<{path}>"),
        "DATA".to_owned(),
        format!("{message}."),
    ];
    for command in commands {
        let line = format!("{command}\r\n");
        if last.starts_with(['4', '5']) || stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
        last = hear(&mut stream).await;
        if last.starts_with('5') {
            break;
        }
    }
    last
}

async fn hear(stream: &mut BufReader<TcpStream>) -> String {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        if line.as_bytes().get(3) != Some(&b'-') {
            return line;
        }
    }
}

#[actix::test]
async fn a_bounce_fails_its_message_and_counts_once() {
    let relay = Relay::ordinary().await;
    let house = House::with(vec![with_bounces(connection(1, relay.port))]);
    let (id, path) = sent(&house, &relay, "p@home.example").await;
    assert!(
        relay
            .lines()
            .iter()
            .any(|line| line.ends_with("NOTIFY=FAILURE,DELAY"))
    );

    assert!(
        bounce(&house, &path, &report("delayed", "4.4.1"))
            .await
            .starts_with("250 ")
    );
    assert_eq!(
        house.journey(id).await.state,
        MessageState::Active,
        "a delay moves nothing"
    );
    assert!(
        bounce(&house, &path.to_uppercase(), &report("failed", "5.1.1"))
            .await
            .starts_with("250 ")
    );
    assert_eq!(
        house.end_of(id).await,
        (FinalState::Failed, Some("5.1.1".to_owned()))
    );

    assert!(
        bounce(&house, &path, &report("delivered", "2.0.0"))
            .await
            .starts_with("250 ")
    );
    assert_eq!(house.end_of(id).await.0, FinalState::Failed, "(RCP-1)");
    assert_eq!(house.handle.counters().receipts_duplicate.get(), 1);
    house.end().await;
}

#[actix::test]
async fn a_report_of_delivery_delivers() {
    let relay = Relay::ordinary().await;
    let house = House::with(vec![with_bounces(connection(1, relay.port))]);
    let (id, path) = sent(&house, &relay, "p@home.example").await;
    assert!(
        bounce(&house, &path, &report("delivered", "2.1.5"))
            .await
            .starts_with("250 ")
    );
    assert_eq!(house.end_of(id).await, (FinalState::Delivered, None));
    house.end().await;
}

#[actix::test]
async fn somebody_on_holiday_has_got_the_mail_and_a_bare_bounce_has_not() {
    let relay = Relay::ordinary().await;
    let house = House::with(vec![with_bounces(connection(1, relay.port))]);
    let (id, path) = sent(&house, &relay, "p@home.example").await;
    let holiday = "Auto-Submitted: auto-replied\r\nSubject: away\r\n\r\nUntil May.\r\n";
    assert!(bounce(&house, &path, holiday).await.starts_with("250 "));
    assert_eq!(house.journey(id).await.state, MessageState::Active);
    assert!(
        bounce(&house, &path, "Subject: failure\r\n\r\nSorry.\r\n")
            .await
            .starts_with("250 ")
    );
    assert_eq!(
        house.end_of(id).await,
        (FinalState::Failed, Some("5.0.0".to_owned()))
    );
    house.end().await;
}

#[actix::test]
async fn nobody_else_can_make_a_bounce() {
    let relay = Relay::ordinary().await;
    let house = House::with(vec![with_bounces(connection(1, relay.port))]);
    let (id, path) = sent(&house, &relay, "p@home.example").await;
    let named = ReturnPaths::new(KEY).read(&path).unwrap();
    assert_eq!(named.message, id);
    let forged = ReturnPaths::new([1; 32]).make(named, "bounce.hospital.example");
    for path in [
        forged.as_str(),
        "postmaster@bounce.hospital.example",
        "notice@hospital.example",
    ] {
        assert!(
            bounce(&house, path, &report("failed", "5.1.1"))
                .await
                .starts_with("550 "),
            "{path}"
        );
    }
    assert_eq!(house.journey(id).await.state, MessageState::Active);
    house.end().await;
}

/// A relay that gives up at once may report before it has answered.
#[actix::test]
async fn a_bounce_that_comes_before_the_answer_waits_for_it() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let held = gate.clone();
    let relay = Relay::start(move |ask| matches!(ask, Ask::Mail).then(|| Say::WhenOpen(held.clone()))).await;
    let house = House::with(vec![with_bounces(connection(1, relay.port))]);
    let id = house.send("p@home.example").await;
    while relay.given().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let path = relay.given()[0].from.clone();
    assert!(
        bounce(&house, &path, &report("failed", "5.2.2"))
            .await
            .starts_with("250 ")
    );
    assert_eq!(house.segment(id).await.state, SegmentWord::Intent);
    gate.notify_one();
    assert_eq!(
        house.end_of(id).await,
        (FinalState::Failed, Some("5.2.2".to_owned()))
    );
    house.end().await;
}

#[actix::test]
async fn a_bounce_resolves_what_was_uncertain() {
    for early in [false, true] {
        let relay = Relay::start(|ask| matches!(ask, Ask::Mail).then_some(Say::Hang)).await;
        let mut quick = with_bounces(connection(1, relay.port));
        quick.response_timeout_s = if early { 2 } else { 1 };
        let house = House::with(vec![quick]);
        let id = house.send("p@home.example").await;
        while relay.given().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if !early {
            house.until(id, SegmentWord::Uncertain).await;
        }
        let path = relay.given()[0].from.clone();
        assert!(
            bounce(&house, &path, &report("failed", "5.1.1"))
                .await
                .starts_with("250 ")
        );
        assert_eq!(
            house.end_of(id).await,
            (FinalState::Failed, Some("5.1.1".to_owned())),
            "early: {early}"
        );
        house.end().await;
    }
}

/// Without a bounce in time the mail counts as sent; one that comes later corrects it.
#[actix::test]
async fn a_late_bounce_amends() {
    let relay = Relay::ordinary().await;
    let mut hasty = with_bounces(connection(1, relay.port));
    hasty.mail.as_mut().unwrap().bounce_window_s = 1;
    let house = House::with(vec![hasty]);
    let (id, path) = sent(&house, &relay, "p@home.example").await;
    assert_eq!(
        house.end_of(id).await,
        (FinalState::Sent, Some("no_receipt".to_owned()))
    );
    assert!(
        bounce(&house, &path, &report("failed", "5.1.1"))
            .await
            .starts_with("250 ")
    );
    while house.end_of(id).await.0 != FinalState::Failed {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(house.handle.counters().finals_amended.get(), 1);
    house.end().await;
}

#[actix::test]
async fn bounces_are_known_after_a_restart() {
    let relay = Relay::ordinary().await;
    let house = House::with(vec![with_bounces(connection(1, relay.port))]);
    let (id, path) = sent(&house, &relay, "p@home.example").await;
    let house = house.restarted().await;
    assert!(
        bounce(&house, &path, &report("failed", "5.1.1"))
            .await
            .starts_with("250 ")
    );
    assert_eq!(house.end_of(id).await.0, FinalState::Failed);
    house.end().await;
}

#[actix::test]
async fn strangers_cost_the_receiver_little() {
    let relay = Relay::ordinary().await;
    let house = House::with(vec![with_bounces(connection(1, relay.port))]);
    let address = house.report.bounces.unwrap();
    // More than there is room for, and they say nothing.
    let mut silent = Vec::new();
    let mut refused = 0;
    for _ in 0..80 {
        let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
        let greeting = hear(&mut stream).await;
        refused += usize::from(greeting.starts_with("421 "));
        silent.push(stream);
    }
    assert_eq!(refused, 16);
    assert_eq!(house.handle.counters().bounces_refused.get(), 16);
    silent.truncate(10);
    let (id, path) = sent(&house, &relay, "p@home.example").await;
    loop {
        // The places of those that left become free.
        let reply = bounce(&house, &path, &report("failed", "5.1.1")).await;
        if reply.starts_with("250 ") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(house.end_of(id).await.0, FinalState::Failed);
    house.end().await;
}

/// The relay is removed while a bounce may still come: the mail waits for it as before.
#[actix::test]
async fn a_mail_waits_for_its_bounce_also_when_its_relay_was_removed() {
    let relay = Relay::ordinary().await;
    let house = House::with(vec![with_bounces(connection(1, relay.port))]);
    let (id, path) = sent(&house, &relay, "p@home.example").await;
    house.install(vec![connection(2, relay.port)]).await;
    while house
        .handle
        .connections()
        .iter()
        .any(|status| status.connection == ConnectionId(1))
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for (action, status, state) in [
        ("delayed", "4.4.1", MessageState::Active),
        ("failed", "5.1.1", MessageState::Final(FinalState::Failed)),
    ] {
        let reply = bounce(&house, &path, &report(action, status)).await;
        assert!(reply.starts_with("250 "));
        assert_eq!(house.journey(id).await.state, state, "{action}");
    }
    house.end().await;
}

/// Somebody who was sent one mail knows its return path, but cannot fill the journal by it.
#[actix::test]
async fn reports_of_one_mail_are_noted_only_so_often() {
    let relay = Relay::ordinary().await;
    let house = House::with(vec![with_bounces(connection(1, relay.port))]);
    let (id, path) = sent(&house, &relay, "p@home.example").await;
    let (_, other) = sent(&house, &relay, "other@home.example").await;
    for _ in 0..40 {
        let reply = bounce(&house, &path, &report("delayed", "4.4.1")).await;
        assert!(reply.starts_with("250 "));
    }
    let counters = house.handle.counters();
    assert_eq!(
        (counters.receipts_matched.get(), counters.receipts_duplicate.get()),
        (32, 8)
    );
    bounce(&house, &other, &report("failed", "5.1.1")).await;
    assert_eq!(
        counters.receipts_matched.get(),
        33,
        "others have a count of their own"
    );
    assert_eq!(house.journey(id).await.state, MessageState::Active);
    house.end().await;
}
