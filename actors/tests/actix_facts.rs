//! What actix 0.13.5 does beyond its documentation and this crate's supervision relies on, one test per fact. When a later
//! version behaves otherwise, these fail before anything else does.

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, MailboxError, Message,
    Supervised, Supervisor, WrapFuture,
};
use parking_lot::Mutex;
use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;
use tokio::sync::oneshot;

const CAPACITY_DEFAULT: usize = 16;
const RESTARTS: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Started,
    Restarting,
    Stopped,
    Did(u32),
}

type Log = Arc<Mutex<Vec<Event>>>;

/// Writes down what happens to it.
struct Recorder {
    log: Log,
    /// What `started` waits for before any message is handled.
    gate: Option<oneshot::Receiver<()>>,
    /// Restarts that `started` brings about by itself.
    restarts_left: usize,
    capacity: Option<usize>,
}

impl Recorder {
    fn new(log: &Log) -> Self {
        Recorder {
            log: log.clone(),
            gate: None,
            restarts_left: 0,
            capacity: None,
        }
    }

    fn note(&self, event: Event) {
        self.log.lock().push(event);
    }
}

impl Actor for Recorder {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.note(Event::Started);
        if let Some(capacity) = self.capacity.take() {
            ctx.set_mailbox_capacity(capacity);
        }
        if let Some(gate) = self.gate.take() {
            ctx.wait(gate.into_actor(self).map(|_, _, _| ()));
        }
        if self.restarts_left > 0 {
            self.restarts_left -= 1;
            ctx.stop();
        }
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.note(Event::Stopped);
    }
}

impl Supervised for Recorder {
    fn restarting(&mut self, _: &mut Context<Self>) {
        self.note(Event::Restarting);
    }
}

#[derive(Message)]
#[rtype(result = "()")]
enum Ask {
    Note(u32),
    /// Panics out of the handler.
    Panic,
    /// The same from a timer.
    PanicLater,
    /// Panics inside, is caught, and stops: how the actors of this crate fail.
    FailAndStop,
    /// Leaves a note to itself, then stops.
    NotifyAndStop(u32),
}

impl Handler<Ask> for Recorder {
    type Result = ();

    fn handle(&mut self, ask: Ask, ctx: &mut Context<Self>) {
        match ask {
            Ask::Note(number) => self.note(Event::Did(number)),
            Ask::Panic => panic!("injected"),
            Ask::PanicLater => {
                ctx.run_later(Duration::ZERO, |_, _| panic!("injected"));
            }
            Ask::FailAndStop => {
                let caught = catch_unwind(AssertUnwindSafe(|| panic!("injected")));
                assert!(caught.is_err());
                ctx.stop();
            }
            Ask::NotifyAndStop(number) => {
                ctx.notify(Ask::Note(number));
                ctx.stop();
            }
        }
    }
}

fn supervised(log: &Log) -> Addr<Recorder> {
    let actor = Recorder::new(log);
    Supervisor::start(|_| actor)
}

fn notes(log: &Log) -> Vec<u32> {
    let number = |event: &Event| match event {
        Event::Did(number) => Some(*number),
        _ => None,
    };
    log.lock().iter().filter_map(number).collect()
}

#[actix::test]
async fn a_supervisor_restarts_the_same_value_after_a_stop() {
    let log = Log::default();
    let mut actor = Recorder::new(&log);
    actor.restarts_left = 2;
    let addr = Supervisor::start(|_| actor);
    addr.send(Ask::Note(1)).await.unwrap();
    use Event::{Did, Restarting, Started, Stopped};
    // A fresh value would count its two restarts again.
    let expected = [
        Started,
        Stopped,
        Restarting,
        Started,
        Stopped,
        Restarting,
        Started,
        Did(1),
    ];
    assert_eq!(*log.lock(), expected);
}

#[actix::test]
async fn a_panic_in_a_handler_closes_the_mailbox_for_good() {
    let log = Log::default();
    let addr = supervised(&log);
    addr.send(Ask::Note(1)).await.unwrap();
    assert_eq!(addr.send(Ask::Panic).await, Err(MailboxError::Closed));
    assert!(!addr.connected());
    assert_eq!(addr.send(Ask::Note(2)).await, Err(MailboxError::Closed));
    assert!(!log.lock().contains(&Event::Restarting), "nothing restarts");
}

#[actix::test]
async fn a_panic_in_a_timer_closes_the_mailbox_for_good() {
    let log = Log::default();
    let addr = supervised(&log);
    addr.send(Ask::PanicLater).await.unwrap();
    while addr.send(Ask::Note(1)).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!addr.connected());
    assert!(!log.lock().contains(&Event::Restarting), "nothing restarts");
}

