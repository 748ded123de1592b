//! A carrier's state, its sessions and its time.

use crate::ledger::{LedgerError, Sink};
use crate::sim::behaviour::Behaviour;
use crate::sim::book::{Book, Progress, RecordKey};
use crate::sim::config::CarrierConfig;
use crate::sim::ids::IdMaker;
use crate::sim::session::{Delivery, PhoneReply, Session, SessionKey};
use crate::sim::timers::Timers;
use bytes::BytesMut;
use carillon_protocols::session::{
    BindRefusal, BindRole, ServerConfig, ServerEvent, ServerSession, SubmitTag,
};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::collections::VecDeque;
use std::sync::Arc;

/// One instant on both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    pub millis: u64,
    pub unix_us: u64,
}

/// Deliveries and submits without an answer that one session may hold.
const DELIVERY_WINDOW: u16 = 4_096;
/// CMPP 2.0 §6.3: C and T.
const LINK_TEST_MS: u64 = 180_000;
const RESPONSE_TIMEOUT_MS: u64 = 60_000;
const BIND_TIMEOUT_MS: u64 = 10_000;

pub(super) enum Due {
    Respond {
        session: SessionKey,
        tag: SubmitTag,
        records: Records,
        answer: Result<u64, u32>,
    },
    Deliver {
        account: usize,
        session: Option<SessionKey>,
        delivery: Delivery,
    },
}

/// The records of one PDU: their keys follow one another.
#[derive(Clone, Copy)]
pub(super) struct Records {
    pub first: RecordKey,
    pub count: u32,
}

impl Records {
    pub fn keys(self) -> std::ops::Range<RecordKey> {
        self.first..self.first + u64::from(self.count)
    }
}

/// What can be switched while the carrier runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// Nothing is written, not even answers to link tests; what was held back is written when it ends.
    pub silent: bool,
    /// Every segment is answered with "slow down".
    pub throttled: bool,
}

pub(super) struct Account {
    pub bound: u32,
    /// Bound sessions that take receipts and replies, oldest first.
    pub sessions: Vec<SessionKey>,
    /// Deliveries that no session could take.
    pub waiting: VecDeque<Delivery>,
    /// Spreads deliveries over the sessions.
    pub turn: usize,
}

pub struct Carrier {
    pub(super) config: CarrierConfig,
    pub(super) switches: Switches,
    pub(super) random: SmallRng,
    pub(super) ids: IdMaker,
    pub(super) book: Book,
    pub(super) accounts: Vec<Account>,
    pub(super) sessions: HashMap<SessionKey, Session, FixedState>,
    next_session: SessionKey,
    pub(super) next_token: u64,
    pub(super) timers: Timers<Due>,
    /// Sessions with something new to write.
    pub(super) touched: Vec<SessionKey>,
    events: Vec<ServerEvent>,
}

impl Carrier {
    /// `first_account` is the number of the first account among all that share the ledger.
    pub fn new(
        config: CarrierConfig,
        first_account: u16,
        sink: Box<dyn Sink>,
        progress: Arc<Progress>,
        now: Moment,
    ) -> Result<Self, LedgerError> {
        let accounts = config
            .accounts
            .iter()
            .map(|account| (&account.login, account.contract));
        let book = Book::new(&config.name, first_account, accounts, sink, progress)?;
        let account = || Account {
            bound: 0,
            sessions: Vec::new(),
            waiting: VecDeque::new(),
            turn: 0,
        };
        Ok(Carrier {
            switches: Switches::default(),
            random: SmallRng::seed_from_u64(config.seed),
            ids: IdMaker::new(config.protocol, config.behaviour.id_form, now.unix_us / 1_000_000),
            book,
            accounts: config.accounts.iter().map(|_| account()).collect(),
            sessions: HashMap::default(),
            next_session: 0,
            next_token: 0,
            timers: Timers::default(),
            touched: Vec::new(),
            events: Vec::new(),
            config,
        })
    }

