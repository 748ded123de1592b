//! A carrier without its sockets: sessions in, decisions, timers, bytes out. Everything is synchronous and reads no clock.

use super::behaviour::{Behaviour, DecidedAnswer, DecidedReceipt};
use super::book::{Book, Progress, RecordKey};
use super::config::CarrierConfig;
use super::ids::IdMaker;
use super::session::{Delivery, PhoneReply, Session, SessionKey};
use super::timers::Timers;
use crate::clock::LocalTime;
use crate::ledger::{Answer, LedgerError, Part, Record, Sink};
use crate::marker;
use bytes::BytesMut;
use carillon_protocols::session::{
    BindRefusal, BindRole, DataCoding, Receipt, ServerConfig, ServerEvent, ServerSession, SubmitError,
    SubmitIn, SubmitTag,
};
use foldhash::fast::RandomState;
use foldhash::quality::FixedState;
use hashbrown::HashMap;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::sync::Arc;

/// One instant on both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    pub millis: u64,
    pub unix_us: u64,
}

/// A delivery that the client refuses or does not answer is written again after this long.
const REDELIVERY_MS: u64 = 1_000;
const DELIVERY_TRIES_MAX: u8 = 20;
/// Deliveries and submits without an answer that one session may hold.
const DELIVERY_WINDOW: u16 = 4_096;
/// CMPP 2.0 §6.3: C and T.
const LINK_TEST_MS: u64 = 180_000;
const RESPONSE_TIMEOUT_MS: u64 = 60_000;
const BIND_TIMEOUT_MS: u64 = 10_000;

enum Due {
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
struct Records {
    first: RecordKey,
    count: u32,
}

impl Records {
    fn keys(self) -> std::ops::Range<RecordKey> {
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

struct Account {
    bound: u32,
    /// Bound sessions that take receipts and replies, oldest first.
    sessions: Vec<SessionKey>,
    /// Deliveries that no session could take.
    waiting: VecDeque<Delivery>,
    /// Spreads deliveries over the sessions.
    turn: usize,
}

pub struct Carrier {
    config: CarrierConfig,
    switches: Switches,
    random: SmallRng,
    ids: IdMaker,
    book: Book,
    accounts: Vec<Account>,
    sessions: HashMap<SessionKey, Session, RandomState>,
    next_session: SessionKey,
    next_token: u64,
    timers: Timers<Due>,
    /// Sessions with something new to write.
    touched: Vec<SessionKey>,
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
                ServerEvent::Closed { .. } => {
                    if let Some(session) = self.sessions.get_mut(&key) {
                        session.closing = true;
                    }
                }
            }
        }
        Ok(())
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

    fn submit(
        &mut self,
        key: SessionKey,
        tag: SubmitTag,
        submit: SubmitIn,
        now: Moment,
    ) -> Result<(), LedgerError> {
        let Some(session) = self.sessions.get_mut(&key) else {
            return Ok(());
        };
        let Some(place) = session.account else {
            return Ok(());
        };
        session.segments += submit.destinations.len() as u64;
        let behaviour = &self.config.behaviour;
        if behaviour.cut_after > 0 && session.segments >= behaviour.cut_after {
            session.cut = true;
        }
        let account = self.book.account_number(place);
        let limit = self.config.accounts[place].rate_per_second;
        let over = limit.is_some_and(|limit| self.book.in_last_second(account, now.unix_us) >= limit);
        let mut decision = behaviour.decide(submit.receipt, &mut self.random);
        if over || self.switches.throttled {
            decision.answer = DecidedAnswer::Refuse(self.config.protocol.throttled());
            decision.receipt = None;
        }
        let base = self
            .ids
            .make(submit.destinations.len() as u64, now.unix_us / 1_000_000);
        let records = self.enter(account, key, &submit, base, now);
        let answer = match decision.answer {
            DecidedAnswer::Silence => return self.settle(records),
            DecidedAnswer::Accept => Ok(base),
            DecidedAnswer::Refuse(code) => Err(code),
        };
        // The answer may be given before the receipt is planned; the records stay open until both are known.
        records.keys().for_each(|record| self.book.expect(record));
        if let Some(receipt) = decision.receipt.filter(|receipt| receipt.before_response) {
            self.plan_receipts(place, key, records, receipt, now.millis, now)?;
        }
        if decision.response_ms == 0 {
            self.respond(key, tag, records, answer)?;
        } else {
            let due = Due::Respond {
                session: key,
                tag,
                records,
                answer,
            };
            self.timers.add(now.millis + decision.response_ms, due);
        }
        if let Some(receipt) = decision.receipt.filter(|receipt| !receipt.before_response) {
            let at = now.millis + decision.response_ms + receipt.after_ms;
            self.plan_receipts(place, key, records, receipt, at, now)?;
        }
        self.settle(records)
    }

