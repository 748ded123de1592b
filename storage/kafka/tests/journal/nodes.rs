//! Who runs which lane, and where a lane is to be reached.

use super::house::House;
use carillon_kafka::KafkaOptions;
use carillon_kafka::cluster::{Hands, LaneAddress, LaneDirectory, Membership};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Generous: the broker waits 3 s before it shares out the first time.
const PATIENCE: Duration = Duration::from_secs(30);

fn until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "never came: {what}");
        sleep(Duration::from_millis(20));
    }
    begin.elapsed()
}

/// Notes which lanes it has, and that nobody else has them.
#[derive(Clone, Default)]
struct Node {
    own: Arc<Mutex<BTreeSet<u16>>>,
    all: Arc<Mutex<BTreeSet<u16>>>,
}

impl Node {
    fn beside(&self) -> Node {
        Node {
            own: Arc::default(),
            all: self.all.clone(),
        }
    }

    fn count(&self) -> usize {
        self.own.lock().unwrap().len()
    }
}

impl Hands for Node {
    fn take(&self, lanes: &[u16]) {
        for lane in lanes {
            assert!(self.all.lock().unwrap().insert(*lane), "lane {lane} is run twice");
            self.own.lock().unwrap().insert(*lane);
        }
    }

    fn give(&self, lanes: &[u16]) {
        // As slow as an owner that finishes what it has begun.
        sleep(Duration::from_millis(300));
        for lane in lanes {
            self.own.lock().unwrap().remove(lane);
            self.all.lock().unwrap().remove(lane);
        }
    }
}

fn four_lanes() -> KafkaOptions {
    KafkaOptions {
        lanes: 4,
        ..House::new().options
    }
}

#[test]
fn nodes_share_the_lanes_and_hand_them_over_one_by_one() {
    let options = four_lanes();
    let first = Node::default();
    let second = first.beside();
    let join = |node: &Node| Membership::join(options.clone(), Arc::new(node.clone())).unwrap();
    let of_first = join(&first);
    until("all lanes at the only node", || first.count() == 4);
    let of_second = join(&second);
    until("half of them at the second", || {
        first.count() == 2 && second.count() == 2
    });
    of_first.leave();
    assert_eq!(first.count(), 0, "who has left runs nothing");
    let took = until("all of them at the one that stays", || second.count() == 4);
    assert!(took < Duration::from_secs(5), "{took:?}");
    of_second.leave();
    assert_eq!(second.count(), 0);
}

#[test]
fn an_announced_address_reaches_everybody_and_those_who_come_later() {
    let options = four_lanes();
    let early = LaneDirectory::follow(options.clone()).unwrap();
    until("an empty directory is complete", || early.is_complete());
    assert_eq!(early.lanes(), []);
    let at = |epoch, port: Option<u16>| LaneAddress {
        lane: 2,
        epoch,
        node: "first".to_owned(),
        address: port.map(|port| SocketAddr::from(([10, 0, 0, 1], port))),
    };
    at(7, Some(8000)).announce(&options).unwrap();
    until("the address", || early.lane(2) == Some(at(7, Some(8000))));
    at(9, Some(9000)).announce(&options).unwrap();
    // Said late, by one who was replaced.
    at(7, None).announce(&options).unwrap();
    let late = LaneDirectory::follow(options).unwrap();
    until("everything is read", || late.is_complete());
    assert_eq!(late.lanes(), [at(9, Some(9000))]);
    until("the same at the one who was there", || {
        early.lanes() == late.lanes()
    });
}