    pub fn config(&self) -> &CarrierConfig {
        &self.config
    }

    pub fn book(&mut self) -> &mut Book {
        &mut self.book
    }

    pub fn behaviour(&mut self) -> &mut Behaviour {
        &mut self.config.behaviour
    }

    /// A client connected.
    pub fn connected(&mut self, now: Moment) -> SessionKey {
        let key = self.next_session;
        self.next_session += 1;
        let config = ServerConfig {
            protocols: vec![self.config.protocol.wire()],
            window: DELIVERY_WINDOW,
            link_test_interval: LINK_TEST_MS,
            response_timeout: RESPONSE_TIMEOUT_MS,
            bind_timeout: BIND_TIMEOUT_MS,
            system_id: self.config.name.to_string(),
        };
        self.sessions
            .insert(key, Session::new(ServerSession::new(config, now.millis)));
        key
    }

    /// Bytes from a client.
    pub fn received(&mut self, key: SessionKey, bytes: &[u8], now: Moment) -> Result<(), LedgerError> {
        let mut events = std::mem::take(&mut self.events);
        if let Some(session) = self.sessions.get_mut(&key) {
            session.wire.receive(bytes, now.millis, &mut events);
        }
        let result = self.handle(key, &mut events, now);
        self.events = events;
        self.touched.push(key);
        result
    }

    /// The socket is gone. Receipts that were not acknowledged come again on another session.
    pub fn ended(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.remove(&key) else {
            return;
        };
        let Some(place) = session.account else { return };
        self.book.ended();
        let account = &mut self.accounts[place];
        account.bound -= 1;
        account.sessions.retain(|other| *other != key);
        let mut open: Vec<_> = session.deliveries.into_iter().collect();
        open.sort_unstable_by_key(|(token, _)| *token);
        account
            .waiting
            .extend(open.into_iter().map(|(_, delivery)| delivery));
    }

    /// Does what is due, and looks after link tests and time-outs of every session.
    pub fn tick(&mut self, now: Moment) -> Result<(), LedgerError> {
        while let Some(mut bucket) = self.timers.take_due(now.millis) {
            for due in bucket.drain(..) {
                match due {
                    Due::Respond {
                        session,
                        tag,
                        records,
                        answer,
                    } => self.respond(session, tag, records, answer)?,
                    Due::Deliver {
                        account,
                        session,
                        delivery,
                    } => self.deliver(account, session, delivery, now)?,
                }
            }
            self.timers.recycle(bucket);
        }
        for place in 0..self.accounts.len() {
            self.deliver_waiting(place, now)?;
        }
        if self.switches.silent {
            return Ok(());
        }
        let late = |(key, session): (&SessionKey, &Session)| {
            (session.wire.next_tick() <= now.millis).then_some(*key)
        };
        let late: Vec<SessionKey> = self.sessions.iter().filter_map(late).collect();
        for key in late {
            let mut events = std::mem::take(&mut self.events);
            if let Some(session) = self.sessions.get_mut(&key) {
                session.wire.tick(now.millis, &mut events);
            }
            let result = self.handle(key, &mut events, now);
            self.events = events;
            self.touched.push(key);
            result?;
        }
        Ok(())
    }

    /// When [`Carrier::tick`] has something to do (ms).
    pub fn next_tick(&self) -> Option<u64> {
        let sessions = self.sessions.values().map(|session| session.wire.next_tick());
        sessions.chain(self.timers.next()).min()
    }

    /// Moves the sessions that have something new to write into `touched`.
    pub fn take_touched(&mut self, touched: &mut Vec<SessionKey>) {
        touched.append(&mut self.touched);
    }

    /// Bytes for the client; the caller advances by what the socket took. `None` when nothing may be written now.
    pub fn output(&mut self, key: SessionKey) -> Option<&mut BytesMut> {
        if self.switches.silent {
            return None;
        }
        self.sessions.get_mut(&key).map(|session| session.wire.output())
    }

