use super::house::{House, connection, steps};
use super::relay::{Ask, Relay, Say};
use carillon_actors::status::ConnectionState;
use carillon_domain::fact::{CarrierId, FinalState};
use carillon_domain::ids::ConnectionId;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

#[actix::test]
async fn the_backup_takes_over_while_the_first_relay_is_away() {
    let (first, second) = (Relay::ordinary().await, Relay::ordinary().await);
    first.set_script(|ask| matches!(ask, Ask::Connected).then_some(Say::Close));
    let house = House::with(vec![connection(1, first.port), connection(2, second.port)]);
    let id = house.send("p@home.example").await;
    assert_eq!(house.end_of(id).await.0, FinalState::Sent);
    assert_eq!((first.given().len(), second.given().len()), (0, 1));

    first.set_script(|_| None);
    house.handle.restart_connection(ConnectionId(1)).await;
    while house.status(1).state != ConnectionState::Up {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let id = house.send("p@home.example").await;
    house.end_of(id).await;
    assert_eq!((first.given().len(), second.given().len()), (1, 1));
    house.end().await;
}

#[actix::test]
async fn a_silent_relay_opens_the_breaker() {
    let relay = Relay::start(|ask| matches!(ask, Ask::Mail).then_some(Say::Hang)).await;
    let backup = Relay::ordinary().await;
    let mut silent = connection(1, relay.port);
    (silent.sessions, silent.silence_s, silent.response_timeout_s) = (1, 1, 20);
    let house = House::with(vec![silent, connection(2, backup.port)]);
    house.send("lost@home.example").await;
    let id = house.send("p@home.example").await;
    assert_eq!(house.end_of(id).await.0, FinalState::Sent);
    assert_eq!(house.status(1).state, ConnectionState::BreakerOpen);
    assert_eq!((relay.given().len(), backup.given().len()), (1, 1));
    // The stop does not wait for it longer than it is told to.
    house
        .handle
        .stop(std::time::Duration::from_millis(100))
        .await
        .unwrap();
}

/// The catalog sends the connection elsewhere while a mail is being answered: that one is waited for, the next go there.
#[actix::test]
async fn a_connection_that_moves_loses_nothing() {
    let gate = Arc::new(Notify::new());
    let held = gate.clone();
    let old = Relay::start(move |ask| matches!(ask, Ask::Mail).then(|| Say::WhenOpen(held.clone()))).await;
    let new = Relay::ordinary().await;
    let house = House::with(vec![connection(1, old.port)]);
    let begun = house.send("begun@home.example").await;
    while old.given().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut moved = connection(1, new.port);
    moved.mail.as_mut().unwrap().from = "notice@clinic.example".into();
    house.install(vec![moved]).await;
    let after = house.send("after@home.example").await;
    assert_eq!(house.end_of(after).await.0, FinalState::Sent);
    assert_eq!((old.given().len(), new.given().len()), (1, 1));
    gate.notify_one();
    assert_eq!(house.end_of(begun).await.0, FinalState::Sent);
    for (id, relay) in [(begun, &old), (after, &new)] {
        let given = CarrierId::Text(relay.given()[0].message_id().into());
        assert_eq!(house.segment(id).await.carrier_id, Some(given), "as it went out");
    }
    assert_eq!(house.handle.counters().segments_uncertain.get(), 0);
    house.end().await;
}

#[actix::test]
async fn a_connection_that_is_removed_finishes_and_goes() {
    let gate = Arc::new(Notify::new());
    let held = gate.clone();
    let old = Relay::start(move |ask| matches!(ask, Ask::Mail).then(|| Say::WhenOpen(held.clone()))).await;
    let new = Relay::ordinary().await;
    let house = House::with(vec![connection(1, old.port)]);
    let begun = house.send("begun@home.example").await;
    while old.given().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    house.install(vec![connection(2, new.port)]).await;
    let after = house.send("after@home.example").await;
    assert_eq!(house.end_of(after).await.0, FinalState::Sent);
    gate.notify_one();
    assert_eq!(house.end_of(begun).await.0, FinalState::Sent);
    let is_there = || {
        let statuses = house.handle.connections();
        statuses.iter().any(|status| status.connection == ConnectionId(1))
    };
    while is_there() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(old.lines().iter().any(|line| line == "QUIT"));
    assert_eq!((old.given().len(), new.given().len()), (1, 1));
    house.end().await;
}

/// The old relay keeps its greeting back until the new one is in use: it gets nothing, and takes no place.
#[actix::test]
async fn an_opening_by_settings_that_changed_meanwhile_is_given_up() {
    let gate = Arc::new(Notify::new());
    let held = gate.clone();
    let old =
        Relay::start(move |ask| matches!(ask, Ask::Connected).then(|| Say::WhenOpen(held.clone()))).await;
    let new = Relay::ordinary().await;
    let single = |port| {
        let mut single = connection(1, port);
        single.sessions = 1;
        single
    };
    let house = House::with(vec![single(old.port)]);
    while old.open() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    house.install(vec![single(new.port)]).await;
    let before = house.send("before@home.example").await;
    assert_eq!(house.end_of(before).await.0, FinalState::Sent);
    gate.notify_one();
    while old.open() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let after = house.send("after@home.example").await;
    assert_eq!(house.end_of(after).await.0, FinalState::Sent);
    assert_eq!(steps(&house.segment(after).await), ["intent", "submitted"]);
    assert_eq!((old.given().len(), new.given().len(), new.sessions()), (0, 2, 1));
    house.end().await;
}

/// A connection that was disabled is enabled again while its session waits for the answer to QUIT: mails wait for the next one.
#[actix::test]
async fn a_session_that_says_goodbye_gets_no_more_mails() {
    let relay = Relay::start(|ask| matches!(ask, Ask::Line("QUIT")).then_some(Say::Hang)).await;
    let mut single = connection(1, relay.port);
    (single.sessions, single.response_timeout_s) = (1, 1);
    let house = House::with(vec![single.clone()]);
    let before = house.send("before@home.example").await;
    house.end_of(before).await;
    let mut disabled = single.clone();
    disabled.enabled = false;
    house.install(vec![disabled]).await;
    while !relay.lines().iter().any(|line| line == "QUIT") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    house.install(vec![single]).await;
    let after = house.send("after@home.example").await;
    assert_eq!(house.end_of(after).await.0, FinalState::Sent);
    assert_eq!(steps(&house.segment(after).await), ["intent", "submitted"]);
    house.handle.stop(Duration::from_millis(100)).await.unwrap();
}
