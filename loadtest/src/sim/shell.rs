//! The sockets of one carrier: what a read brought is answered with one write.

use super::carrier::{Carrier, Moment};
use super::order::Order;
use super::session::SessionKey;
use crate::clock::Clock;
use crate::ledger::LedgerError;
use bytes::Buf;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const READ_BYTES: usize = 256 * 1024;
/// While this much waits for a client that does not read, nothing more is read from it.
const OUTPUT_BYTES_MAX: usize = 8 << 20;

/// One carrier with its listener and timers, on one thread.
pub struct Shell {
    carrier: RefCell<Carrier>,
    clock: Clock,
    address: SocketAddr,
    wakes: RefCell<HashMap<SessionKey, Rc<Notify>>>,
    touched: RefCell<Vec<SessionKey>>,
    buffer: RefCell<Vec<u8>>,
    listening: Cell<bool>,
    listening_changed: Notify,
    /// The time for which the timer task waits (ms).
    timer_at: Cell<u64>,
    timer_moved: Notify,
    failure: RefCell<Option<LedgerError>>,
    failed: Notify,
}

impl Shell {
    pub fn new(carrier: Carrier, clock: Clock, address: SocketAddr, listening: bool) -> Rc<Self> {
        Rc::new(Shell {
            carrier: RefCell::new(carrier),
            clock,
            address,
            wakes: RefCell::default(),
            touched: RefCell::default(),
            buffer: RefCell::new(vec![0; READ_BYTES]),
            listening: Cell::new(listening),
            listening_changed: Notify::new(),
            timer_at: Cell::new(u64::MAX),
            timer_moved: Notify::new(),
            failure: RefCell::default(),
            failed: Notify::new(),
        })
    }

    fn now(&self) -> Moment {
        Moment {
            millis: self.clock.millis(),
            unix_us: self.clock.unix_us(),
        }
    }

    /// Waits until the ledger cannot be written any more.
    pub async fn failed(&self) -> LedgerError {
        loop {
            if let Some(error) = self.failure.borrow_mut().take() {
                return error;
            }
            self.failed.notified().await;
        }
    }

    fn note(&self, result: Result<(), LedgerError>) {
        if let Err(error) = result {
            self.failure.borrow_mut().get_or_insert(error);
            self.failed.notify_one();
        }
    }

    /// Wakes every session that has something to write, and the timer if it waits for too long.
    fn settle(&self) {
        let mut touched = self.touched.borrow_mut();
        let next = {
            let mut carrier = self.carrier.borrow_mut();
            carrier.take_touched(&mut touched);
            carrier.next_tick()
        };
        let wakes = self.wakes.borrow();
        for key in touched.drain(..) {
            if let Some(wake) = wakes.get(&key) {
                wake.notify_one();
            }
        }
        if next.is_some_and(|next| next < self.timer_at.get()) {
            self.timer_moved.notify_one();
        }
    }

    /// Carries out an order; the answer is one line.
    pub fn obey(&self, order: Order) -> String {
        let now = self.now();
        let mut answer = "ok".to_owned();
        {
            let mut carrier = self.carrier.borrow_mut();
            match order {
                Order::Cut => carrier.cut_all(),
                Order::Refuse => self.listen(false),
                Order::Accept => self.listen(true),
                Order::Down => {
                    self.listen(false);
                    carrier.cut_all();
                }
                Order::Silent(silent) => carrier.switch(|switches| switches.silent = silent),
                Order::Throttled(throttled) => carrier.switch(|switches| switches.throttled = throttled),
                Order::Response(range) => carrier.behaviour().response_ms = range,
                Order::Receipt(range) => carrier.behaviour().receipt_ms = range,
                Order::Reply { login, reply } => match carrier.reply(&login, reply, now) {
                    Ok(true) => {}
                    Ok(false) => answer = format!("error: there is no account {login}"),
                    Err(error) => self.note(Err(error)),
                },
                Order::Totals => {
                    let totals = serde_json::to_string(&carrier.book().summaries());
                    answer = totals.unwrap_or_else(|error| error.to_string());
                }
                Order::Flush => self.note(carrier.book().flush()),
            }
        }
        self.settle();
        answer
    }