    /// Whether the socket is to be dropped at once.
    pub fn is_cut(&self, key: SessionKey) -> bool {
        self.sessions.get(&key).is_none_or(|session| session.cut)
    }

    /// Whether the socket is to be closed when all is written.
    pub fn is_closing(&self, key: SessionKey) -> bool {
        self.sessions.get(&key).is_none_or(|session| session.closing)
    }

    /// Drops every session, as a broken line does.
    pub fn cut_all(&mut self) {
        for (key, session) in &mut self.sessions {
            session.cut = true;
            self.touched.push(*key);
        }
    }

    /// Whether it keeps silent, see [`Switches::silent`].
    pub fn is_silent(&self) -> bool {
        self.switches.silent
    }

    pub fn switch(&mut self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.switches);
        self.touched.extend(self.sessions.keys());
    }

    /// A phone sends a text to an access number of the account. False if there is no such account.
    pub fn reply(&mut self, login: &str, reply: PhoneReply, now: Moment) -> Result<bool, LedgerError> {
        let Some(place) = self
            .config
            .accounts
            .iter()
            .position(|account| account.login == login)
        else {
            return Ok(false);
        };
        for part in reply.parts(self.next_token as u8) {
            self.deliver(place, None, Delivery::Reply(part), now)?;
        }
        Ok(true)
    }

    fn handle(
        &mut self,
        key: SessionKey,
        events: &mut Vec<ServerEvent>,
        now: Moment,
    ) -> Result<(), LedgerError> {
        let submits = events
            .iter()
            .filter(|event| matches!(event, ServerEvent::Submit { .. }))
            .count() as u32;
        if submits > 0 {
            self.count_in_flight(key, submits);
        }
        for event in events.drain(..) {
            match event {
                ServerEvent::BindRequested => self.bind(key, now)?,
                ServerEvent::Submit { tag, submit } => self.submit(key, tag, submit, now)?,
                ServerEvent::DeliverAnswered { token, code } => self.delivered(key, token, code == 0, now)?,
                ServerEvent::DeliverTimedOut { token } => self.delivered(key, token, false, now)?,
                ServerEvent::PeerUnbound => {}
                ServerEvent::Closed { .. } => self.close(key),
            }
        }
        Ok(())
    }

    /// Nothing more is delivered by this session; what is in its output is still written.
    fn close(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        session.closing = true;
        if let Some(place) = session.account {
            self.accounts[place].sessions.retain(|other| *other != key);
        }
    }

    fn count_in_flight(&mut self, key: SessionKey, submits: u32) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        session.open += submits;
        if let Some(place) = session.account {
            let account = self.book.account_number(place);
            self.book.in_flight(account, session.open);
        }
    }

    fn bind(&mut self, key: SessionKey, now: Moment) -> Result<(), LedgerError> {
        let Some(session) = self.sessions.get_mut(&key) else {
            return Ok(());
        };
        let Some(request) = session.wire.bind_request() else {
            return Ok(());
        };
        let accounts = &self.config.accounts;
        let place = accounts.iter().position(|account| account.login == request.login);
        let refusal = match place {
            None => Some(BindRefusal::UnknownLogin),
            Some(place) if !request.verify(&accounts[place].password) => Some(BindRefusal::WrongPassword),
            Some(place) if self.accounts[place].bound >= accounts[place].sessions => {
                Some(BindRefusal::NotAllowed)
            }
            Some(_) => None,
        };
        let (Some(place), None) = (place, refusal) else {
            session
                .wire
                .refuse_bind(refusal.unwrap_or(BindRefusal::UnknownLogin));
            session.closing = true;
            return Ok(());
        };
        session.receives = request.role != BindRole::Transmitter;
        session.wire.accept_bind(&accounts[place].password, now.millis);
        session.account = Some(place);
        let account = &mut self.accounts[place];
        account.bound += 1;
        if session.receives {
            account.sessions.push(key);
        }
        self.book.bound(self.book.account_number(place));
        self.deliver_waiting(place, now)
    }
}
