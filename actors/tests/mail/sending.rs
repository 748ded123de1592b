use super::house::{House, connection};
use super::relay::{Ask, Relay};
use carillon_domain::content::Attachment;
use carillon_domain::fact::FinalState;
use mail_parser::{MessageParser, MimeHeaders};
use std::io::Write;
use std::time::Duration;

#[actix::test]
async fn mails_go_once_each_over_the_pooled_sessions() {
    let relay = Relay::ordinary().await;
    let house = House::with(vec![connection(1, relay.port)]);
    let mut ids = Vec::new();
    for n in 0..40 {
        ids.push(house.send(&format!("p{n}@home.example")).await);
    }
    for id in ids {
        assert_eq!(house.end_of(id).await.0, FinalState::Sent, "no bounce is due");
    }
    let given = relay.given();
    assert_eq!(given.len(), 40);
    assert!(
        relay.counts().values().all(|count| *count == 1),
        "each once (DUP-1)"
    );
    assert_eq!(
        (relay.sessions(), relay.open_max()),
        (2, 2),
        "the sessions are used again"
    );
    let first = MessageParser::default().parse(&given[0].content).unwrap();
    assert_eq!(first.subject(), Some("检查报告"));
    assert!(first.body_text(0).unwrap().contains("\n.\r\n") || first.body_text(0).unwrap().contains("\n.\n"));
    assert_eq!(
        first.body_html(0).unwrap().trim_end(),
        "<p>您的检查报告已出。</p>"
    );
    assert_eq!(given[0].from, "notice@hospital.example");
    house.end().await;
    assert!(
        relay.lines().iter().any(|line| line == "QUIT"),
        "it leaves in order"
    );
}

#[actix::test]
async fn attachments_come_whole() {
    let relay = Relay::ordinary().await;
    let house = House::with(vec![connection(1, relay.port)]);
    let bytes: Vec<u8> = (0..300_000u32).map(|n| (n * 7 % 251) as u8).collect();
    let mut writer = house.files.begin(1 << 20).unwrap();
    writer.write_all(&bytes).unwrap();
    let file = writer.finish().unwrap();
    let attachment = Attachment {
        name: "检查报告.pdf".into(),
        media_type: "application/pdf".into(),
        file,
    };
    let id = house.send_with("p@home.example", &[attachment]).await;
    assert_eq!(house.end_of(id).await.0, FinalState::Sent);
    let given = relay.given();
    let message = MessageParser::default().parse(&given[0].content).unwrap();
    let part = message.attachment(0).unwrap();
    assert_eq!(part.attachment_name(), Some("检查报告.pdf"));
    assert_eq!(part.contents(), bytes);
    house.end().await;
}

#[actix::test]
async fn the_rate_is_kept_over_all_sessions() {
    const RATE: usize = 5;
    let relay = Relay::ordinary().await;
    let mut slow = connection(1, relay.port);
    (slow.rate_per_second, slow.sessions) = (RATE as u32, 4);
    let house = House::with(vec![slow]);
    let mut ids = Vec::new();
    for n in 0..16 {
        ids.push(house.send(&format!("p{n}@home.example")).await);
    }
    for id in ids {
        house.end_of(id).await;
    }
    let mut times: Vec<_> = relay.given().iter().filter_map(|given| given.begun).collect();
    times.sort();
    // The relay's own clock, with what the way there may shift.
    let second = Duration::from_millis(950);
    for window in times.windows(RATE + 1) {
        assert!(
            window[RATE] - window[0] >= second,
            "more than the rate in a second (RATE-1)"
        );
    }
    house.end().await;
}

#[actix::test]
async fn a_session_that_is_logged_in_says_who_it_is() {
    let relay = Relay::ordinary().await;
    let mut with_login = connection(1, relay.port);
    with_login.login = "gateway".into();
    with_login.password = carillon_domain::catalog::Secret::new("secret");
    let house = House::with(vec![with_login]);
    let id = house.send("p@home.example").await;
    house.end_of(id).await;
    let lines = relay.lines();
    assert!(
        lines.iter().any(|line| line == "AUTH PLAIN AGdhdGV3YXkAc2VjcmV0"),
        "{lines:?}"
    );
    assert!(lines.iter().any(|line| line == "EHLO hospital.example"));
    house.end().await;
}

#[actix::test]
async fn a_stop_waits_for_the_open_transaction() {
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let (entered, is_in) = tokio::sync::oneshot::channel();
    let entered = parking_lot::Mutex::new(Some(entered));
    let held = gate.clone();
    let relay = Relay::start(move |ask| match ask {
        Ask::Mail => {
            entered.lock().take().map(|entered| entered.send(()));
            Some(super::relay::Say::WhenOpen(held.clone()))
        }
        _ => None,
    })
    .await;
    let house = House::with(vec![connection(1, relay.port)]);
    let id = house.send("p@home.example").await;
    is_in.await.unwrap();
    let handle = house.handle.clone();
    let stopping = actix::spawn(async move { handle.stop(super::house::WAIT).await });
    gate.notify_one();
    let report = stopping.await.unwrap().unwrap();
    assert_eq!((report.cut, report.open), (0, 0), "{id} was waited for");
}