    fn settle(&mut self, records: Records) -> Result<(), LedgerError> {
        records.keys().try_for_each(|record| self.book.settle(record))
    }

    fn enter(
        &mut self,
        account: u16,
        session: SessionKey,
        submit: &SubmitIn,
        base: u64,
        now: Moment,
    ) -> Records {
        let marker = match submit.coding {
            DataCoding::Ucs2 => marker::find_utf16(&submit.payload),
            _ => marker::find(&submit.payload),
        };
        let content = FixedState::with_seed(1).hash_one((&submit.payload, submit.coding));
        let part = submit.concatenation.map(|part| Part {
            reference: part.reference,
            total: part.total,
            number: part.number,
        });
        let mut records = Records { first: 0, count: 0 };
        for (place, destination) in submit.destinations.iter().enumerate() {
            let record = Record {
                account,
                session,
                at_us: now.unix_us,
                source: submit.source.as_str().into(),
                destination: destination.as_str().into(),
                marker,
                content,
                part,
                text: if self.config.keep_texts {
                    submit.text.clone()
                } else {
                    None
                },
                carrier_id: base + place as u64,
                answer: Answer::None,
                receipts: Vec::new(),
            };
            let key = self.book.enter(record, 1);
            if place == 0 {
                records.first = key;
            }
            records.count += 1;
        }
        records
    }

    fn respond(
        &mut self,
        key: SessionKey,
        tag: SubmitTag,
        records: Records,
        answer: Result<u64, u32>,
    ) -> Result<(), LedgerError> {
        if let Some(session) = self.sessions.get_mut(&key) {
            session.open = session.open.saturating_sub(1);
            session
                .wire
                .respond_submit(tag, answer.map(|base| self.ids.in_response(base)));
            self.touched.push(key);
            let answer = match answer {
                Ok(_) => Answer::Accepted,
                Err(code) => Answer::Refused(code),
            };
            records.keys().for_each(|record| self.book.answer(record, answer));
        }
        self.settle(records)
    }

    fn plan_receipts(
        &mut self,
        account: usize,
        session: SessionKey,
        records: Records,
        decided: DecidedReceipt,
        at_ms: u64,
        now: Moment,
    ) -> Result<(), LedgerError> {
        let session = (!decided.other_session).then_some(session);
        for record in records.keys() {
            for _ in 0..=u8::from(decided.doubled) {
                self.book.expect(record);
                let delivery = Delivery::Receipt {
                    record,
                    status: decided.status,
                    number: 0,
                    tries: 0,
                };
                self.deliver_at(at_ms, account, session, delivery, now)?;
            }
            if let Some(after_ms) = decided.reply_after_ms {
                self.plan_reply(account, record, at_ms + after_ms, now)?;
            }
        }
        Ok(())
    }

    fn plan_reply(
        &mut self,
        account: usize,
        record: RecordKey,
        at_ms: u64,
        now: Moment,
    ) -> Result<(), LedgerError> {
        let Some(record) = self.book.record(record) else {
            return Ok(());
        };
        let text = self.config.behaviour.reply_text.clone();
        let reply = PhoneReply {
            from: record.destination.clone(),
            to: record.source.clone(),
            text,
        };
        let parts = reply.parts(self.next_token as u8);
        parts
            .into_iter()
            .try_for_each(|part| self.deliver_at(at_ms, account, None, Delivery::Reply(part), now))
    }

    fn deliver_at(
        &mut self,
        at_ms: u64,
        account: usize,
        session: Option<SessionKey>,
        delivery: Delivery,
        now: Moment,
    ) -> Result<(), LedgerError> {
        if at_ms <= now.millis {
            return self.deliver(account, session, delivery, now);
        }
        self.timers.add(
            at_ms,
            Due::Deliver {
                account,
                session,
                delivery,
            },
        );
        Ok(())
    }

    /// Writes a delivery to the session, or to any of the account's, or keeps it until one has room.
    fn deliver(
        &mut self,
        place: usize,
        session: Option<SessionKey>,
        delivery: Delivery,
        now: Moment,
    ) -> Result<(), LedgerError> {
        let account = &mut self.accounts[place];
        let wanted = session.filter(|key| self.sessions.get(key).is_some_and(|session| session.receives));
        account.turn = account.turn.wrapping_add(1);
        let any = account
            .sessions
            .get(account.turn % account.sessions.len().max(1))
            .copied();
        match wanted.or(any) {
            Some(key) => self.write_delivery(place, key, delivery, now),
            None => {
                account.waiting.push_back(delivery);
                Ok(())
            }
        }
    }

