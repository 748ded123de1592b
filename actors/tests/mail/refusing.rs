use super::house::{House, connection, steps};
use super::relay::{Ask, Relay, Say};
use carillon_domain::fact::FinalState;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::time::Duration;

#[actix::test]
async fn one_of_five_recipients_is_refused_and_the_others_are_served() {
    let relay = Relay::start(|ask| match ask {
        Ask::Line(line) if line.starts_with("RCPT TO:<p3@") => {
            Some(Say::Reply("550 5.1.1 <p3@home.example> nobody here".to_owned()))
        }
        _ => None,
    })
    .await;
    let house = House::with(vec![connection(1, relay.port)]);
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(house.send(&format!("p{n}@home.example")).await);
    }
    for (n, id) in ids.into_iter().enumerate() {
        let expected = if n == 3 {
            (FinalState::Failed, Some("550 5.1.1".to_owned()))
        } else {
            (FinalState::Sent, None)
        };
        assert_eq!(house.end_of(id).await, expected, "p{n}");
    }
    assert_eq!(relay.given().len(), 4);
    assert_eq!(relay.sessions(), 2, "a refused recipient costs no session");
    house.end().await;
}

#[actix::test]
async fn a_greylisted_mail_is_tried_again_later_and_not_at_once() {
    let seen = Mutex::new(HashSet::new());
    let tries = std::sync::Arc::new(Mutex::new(Vec::new()));
    let noted = tries.clone();
    let relay = Relay::start(move |ask| match ask {
        Ask::Line(line) if line.starts_with("RCPT") => {
            noted.lock().push(std::time::Instant::now());
            let is_new = seen.lock().insert((*line).to_owned());
            is_new.then(|| Say::Reply("450 4.2.0 come again".to_owned()))
        }
        _ => None,
    })
    .await;
    let house = House::with(vec![connection(1, relay.port)]);
    let id = house.send("p@home.example").await;
    assert_eq!(house.end_of(id).await.0, FinalState::Sent);
    let segment = house.segment(id).await;
    assert_eq!(steps(&segment), ["intent", "later", "intent", "submitted"]);
    let tries = tries.lock().clone();
    assert_eq!(tries.len(), 2);
    assert!(
        tries[1] - tries[0] >= Duration::from_millis(300),
        "{:?}",
        tries[1] - tries[0]
    );
    assert_eq!(relay.counts().len(), 1);
    house.end().await;
}

/// What is put off stays put off over a restart.
#[actix::test]
async fn a_mail_put_off_by_the_relay_survives_a_restart() {
    let open = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_open = open.clone();
    let relay = Relay::start(move |ask| match ask {
        Ask::Line(line)
            if line.starts_with("RCPT") && !is_open.load(std::sync::atomic::Ordering::Relaxed) =>
        {
            Some(Say::Reply("451 4.7.1 greylisted".to_owned()))
        }
        _ => None,
    })
    .await;
    let house = House::with(vec![connection(1, relay.port)]);
    let id = house.send("p@home.example").await;
    while !steps(&house.segment(id).await).contains(&"later") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let house = house.restarted().await;
    open.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(house.end_of(id).await.0, FinalState::Sent);
    assert_eq!(relay.counts().values().copied().collect::<Vec<_>>(), [1]);
    house.end().await;
}

#[actix::test]
async fn a_final_refusal_is_final_wherever_it_comes() {
    let relay = Relay::ordinary().await;
    let house = House::with(vec![connection(1, relay.port)]);
    for (place, reply, cause) in [
        ("MAIL", "553 5.7.1 not you", "553 5.7.1"),
        ("RCPT", "554 no", "554"),
        ("DATA", "552 5.2.3 too long", "552 5.2.3"),
        ("end", "554 5.7.1 looks like spam", "554 5.7.1"),
    ] {
        relay.set_script(move |ask| {
            let here = match ask {
                Ask::Line(line) => line.starts_with(place),
                Ask::Mail => place == "end",
                Ask::Connected => false,
            };
            here.then(|| Say::Reply(reply.to_owned()))
        });
        for _ in 0..3 {
            let id = house.send("p@home.example").await;
            assert_eq!(
                house.end_of(id).await,
                (FinalState::Failed, Some(cause.to_owned())),
                "{place}"
            );
        }
    }
    house.end().await;
}

#[actix::test]
async fn a_relay_that_is_busy_ends_the_session_and_is_asked_again() {
    let turned_away = Mutex::new(0);
    let relay = Relay::start(move |ask| match ask {
        Ask::Line(line) if line.starts_with("MAIL") => {
            let mut turned_away = turned_away.lock();
            *turned_away += 1;
            (*turned_away <= 2).then(|| Say::ReplyAndClose("421 4.3.2 too busy".to_owned()))
        }
        _ => None,
    })
    .await;
    let house = House::with(vec![connection(1, relay.port)]);
    let id = house.send("p@home.example").await;
    assert_eq!(house.end_of(id).await.0, FinalState::Sent);
    assert_eq!(relay.counts().values().copied().collect::<Vec<_>>(), [1]);
    house.end().await;
}