#[actix::test]
async fn restarts_are_immediate_and_unlimited_and_nobody_else_has_a_turn() {
    let log = Log::default();
    let mut actor = Recorder::new(&log);
    actor.restarts_left = RESTARTS;
    let addr = Supervisor::start(|_| actor);
    let restarts_at_my_turn = Rc::new(Cell::new(None));
    let bystander = tokio::task::spawn_local({
        let (log, seen) = (log.clone(), restarts_at_my_turn.clone());
        async move { seen.set(Some(restarts(&log))) }
    });
    addr.send(Ask::Note(1)).await.unwrap();
    bystander.await.unwrap();
    assert_eq!(restarts(&log), RESTARTS);
    assert_eq!(
        restarts_at_my_turn.get(),
        Some(RESTARTS),
        "the thread was blocked meanwhile"
    );
}

fn restarts(log: &Log) -> usize {
    log.lock()
        .iter()
        .filter(|event| **event == Event::Restarting)
        .count()
}

#[actix::test]
async fn the_address_and_what_is_queued_survive_a_caught_panic_with_a_stop() {
    let log = Log::default();
    let addr = supervised(&log);
    addr.do_send(Ask::Note(1));
    addr.do_send(Ask::FailAndStop);
    (2..100).for_each(|number| addr.do_send(Ask::Note(number)));
    addr.send(Ask::Note(100)).await.unwrap();
    assert_eq!(restarts(&log), 1);
    assert_eq!(notes(&log), (1..=100).collect::<Vec<_>>(), "all, once, in order");
}

/// Unlike what came by an address: an actor's notes to itself are part of what a restart throws away.
#[actix::test]
async fn what_an_actor_notified_itself_does_not_survive_a_restart() {
    let log = Log::default();
    let addr = supervised(&log);
    addr.send(Ask::NotifyAndStop(1)).await.unwrap();
    addr.send(Ask::Note(2)).await.unwrap();
    assert_eq!(restarts(&log), 1);
    assert_eq!(notes(&log), [2]);
}

#[actix::test]
async fn what_started_waits_for_holds_messages_back_and_loses_none() {
    let log = Log::default();
    let (open, gate) = oneshot::channel();
    let mut actor = Recorder::new(&log);
    actor.gate = Some(gate);
    let addr = Supervisor::start(|_| actor);
    (0..10).for_each(|number| addr.do_send(Ask::Note(number)));
    while log.lock().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(*log.lock(), [Event::Started]);
    open.send(()).unwrap();
    addr.send(Ask::Note(10)).await.unwrap();
    assert_eq!(notes(&log), (0..=10).collect::<Vec<_>>());
}

#[actix::test]
async fn a_mailbox_holds_sixteen_and_every_clone_of_the_address_one_more() {
    // Nothing here awaits, so the actor takes nothing out meanwhile.
    let addr = supervised(&Log::default());
    assert_eq!(fill(&addr), CAPACITY_DEFAULT);
    let clones: Vec<_> = (0..1_000).map(|_| addr.clone()).collect();
    assert!(clones.iter().all(|clone| fill(clone) == 1));
    assert_eq!(fill(&addr), 0);
}

#[actix::test]
async fn a_capacity_set_in_started_holds_over_restarts() {
    const CAPACITY: usize = 100;
    let log = Log::default();
    let mut actor = Recorder::new(&log);
    actor.capacity = Some(CAPACITY);
    let addr = Supervisor::start(|_| actor);
    for _ in 0..3 {
        addr.send(Ask::FailAndStop).await.unwrap();
        addr.send(Ask::Note(0)).await.unwrap();
        assert_eq!(fill(&addr), CAPACITY);
        // A parked address has its turn again when the mailbox is empty.
        while fill(&addr) == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(restarts(&log), 3);
}

/// Messages that one address gets into the mailbox of an actor that has no turn meanwhile.
fn fill(addr: &Addr<Recorder>) -> usize {
    (0..1_000)
        .take_while(|_| addr.try_send(Ask::Note(0)).is_ok())
        .count()
}

#[actix::test]
async fn do_send_never_refuses() {
    let log = Log::default();
    let addr = supervised(&log);
    let many = 100 * CAPACITY_DEFAULT as u32;
    (0..many).for_each(|number| addr.do_send(Ask::Note(number)));
    addr.send(Ask::Note(many)).await.unwrap();
    assert_eq!(notes(&log), (0..=many).collect::<Vec<_>>());
}

#[actix::test]
async fn do_send_to_a_closed_mailbox_drops_silently() {
    let log = Log::default();
    let addr = supervised(&log);
    assert_eq!(addr.send(Ask::Panic).await, Err(MailboxError::Closed));
    addr.do_send(Ask::Note(1));
    assert_eq!(addr.send(Ask::Note(2)).await, Err(MailboxError::Closed));
    assert_eq!(notes(&log), []);
}

#[actix::test]
async fn dropping_a_send_before_it_is_handled_cancels_the_message() {
    let log = Log::default();
    let addr = supervised(&log);
    let mut abandoned = Box::pin(addr.send(Ask::Note(1)));
    // The first poll puts it into the mailbox.
    let mut ctx = std::task::Context::from_waker(Waker::noop());
    assert!(matches!(abandoned.as_mut().poll(&mut ctx), Poll::Pending));
    drop(abandoned);
    addr.send(Ask::Note(2)).await.unwrap();
    assert_eq!(notes(&log), [2]);
}
