//! A panic in a relay's actor over real sockets: it comes back, what was open is uncertain, and nothing goes twice.

#[expect(dead_code, reason = "the house has more rooms than are visited here")]
#[path = "../../tests/mail/house.rs"]
mod house;
#[expect(dead_code, reason = "relays can do more than is asked of them here")]
#[path = "../../tests/mail/relay.rs"]
mod relay;

use crate::connection::SocketFault;
use crate::lane::SharedLane;
use crate::tenant::Fault;
use carillon_domain::fact::FinalState;
use carillon_domain::ids::ConnectionId;
use carillon_domain::journey::SegmentWord;
use house::{House, connection};
use relay::{Ask, Relay, Say};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[actix::test]
async fn a_relay_that_panics_comes_back_and_nothing_goes_twice() {
    let hung = AtomicBool::new(false);
    let relay = Relay::start(move |ask| {
        (matches!(ask, Ask::Mail) && !hung.swap(true, Ordering::Relaxed)).then_some(Say::Hang)
    })
    .await;
    let house = House::with(vec![connection(1, relay.port)]);
    let open = house.send("open@home.example").await;
    while relay.given().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let fault = |lane: &Rc<SharedLane>| lane.connection(ConnectionId(1)).unwrap().do_send(Fault);
    house.handle.ask(fault).await.unwrap();
    let mut after = Vec::new();
    for n in 0..20 {
        after.push(house.send(&format!("p{n}@home.example")).await);
    }
    for id in after {
        assert_eq!(house.end_of(id).await.0, FinalState::Sent);
    }
    assert_eq!(house.segment(open).await.state, SegmentWord::Uncertain);
    assert_eq!(house.handle.counters().actor_restarts.get(), 1);
    assert_eq!(relay.given().len(), 21);
    assert!(
        relay.counts().values().all(|count| *count == 1),
        "each was written once (DUP-1)"
    );
    house.end().await;
}

/// What an event asks of the sockets panics: left to the runtime, the relay's actor would be gone without a word.
#[actix::test]
async fn a_relay_that_panics_at_its_sockets_comes_back() {
    let relay = Relay::start(|_| None).await;
    let house = House::with(vec![connection(1, relay.port)]);
    let before = house.send("before@home.example").await;
    assert_eq!(house.end_of(before).await.0, FinalState::Sent);
    let fault = |lane: &Rc<SharedLane>| lane.connection(ConnectionId(1)).unwrap().do_send(SocketFault);
    house.handle.ask(fault).await.unwrap();
    let mut after = Vec::new();
    for n in 0..20 {
        after.push(house.send(&format!("p{n}@home.example")).await);
    }
    for id in after {
        // What had an INTENT and was not written is of unknown outcome: who panicked cannot say.
        while !matches!(
            house.segment(id).await.state,
            SegmentWord::Submitted | SegmentWord::Uncertain
        ) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    assert_eq!(house.handle.counters().actor_restarts.get(), 1);
    assert!(
        relay.counts().values().all(|count| *count == 1),
        "none was written twice (DUP-1)"
    );
    house.end().await;
}
