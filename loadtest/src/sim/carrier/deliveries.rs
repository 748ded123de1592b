//! Receipts and replies on their way to the client.

use super::core::{Carrier, Due, Moment, Records};
use crate::clock::LocalTime;
use crate::ledger::LedgerError;
use crate::sim::behaviour::DecidedReceipt;
use crate::sim::book::RecordKey;
use crate::sim::session::{Delivery, PhoneReply, SessionKey};
use carillon_protocols::session::{Receipt, SubmitError};

/// A delivery that the client refuses or does not answer is written again after this long.
const REDELIVERY_MS: u64 = 1_000;
const DELIVERY_TRIES_MAX: u8 = 20;

impl Carrier {
    pub(super) fn plan_receipts(
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
    pub(super) fn deliver(
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
                    status: status.status.clone(),
                    error: status.error.clone(),
                    to: record.destination.clone(),
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

    /// Writes what waits until no session has room; the next answer then makes some.
    pub(super) fn deliver_waiting(&mut self, place: usize, now: Moment) -> Result<(), LedgerError> {
        while !self.accounts[place].sessions.is_empty() {
            let before = self.accounts[place].waiting.len();
            let Some(delivery) = self.accounts[place].waiting.pop_front() else {
                return Ok(());
            };
            self.deliver(place, None, delivery, now)?;
            if self.accounts[place].waiting.len() == before {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The client answered a delivery, or did not in time.
    pub(super) fn delivered(
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
        self.deliver_waiting(place, now)
    }
}
