use super::core::{Command, ConnectionCore};
use super::life::Life;
use super::reader::{Gate, Heard, read};
use crate::lane::{LaneCore, SharedLane};
use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, SpawnHandle, StreamHandler, Supervised,
    WrapFuture,
};
use carillon_domain::ids::ConnectionId;
use carillon_domain::time::{Now, UnixMs};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The lane put something into the connection's mail.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ConnectionWake;

/// End the sessions: in order, or at once.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Unbind {
    pub at_once: bool,
}

/// An operator asks to try again now, also when the restart budget was spent.
#[derive(Message)]
#[rtype(result = "()")]
pub struct RetryNow;

/// Holds the sockets of one connection and lets [`ConnectionCore`] decide. A panic closes the sockets, makes open segments
/// UNCERTAIN, and restarts it with what the columns know.
pub struct ConnectionActor {
    life: Life,
    core: ConnectionCore,
    sockets: Vec<Option<Socket>>,
    timer: Option<SpawnHandle>,
}

struct Socket {
    epoch: u32,
    stream: Rc<TcpStream>,
    reader: SpawnHandle,
    gate: Rc<Gate>,
    /// A task waits until the socket takes more.
    blocked: bool,
}

impl ConnectionActor {
    pub fn new(id: ConnectionId, shared: Rc<SharedLane>) -> Option<Self> {
        let core = make_core(id, &shared)?;
        Some(ConnectionActor {
            life: Life::new(id, shared),
            core,
            sockets: Vec::new(),
            timer: None,
        })
    }

    /// Runs one event; a panic in it ends this life of the actor.
    fn run(
        &mut self,
        ctx: &mut Context<Self>,
        event: impl FnOnce(&mut ConnectionCore, &mut LaneCore, Now) -> Vec<Command>,
    ) {
        let core = &mut self.core;
        let Some(commands) = self.life.run(ctx, |lane, now| event(core, lane, now)) else {
            return;
        };
        self.guarded(ctx, |actor, ctx| {
            commands
                .into_iter()
                .for_each(|command| actor.perform(command, ctx));
            actor.arm(ctx);
            if actor.core.has_left() {
                actor.life.leave(ctx);
            }
        });
    }

