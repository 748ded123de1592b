use super::compose::{ComposeError, Letter, compose};
use super::core::{Command, MailCore};
use super::opening::{Io, OpenError, Opened, Way};
use super::options::MailOptions;
use super::reader::{Heard, read};
use super::session::SessionEnd;
use crate::columns::WriteRef;
use crate::connection::{ConnectionWake, Life, RetryNow, Unbind};
use crate::error_text::in_full;
use crate::lane::{LaneCore, SharedLane};
use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, SpawnHandle, StreamHandler, Supervised, WrapFuture,
};
use carillon_domain::ids::ConnectionId;
use carillon_domain::time::Now;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, WriteHalf};

/// Holds the sessions with one mail relay and lets [`MailCore`] decide. A panic closes the sockets, makes open transactions
/// UNCERTAIN, and restarts it with what the columns know.
pub struct MailActor {
    life: Life,
    options: MailOptions,
    core: MailCore,
    sockets: Vec<Option<Socket>>,
    timer: Option<SpawnHandle>,
}

struct Socket {
    epoch: u32,
    reader: SpawnHandle,
    /// Away while a piece is being written.
    writer: Option<WriteHalf<Box<dyn Io>>>,
    writing: Option<SpawnHandle>,
}

impl MailActor {
    pub fn new(id: ConnectionId, shared: Rc<SharedLane>) -> Option<Self> {
        let core = make_core(id, &shared)?;
        Some(MailActor {
            options: shared.mail_options().clone(),
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
        event: impl FnOnce(&mut MailCore, &mut LaneCore, f64, Now) -> Vec<Command>,
    ) {
        let core = &mut self.core;
        let happened = self
            .life
            .run(ctx, |lane, now| event(core, lane, rand::random(), now));
        let Some(commands) = happened else { return };
        self.guarded(ctx, |actor, ctx| {
            for command in commands {
                actor.perform(command, ctx);
            }
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
            Command::Open { slot, epoch } => self.open(slot, epoch, ctx),
            Command::Compose {
                slot,
                epoch,
                write,
                letter,
            } => self.compose(slot, epoch, write, letter, ctx),
            Command::Flush { slot } => self.flush(slot, ctx),
            Command::Close { slot } => {
                self.take_socket(slot, ctx);
            }
        }
    }

    fn open(&mut self, slot: u8, epoch: u32, ctx: &mut Context<Self>) {
        let Some(config) = self
            .life
            .shared
            .read(|lane| lane.link(self.life.id).map(|link| link.config.clone()))
        else {
            return;
        };
        let opening = async move { Way::new().open(&config).await };
        ctx.spawn(opening.into_actor(self).map(move |outcome, actor, ctx| {
            // In its place another one may stand by now.
            if !actor.core.awaits(slot, epoch) {
                return;
            }
            actor.guarded(ctx, |actor, ctx| {
                let opened = outcome.and_then(|opened| actor.hold(slot, epoch, opened, ctx));
                actor.run(ctx, |core, lane, random, now| match opened {
                    Ok(capabilities) => core.opened(lane, slot, epoch, capabilities, random, now),
                    Err(error) => core.open_failed(lane, slot, epoch, in_full(&error), random, now),
                });
            });
        }));
    }

    fn hold(
        &mut self,
        slot: u8,
        epoch: u32,
        opened: Opened,
        ctx: &mut Context<Self>,
    ) -> Result<super::capabilities::Capabilities, OpenError> {
        let (reader, writer) = tokio::io::split(opened.dialogue.into_stream("open")?);
        let reader = ctx.add_stream(read(slot, epoch, reader));
        let place = usize::from(slot);
        if self.sockets.len() <= place {
            self.sockets.resize_with(place + 1, || None);
        }
        self.sockets[place] = Some(Socket {
            epoch,
            reader,
            writer: Some(writer),
            writing: None,
        });
        Ok(opened.capabilities)
    }

    fn compose(
        &mut self,
        slot: u8,
        epoch: u32,
        write: WriteRef,
        letter: Box<Letter>,
        ctx: &mut Context<Self>,
    ) {
        let MailOptions {
            files, return_paths, ..
        } = self.options.clone();
        // Files are read and encoded: not on the lane's thread.
        let composing = tokio::task::spawn_blocking(move || {
            compose(&letter, write.token(), &return_paths, files.as_deref())
        });
        ctx.spawn(composing.into_actor(self).map(move |outcome, actor, ctx| {
            let mail = outcome.unwrap_or(Err(ComposeError::Interrupted));
            actor.run(ctx, |core, lane, random, now| {
                core.composed(lane, slot, epoch, write, mail, random, now)
            });
        }));
    }

    /// Gives the socket the next piece, unless it is still at the one before.
    fn flush(&mut self, slot: u8, ctx: &mut Context<Self>) {
        let Some(Some(socket)) = self.sockets.get_mut(usize::from(slot)) else {
            return;
        };
        let epoch = socket.epoch;
        let Some(mut writer) = socket.writer.take() else {
            return;
        };
        let Some(piece) = self.core.take_output(slot, epoch, self.life.shared.now()) else {
            socket.writer = Some(writer);
            return;
        };
        let writing = async move {
            let outcome = match writer.write_all(&piece).await {
                Ok(()) => writer.flush().await,
                Err(error) => Err(error),
            };
            (writer, outcome)
        };
        let writing = writing.into_actor(self).map(
            move |(writer, outcome), actor: &mut Self, ctx: &mut Context<Self>| {
                let Some(Some(socket)) = actor.sockets.get_mut(usize::from(slot)) else {
                    return;
                };
                if socket.epoch != epoch {
                    return;
                }
                socket.writing = None;
                match outcome {
                    Ok(()) => {
                        socket.writer = Some(writer);
                        actor.guarded(ctx, |actor, ctx| actor.flush(slot, ctx));
                    }
                    Err(error) => actor.lose(slot, epoch, SessionEnd::Broken(error.to_string()), ctx),
                }
            },
        );
        let handle = ctx.spawn(writing);
        if let Some(Some(socket)) = self.sockets.get_mut(usize::from(slot)) {
            socket.writing = Some(handle);
        }
    }

    fn lose(&mut self, slot: u8, epoch: u32, end: SessionEnd, ctx: &mut Context<Self>) {
        self.run(ctx, |core, lane, random, now| {
            core.lost(lane, slot, epoch, end, random, now)
        });
    }

    fn take_socket(&mut self, slot: u8, ctx: &mut Context<Self>) -> Option<u32> {
        let socket = self.sockets.get_mut(usize::from(slot))?.take()?;
        ctx.cancel_future(socket.reader);
        if let Some(writing) = socket.writing {
            ctx.cancel_future(writing);
        }
        Some(socket.epoch)
    }

    /// Sets the timer to when the core wants to be asked next, and tells how things stand.
    fn arm(&mut self, ctx: &mut Context<Self>) {
        let now = self.life.shared.now();
        let next = self.life.shared.read(|lane| self.core.next_tick(lane, now));
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        // A millisecond at least: a timer of zero would never let the sockets have their turn.
        let wait = (next - now.monotonic).max(Duration::from_millis(1));
        self.timer = Some(ctx.run_later(wait, |actor, ctx| {
            actor.timer = None;
            actor.run(ctx, MailCore::tick);
        }));
        self.life.tell(self.core.status(now));
    }
}

fn make_core(id: ConnectionId, shared: &SharedLane) -> Option<MailCore> {
    let now = shared.now();
    shared.read(|lane| {
        let config = lane.link(id)?.config.clone();
        Some(MailCore::new(
            config,
            lane.columns().next_epoch(id),
            lane.quiet_after_start(),
            now,
        ))
    })
}

impl Actor for MailActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        if let Some(wait) = self.life.take_wait() {
            ctx.wait(actix::clock::sleep(wait).into_actor(self).map(|(), _, _| ()));
        }
        ctx.notify(ConnectionWake);
    }
}

impl Supervised for MailActor {
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

impl Handler<ConnectionWake> for MailActor {
    type Result = ();