    fn listen(&self, listening: bool) {
        self.listening.set(listening);
        self.listening_changed.notify_one();
    }

    /// Takes clients as long as the carrier listens. `listener` is the one that found the port.
    pub async fn accept(self: Rc<Self>, mut listener: Option<TcpListener>) -> io::Result<()> {
        loop {
            if !self.listening.get() {
                listener = None;
                self.listening_changed.notified().await;
                continue;
            }
            let open = match listener.take() {
                Some(open) => open,
                None => TcpListener::bind(self.address).await?,
            };
            tokio::select! {
                accepted = open.accept() => match accepted {
                    Ok((stream, _)) => drop(tokio::task::spawn_local(Rc::clone(&self).serve(stream))),
                    Err(error) => tracing::warn!(%error, "a client could not be accepted"),
                },
                () = self.listening_changed.notified() => {}
            }
            listener = Some(open);
        }
    }

    /// Ticks the carrier when it is due.
    pub async fn keep_time(self: Rc<Self>) {
        loop {
            let next = self.carrier.borrow().next_tick();
            self.timer_at.set(next.unwrap_or(u64::MAX));
            let Some(at) = next else {
                self.timer_moved.notified().await;
                continue;
            };
            if at > self.clock.millis() {
                let sleep = tokio::time::sleep_until(self.clock.instant(at).into());
                tokio::select! {
                    () = sleep => {}
                    () = self.timer_moved.notified() => continue,
                }
            }
            let result = self.carrier.borrow_mut().tick(self.now());
            self.note(result);
            self.settle();
            // A carrier that is always behind must not keep its sessions from the processor.
            tokio::task::yield_now().await;
        }
    }

    async fn serve(self: Rc<Self>, stream: TcpStream) {
        let key = self.carrier.borrow_mut().connected(self.now());
        let wake = Rc::new(Notify::new());
        self.wakes.borrow_mut().insert(key, Rc::clone(&wake));
        self.settle();
        if let Err(error) = self.talk(key, &stream, &wake).await {
            tracing::debug!(%error, session = key, "a session ended");
        }
        drop(stream);
        self.wakes.borrow_mut().remove(&key);
        self.carrier.borrow_mut().ended(key);
        self.settle();
    }

    async fn talk(&self, key: SessionKey, stream: &TcpStream, wake: &Notify) -> io::Result<()> {
        stream.set_nodelay(true)?;
        loop {
            if self.carrier.borrow().is_cut(key) {
                // Without lingering the client sees a reset, as from a machine that lost its power.
                return socket2::SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO));
            }
            let waiting = self.write(key, stream)?;
            if waiting == 0 && self.carrier.borrow().is_closing(key) {
                return Ok(());
            }
            tokio::select! {
                ready = stream.readable(), if waiting < OUTPUT_BYTES_MAX => {
                    ready?;
                    if !self.read(key, stream)? {
                        return Ok(());
                    }
                    self.settle();
                }
                ready = stream.writable(), if waiting > 0 => ready?,
                () = wake.notified() => {}
            }
        }
    }

    /// Writes what the socket takes; returns how much is left.
    fn write(&self, key: SessionKey, stream: &TcpStream) -> io::Result<usize> {
        let mut carrier = self.carrier.borrow_mut();
        let Some(output) = carrier.output(key) else {
            return Ok(0);
        };
        while !output.is_empty() {
            match stream.try_write(output) {
                Ok(written) => output.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(output.len())
    }

    /// One read. False at the end of the stream.
    fn read(&self, key: SessionKey, stream: &TcpStream) -> io::Result<bool> {
        let mut buffer = self.buffer.borrow_mut();
        match stream.try_read(&mut buffer) {
            Ok(0) => Ok(false),
            Ok(length) => {
                let result = self
                    .carrier
                    .borrow_mut()
                    .received(key, &buffer[..length], self.now());
                self.note(result);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error),
        }
    }
}
