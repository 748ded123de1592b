use super::house::{House, connection, steps};
use super::relay::{Ask, Relay, Say};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::ConnectionId;
use carillon_domain::journey::SegmentWord;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The first time that `here` says so, `say` is said.
fn once(
    here: impl Fn(&Ask<'_>) -> bool + Send + Sync + 'static,
    say: impl Fn() -> Say + Send + Sync + 'static,
) -> impl Fn(&Ask<'_>) -> Option<Say> + Send + Sync + 'static {
    let done = AtomicBool::new(false);
    move |ask| (here(ask) && !done.swap(true, Ordering::Relaxed)).then(&say)
}

fn at(verb: &'static str) -> impl Fn(&Ask<'_>) -> bool + Send + Sync + 'static {
    move |ask| matches!(ask, Ask::Line(line) if line.starts_with(verb))
}

fn at_end(ask: &Ask<'_>) -> bool {
    matches!(ask, Ask::Mail)
}

#[actix::test]
async fn a_relay_that_hangs_after_the_content_leaves_it_uncertain_and_it_is_not_sent_again() {
    let relay = Relay::start(once(at_end, || Say::Hang)).await;
    let mut patient = connection(1, relay.port);
    (patient.response_timeout_s, patient.sessions) = (1, 1);
    let house = House::with(vec![patient]);
    let hung = house.send("hung@home.example").await;
    let segment = house.until(hung, SegmentWord::Uncertain).await;
    assert_eq!(steps(&segment), ["intent", "uncertain"]);
    // The connection goes on, and others pass it.
    for n in 0..5 {
        let id = house.send(&format!("p{n}@home.example")).await;
        assert_eq!(house.end_of(id).await.0, FinalState::Sent);
    }
    assert_eq!(house.segment(hung).await.state, SegmentWord::Uncertain);
    assert!(
        relay.counts().values().all(|count| *count == 1),
        "not twice (DUP-1)"
    );
    assert_eq!(house.handle.counters().segments_uncertain.get(), 1, "(UNC-1)");
    house.end().await;
}

#[actix::test]
async fn a_connection_that_breaks_after_the_content_leaves_it_uncertain() {
    let relay = Relay::start(once(at_end, || Say::Close)).await;
    let house = House::with(vec![connection(1, relay.port)]);
    let id = house.send("p@home.example").await;
    house.until(id, SegmentWord::Uncertain).await;
    let next = house.send("next@home.example").await;
    assert_eq!(house.end_of(next).await.0, FinalState::Sent);
    assert_eq!(relay.given().len(), 2);
    let house = house.restarted().await;
    assert_eq!(
        house.segment(id).await.state,
        SegmentWord::Uncertain,
        "held over a restart"
    );
    assert_eq!(relay.given().len(), 2);
    house.end().await;
}

#[actix::test]
async fn before_the_content_nothing_is_lost_and_nothing_uncertain() {
    let relay = Relay::ordinary().await;
    let mut quick = connection(1, relay.port);
    quick.response_timeout_s = 1;
    let house = House::with(vec![quick]);
    let mut sent = 0;
    for verb in ["MAIL", "RCPT", "DATA"] {
        for say in [|| Say::Close, || Say::Hang] {
            relay.set_script(once(at(verb), say));
            let id = house.send("p@home.example").await;
            assert_eq!(house.end_of(id).await.0, FinalState::Sent, "{verb}");
            let segment = house.segment(id).await;
            assert_eq!(
                steps(&segment),
                ["intent", "returned", "intent", "submitted"],
                "{verb}"
            );
            sent += 1;
            assert_eq!(relay.given().len(), sent);
        }
    }
    house.end().await;
}

/// A relay that hangs at one recipient, again and again: he waits longer and longer, and the others get their turn.
#[actix::test]
async fn one_recipient_who_costs_every_session_does_not_keep_the_others_from_theirs() {
    let relay = Relay::start(|ask| match ask {
        Ask::Line(line) if line.starts_with("RCPT TO:<slow@") => Some(Say::Hang),
        _ => None,
    })
    .await;
    let mut single = connection(1, relay.port);
    (single.sessions, single.response_timeout_s) = (1, 1);
    let house = House::with(vec![single]);
    let slow = house.send("slow@home.example").await;
    let mut others = Vec::new();
    for n in 0..3 {
        others.push(house.send(&format!("p{n}@home.example")).await);
    }
    for id in others {
        assert_eq!(house.end_of(id).await.0, FinalState::Sent);
    }
    let tries = steps(&house.segment(slow).await);
    assert!(tries.starts_with(&["intent", "returned", "intent", "returned", "intent", "returned"]));
    assert_eq!(house.handle.counters().segments_uncertain.get(), 0);
    house
        .handle
        .stop(std::time::Duration::from_millis(100))
        .await
        .unwrap();
}

#[actix::test]
async fn idle_sessions_that_the_relay_closes_are_opened_again() {
    let relay = Relay::start(|ask| at_end(ask).then_some(Say::ThenClose)).await;
    let house = House::with(vec![connection(1, relay.port)]);
    for n in 0..6 {
        let id = house.send(&format!("p{n}@home.example")).await;
        assert_eq!(house.end_of(id).await.0, FinalState::Sent);
    }
    assert!(relay.sessions() >= 6);
    assert!(relay.counts().values().all(|count| *count == 1));
    house.end().await;
}

/// Whatever a relay says that makes no sense, no mail counts as sent by it, and once it talks sense everything goes.
#[actix::test]
async fn nonsense_is_not_taken_for_an_answer() {
    type Nonsense = (&'static str, fn(&Ask<'_>) -> Option<Say>, &'static str);
    fn in_answer_to(ask: &Ask<'_>, verb: &str, bytes: &[u8]) -> Option<Say> {
        let here = match ask {
            Ask::Connected => verb == "connect",
            Ask::Line(line) => line.starts_with(verb),
            Ask::Mail => false,
        };
        here.then(|| Say::Raw(bytes.to_vec()))
    }
    let cases: [Nonsense; 8] = [
        (
            "answers ahead",
            |ask| in_answer_to(ask, "connect", b"220 x\r\n250 x\r\n250 x\r\n354 x\r\n250 x\r\n"),
            "more than it was asked",
        ),
        (
            "a greeting of another kind",
            |ask| in_answer_to(ask, "connect", b"SSH-2.0-x\r\n"),
            "no SMTP reply",
        ),
        (
            "a greeting that sends away",
            |ask| in_answer_to(ask, "connect", b"421 4.3.2 not now\r\n"),
            "421 4.3.2 not now",
        ),
        (
            "an endless line",
            |ask| in_answer_to(ask, "connect", &[b'x'; 100_000]),
            "bytes",
        ),
        (
            "an endless answer",
            |ask| in_answer_to(ask, "EHLO", &b"250-x\r\n".repeat(5_000)),
            "lines",
        ),
        (
            "answers ahead of a mail",
            |ask| in_answer_to(ask, "MAIL", b"250 a\r\n250 b\r\n354 c\r\n250 d\r\n"),
            "before it was asked",
        ),
        (
            "no go-ahead for the content",
            |ask| in_answer_to(ask, "DATA", b"250 ok\r\n"),
            "DATA with 250",
        ),
        (
            "a mixed answer",
            |ask| in_answer_to(ask, "RCPT", b"250-ok\r\n550 no\r\n"),
            "changed the code",
        ),
    ];
    let relay = Relay::ordinary().await;
    let mut single = connection(1, relay.port);
    single.sessions = 1;
    let house = House::with(vec![single]);
    let mut sent = 0;
    for (name, script, error) in cases {
        relay.set_script(script);
        relay.cut_all();
        let id = house.send("p@home.example").await;
        house.until_error(1, error).await;
        assert_eq!(relay.given().len(), sent, "{name}");
        assert_eq!(house.segment(id).await.carrier_id, None, "{name}");
        relay.set_script(|_| None);
        assert!(house.handle.restart_connection(ConnectionId(1)).await);
        assert_eq!(house.end_of(id).await.0, FinalState::Sent, "{name}");
        sent += 1;
        assert_eq!(relay.given().len(), sent, "{name}");
    }
    house.end().await;
}

#[actix::test]
async fn half_an_answer_is_none() {
    let relay = Relay::start(once(at_end, || Say::Raw(b"250 2.0".to_vec()))).await;
    let mut quick = connection(1, relay.port);
    quick.response_timeout_s = 1;
    let house = House::with(vec![quick]);
    let id = house.send("p@home.example").await;
    house.until(id, SegmentWord::Uncertain).await;
    assert_eq!(relay.given().len(), 1);
    house.end().await;
}

/// Relays that lose sessions all the time: at the end every mail was given at least once or is known as uncertain, and none
/// twice.
#[actix::test]
async fn under_constant_cuts_nothing_goes_twice() {
    let count = Arc::new(AtomicUsize::new(0));
    let relay = Relay::start(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        (number % 17 == 16).then_some(Say::Close)
    })
    .await;
    let mut pooled = connection(1, relay.port);
    pooled.sessions = 4;
    let house = House::with(vec![pooled]);
    let mut ids = Vec::new();
    for n in 0..60 {
        ids.push(house.send(&format!("p{n}@home.example")).await);
    }
    let mut uncertain = 0;
    for id in ids {
        loop {
            let segment = house.segment(id).await;
            match segment.state {
                SegmentWord::Submitted => break,
                SegmentWord::Uncertain => {
                    uncertain += 1;
                    break;
                }
                _ => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            }
        }
    }
    let counts = relay.counts();
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    assert!(counts.len() + uncertain >= 60);
    house.end().await;
}
