use super::lane_process::LaneProgram;
use actix_web::rt::task::JoinHandle;
use carillon_kafka::cluster::Hands;
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{mpsc, oneshot};

/// What the other nodes leave to this one.
enum Order {
    Take(Vec<u16>),
    /// Answered when they have ended.
    Give(Vec<u16>, Sender<()>),
}

/// Takes orders where the membership has its thread.
pub struct LaneHands {
    orders: mpsc::UnboundedSender<Order>,
}

/// The lanes' processes.
pub struct Lanes {
    orders: mpsc::UnboundedReceiver<Order>,
    program: Box<dyn Fn(u16) -> LaneProgram>,
    running: BTreeMap<u16, (oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Lanes {
    /// As many orders wait as the membership has given and not seen done; it gives one after the other.
    pub fn new(program: impl Fn(u16) -> LaneProgram + 'static) -> (Lanes, LaneHands) {
        let (sender, orders) = mpsc::unbounded_channel();
        let lanes = Lanes {
            orders,
            program: Box::new(program),
            running: BTreeMap::new(),
        };
        (lanes, LaneHands { orders: sender })
    }

    /// Until the membership has ended.
    pub async fn run(mut self) {
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::Take(lanes) => lanes.into_iter().for_each(|lane| self.take(lane)),
                Order::Give(lanes, given) => {
                    self.give(lanes).await;
                    let _the_membership_may_have_ended = given.send(());
                }
            }
        }
        let all = self.running.keys().copied().collect();
        self.give(all).await;
    }

    fn take(&mut self, lane: u16) {
        self.running.entry(lane).or_insert_with(|| {
            let (stop, stopped) = oneshot::channel();
            let program = (self.program)(lane);
            (stop, actix_web::rt::spawn(program.keep_running(stopped)))
        });
    }

    async fn give(&mut self, lanes: Vec<u16>) {
        let ending = lanes.into_iter().filter_map(|lane| {
            let (stop, ended) = self.running.remove(&lane)?;
            drop(stop);
            Some(ended)
        });
        join_all(ending.collect::<Vec<_>>()).await;
    }
}

impl Hands for LaneHands {
    fn take(&self, lanes: &[u16]) {
        let _the_node_may_have_ended = self.orders.send(Order::Take(lanes.to_vec()));
    }

    fn give(&self, lanes: &[u16]) {
        let (given, is_given): (_, Receiver<()>) = channel();
        if self.orders.send(Order::Give(lanes.to_vec(), given)).is_ok() {
            let _ended_or_done = is_given.recv();
        }
    }
}