    /// Works with the sockets; a panic in it ends this life of the actor, too. Left to the runtime it would end the actor for
    /// good, and nobody would be told.
    fn guarded(&mut self, ctx: &mut Context<Self>, act: impl FnOnce(&mut Self, &mut Context<Self>)) {
        let acted = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(test)]
            self.life.meet_socket_fault();
            act(self, ctx);
        }));
        if acted.is_err() {
            self.life.panicked(ctx);
        }
    }

    fn perform(&mut self, command: Command, ctx: &mut Context<Self>) {
        match command {
            Command::Connect { slot, epoch } => self.connect(slot, epoch, ctx),
            Command::Flush { slot } => self.flush(slot, ctx),
            Command::Close { slot, last } => {
                if let Some(socket) = self.take_socket(slot, ctx) {
                    // Best effort: the peer may be gone already.
                    let _unsent = socket.stream.try_write(&last);
                }
            }
        }
    }

    fn connect(&mut self, slot: u8, epoch: u32, ctx: &mut Context<Self>) {
        let target = self.life.shared.read(|lane| {
            lane.link(self.life.id)
                .map(|link| (link.config.host.to_string(), link.config.port))
        });
        let Some((host, port)) = target else { return };
        let attempt = async move {
            match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect((host.as_str(), port))).await {
                Ok(Ok(stream)) => stream
                    .set_nodelay(true)
                    .map(|()| stream)
                    .map_err(|e| e.to_string()),
                Ok(Err(error)) => Err(format!("{host}:{port} cannot be reached: {error}")),
                Err(_) => Err(format!(
                    "{host}:{port} did not answer within {} s",
                    CONNECT_TIMEOUT.as_secs()
                )),
            }
        };
        ctx.spawn(
            attempt
                .into_actor(self)
                .map(move |outcome, actor, ctx| match outcome {
                    Ok(stream) => {
                        actor.guarded(ctx, |actor, ctx| actor.connected(slot, epoch, stream, ctx));
                    }
                    Err(reason) => actor.run(ctx, |core, lane, now| {
                        core.connect_failed(slot, epoch, reason, rand::random(), now);
                        core.tick(lane, rand::random(), now)
                    }),
                }),
        );
    }

    fn connected(&mut self, slot: u8, epoch: u32, stream: TcpStream, ctx: &mut Context<Self>) {
        // In its place another one may stand by now.
        if !self.core.awaits(slot, epoch) {
            return;
        }
        let stream = Rc::new(stream);
        let gate = Rc::new(Gate::default());
        let reader = ctx.add_stream(read(slot, epoch, stream.clone(), gate.clone()));
        let place = usize::from(slot);
        if self.sockets.len() <= place {
            self.sockets.resize_with(place + 1, || None);
        }
        self.sockets[place] = Some(Socket {
            epoch,
            stream,
            reader,
            gate,
            blocked: false,
        });
        self.run(ctx, |core, _, now| {
            core.connected(slot, epoch, timestamp(now.unix), now)
        });
    }

    fn flush(&mut self, slot: u8, ctx: &mut Context<Self>) {
        let Some(Some(socket)) = self.sockets.get_mut(usize::from(slot)) else {
            return;
        };
        if socket.blocked {
            return;
        }
        let epoch = socket.epoch;
        while let Some(output) = self.core.output(slot, epoch) {
            match socket.stream.try_write(output) {
                Ok(bytes) => self.core.wrote(slot, epoch, bytes),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    socket.blocked = true;
                    let stream = socket.stream.clone();
                    let writable = async move { stream.writable().await };
                    ctx.spawn(writable.into_actor(self).map(move |_, actor, ctx| {
                        if let Some(Some(socket)) = actor.sockets.get_mut(usize::from(slot))
                            && socket.epoch == epoch
                        {
                            socket.blocked = false;
                            actor.guarded(ctx, |actor, ctx| actor.flush(slot, ctx));
                            actor.run(ctx, |core, lane, now| core.tick(lane, rand::random(), now));
                        }
                    }));
                    return;
                }
                Err(error) => {
                    let reason = format!("writing failed: {error}");
                    self.take_socket(slot, ctx);
                    return self.run(ctx, |core, lane, now| {
                        core.lost(lane, slot, epoch, &reason, rand::random(), now)
                    });
                }
            }
        }
    }

    fn take_socket(&mut self, slot: u8, ctx: &mut Context<Self>) -> Option<Socket> {
        let socket = self.sockets.get_mut(usize::from(slot))?.take()?;
        ctx.cancel_future(socket.reader);
        Some(socket)
    }

    /// Sets the timer to when the core wants to be asked next, lets the sockets read or wait, and tells how things stand.
    fn arm(&mut self, ctx: &mut Context<Self>) {
        let now = self.life.shared.now();
        let next = self.life.shared.read(|lane| {
            for (slot, socket) in self.sockets.iter().enumerate() {
                if let Some(socket) = socket {
                    socket
                        .gate
                        .set_open(self.core.may_read(lane, slot as u8, socket.epoch));
                }
            }
            self.core.next_tick(lane, now)
        });
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        // A millisecond at least: a timer of zero would never let the sockets have their turn.
        let wait = (next - now.monotonic).max(Duration::from_millis(1));
        self.timer = Some(ctx.run_later(wait, |actor, ctx| {
            actor.timer = None;
            actor.run(ctx, |core, lane, now| core.tick(lane, rand::random(), now));
        }));
        self.life.tell(self.core.status(now));
    }
}

fn make_core(id: ConnectionId, shared: &SharedLane) -> Option<ConnectionCore> {
    let now = shared.now();
    shared.read(|lane| {
        let config = lane.link(id)?.config.clone();
        Some(ConnectionCore::new(
            config,
            lane.columns().next_epoch(id),
            lane.quiet_after_start(),
            now,
        ))
    })
}