    fn handle(&mut self, _: ConnectionWake, ctx: &mut Context<Self>) {
        self.life.shared.awake(self.life.id);
        self.run(ctx, MailCore::tick);
    }
}

impl Handler<Unbind> for MailActor {
    type Result = ();

    fn handle(&mut self, unbind: Unbind, ctx: &mut Context<Self>) {
        self.run(ctx, MailCore::unbind);
        if unbind.at_once {
            for slot in 0..self.sockets.len() as u8 {
                if let Some(epoch) = self.take_socket(slot, ctx) {
                    self.lose(slot, epoch, SessionEnd::Quit, ctx);
                }
            }
        }
    }
}

impl Handler<RetryNow> for MailActor {
    type Result = ();

    fn handle(&mut self, _: RetryNow, ctx: &mut Context<Self>) {
        self.life.revive();
        self.run(ctx, |core, lane, random, now| {
            core.retry_now(now);
            core.tick(lane, random, now)
        });
    }
}

impl StreamHandler<Heard> for MailActor {
    fn handle(&mut self, heard: Heard, ctx: &mut Context<Self>) {
        let (slot, epoch) = (heard.slot, heard.epoch);
        match heard.what {
            Ok(bytes) => self.run(ctx, |core, lane, random, now| {
                core.received(lane, slot, epoch, &bytes, random, now)
            }),
            Err(end) => self.lose(slot, epoch, end, ctx),
        }
    }

    /// The end of one session's stream is not the end of the actor.
    fn finished(&mut self, _: &mut Context<Self>) {}
}

#[cfg(test)]
impl Handler<crate::tenant::Fault> for MailActor {
    type Result = ();

    fn handle(&mut self, _: crate::tenant::Fault, _: &mut Context<Self>) {
        self.life.inject_fault();
    }
}

#[cfg(test)]
impl Handler<crate::connection::SocketFault> for MailActor {
    type Result = ();

    fn handle(&mut self, _: crate::connection::SocketFault, _: &mut Context<Self>) {
        self.life.inject_socket_fault();
    }
}