    fn write_delivery(
        &mut self,
        place: usize,
        key: SessionKey,
        mut delivery: Delivery,
        now: Moment,
    ) -> Result<(), LedgerError> {
        let Some(session) = self.sessions.get_mut(&key) else {
            self.accounts[place].waiting.push_back(delivery);
            return Ok(());
        };
        let token = self.next_token;
        self.next_token += 1;
        let written = match &mut delivery {
            Delivery::Reply(part) => session.wire.deliver_reply(&part.wire(), token, now.millis),
            Delivery::Receipt {
                record: key,
                status,
                number,
                ..
            } => {
                // The ledger was flushed in the meantime: the receipt is nobody's.
                let Some(record) = self.book.record(*key) else {
                    return Ok(());
                };
                let Some(status) = self.config.behaviour.receipts.get(usize::from(*status)) else {
                    return self.book.settle(*key);
                };
                let receipt = Receipt {
                    id: self.ids.in_receipt(record.carrier_id),
                    status: status.status.to_string(),
                    error: status.error.to_string(),
                    to: record.destination.to_string(),
                    submit_time: LocalTime::of(record.at_us / 1_000_000).receipt_form(),
                    done_time: LocalTime::of(now.unix_us / 1_000_000).receipt_form(),
                };
                let written = session.wire.deliver_receipt(
                    &receipt,
                    &record.destination,
                    &record.source,
                    token,
                    now.millis,
                );
                if written.is_ok()
                    && let Some(given) = self.book.give(*key, status.status.clone(), now.unix_us)
                {
                    *number = given;
                }
                written
            }
        };
        match (written, &delivery) {
            (Ok(()), _) => {}
            (Err(SubmitError::WindowFull | SubmitError::NotBound), _) => {
                self.accounts[place].waiting.push_back(delivery);
                return Ok(());
            }
            (Err(error), Delivery::Receipt { record, .. }) => {
                tracing::warn!(%error, "a receipt has no form in this protocol");
                return self.book.settle(*record);
            }
            (Err(error), Delivery::Reply(_)) => {
                tracing::warn!(%error, "a reply has no form in this protocol");
                return Ok(());
            }
        }
        session.deliveries.insert(token, delivery);
        self.touched.push(key);
        Ok(())
    }

    fn deliver_waiting(&mut self, place: usize, now: Moment) -> Result<(), LedgerError> {
        let waiting = self.accounts[place].waiting.len();
        for _ in 0..waiting {
            let account = &mut self.accounts[place];
            if account.sessions.is_empty() {
                return Ok(());
            }
            let Some(delivery) = account.waiting.pop_front() else {
                return Ok(());
            };
            self.deliver(place, None, delivery, now)?;
            if self.accounts[place].waiting.len() == waiting {
                // No session has room; the next answer makes some.
                return Ok(());
            }
        }
        Ok(())
    }

    /// The client answered a delivery, or did not in time.
    fn delivered(
        &mut self,
        key: SessionKey,
        token: u64,
        taken: bool,
        now: Moment,
    ) -> Result<(), LedgerError> {
        let Some(session) = self.sessions.get_mut(&key) else {
            return Ok(());
        };
        let Some(place) = session.account else {
            return Ok(());
        };
        let Some(delivery) = session.deliveries.remove(&token) else {
            return Ok(());
        };
        match delivery {
            Delivery::Receipt { record, number, .. } if taken => {
                self.book.acknowledge(record, number, now.unix_us);
                self.book.settle(record)?;
            }
            Delivery::Receipt { record, tries, .. } if tries >= DELIVERY_TRIES_MAX => {
                self.book.settle(record)?
            }
            Delivery::Receipt {
                record,
                status,
                tries,
                ..
            } => {
                let delivery = Delivery::Receipt {
                    record,
                    status,
                    number: 0,
                    tries: tries + 1,
                };
                let due = Due::Deliver {
                    account: place,
                    session: None,
                    delivery,
                };
                self.timers.add(now.millis + REDELIVERY_MS, due);
            }
            Delivery::Reply(_) if taken => self.book.replied(self.book.account_number(place)),
            Delivery::Reply(reply) => {
                let due = Due::Deliver {
                    account: place,
                    session: None,
                    delivery: Delivery::Reply(reply),
                };
                self.timers.add(now.millis + REDELIVERY_MS, due);
            }
        }
        if self.accounts[place].waiting.is_empty() {
            return Ok(());
        }
        self.deliver_waiting(place, now)
    }
}