/// MMDDHHMMSS in China's time as a decimal number (CMPP 2.0 §7.4.1.1 Timestamp).
pub(super) fn timestamp(now: UnixMs) -> u32 {
    let offset = jiff::tz::Offset::constant(8);
    let local = jiff::Timestamp::from_millisecond(now.0 as i64)
        .map(|now| offset.to_datetime(now))
        .unwrap_or_default();
    let fields = [
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second(),
    ];
    fields
        .iter()
        .fold(0, |number, field| number * 100 + *field as u32)
}

impl Actor for ConnectionActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        if let Some(wait) = self.life.take_wait() {
            ctx.wait(actix::clock::sleep(wait).into_actor(self).map(|(), _, _| ()));
        }
        ctx.notify(ConnectionWake);
    }
}

impl Supervised for ConnectionActor {
    fn restarting(&mut self, _: &mut Context<Self>) {
        self.sockets.clear();
        self.timer = None;
        if !self.life.restart() {
            return;
        }
        if let Some(core) = make_core(self.life.id, &self.life.shared) {
            self.core = core;
        }
        self.life.tell(self.core.status(self.life.shared.now()));
    }
}

impl Handler<ConnectionWake> for ConnectionActor {
    type Result = ();

    fn handle(&mut self, _: ConnectionWake, ctx: &mut Context<Self>) {
        self.life.shared.awake(self.life.id);
        self.run(ctx, |core, lane, now| core.tick(lane, rand::random(), now));
    }
}

impl Handler<Unbind> for ConnectionActor {
    type Result = ();

    fn handle(&mut self, unbind: Unbind, ctx: &mut Context<Self>) {
        self.run(ctx, |core, lane, now| core.unbind(lane, now));
        if unbind.at_once {
            for slot in 0..self.sockets.len() as u8 {
                if let Some(socket) = self.take_socket(slot, ctx) {
                    let epoch = socket.epoch;
                    self.run(ctx, |core, lane, now| {
                        core.lost(lane, slot, epoch, "the service stops", 0.0, now)
                    });
                }
            }
        }
    }
}

impl Handler<RetryNow> for ConnectionActor {
    type Result = ();

    fn handle(&mut self, _: RetryNow, ctx: &mut Context<Self>) {
        self.life.revive();
        self.run(ctx, |core, lane, now| {
            core.retry_now(now);
            core.tick(lane, rand::random(), now)
        });
    }
}

impl StreamHandler<Heard> for ConnectionActor {
    fn handle(&mut self, heard: Heard, ctx: &mut Context<Self>) {
        let (slot, epoch) = (heard.slot, heard.epoch);
        match heard.what {
            Ok(bytes) => {
                self.run(ctx, |core, lane, now| {
                    core.received(lane, slot, epoch, &bytes, rand::random(), now)
                });
            }
            Err(reason) => {
                self.take_socket(slot, ctx);
                self.run(ctx, |core, lane, now| {
                    core.lost(lane, slot, epoch, &reason, rand::random(), now)
                });
            }
        }
    }

    /// The end of one session's stream is not the end of the actor.
    fn finished(&mut self, _: &mut Context<Self>) {}
}

#[cfg(test)]
impl Handler<crate::tenant::Fault> for ConnectionActor {
    type Result = ();

    fn handle(&mut self, _: crate::tenant::Fault, _: &mut Context<Self>) {
        self.life.inject_fault();
    }
}

/// Makes what the next event asks of the sockets panic.
#[cfg(test)]
#[derive(Message)]
#[rtype(result = "()")]
pub struct SocketFault;

#[cfg(test)]
impl Handler<SocketFault> for ConnectionActor {
    type Result = ();

    fn handle(&mut self, _: SocketFault, _: &mut Context<Self>) {
        self.life.inject_socket_fault();
    }
}
