//! What a carrier does with a submit.

use super::core::{Carrier, Due, Moment, Records};
use crate::ledger::{Answer, LedgerError, Part, Record};
use crate::marker;
use crate::sim::behaviour::DecidedAnswer;
use crate::sim::session::SessionKey;
use carillon_protocols::session::{DataCoding, SubmitIn, SubmitTag};
use foldhash::quality::FixedState;
use std::hash::BuildHasher;

impl Carrier {
    pub(super) fn submit(
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

    pub(super) fn respond(
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
}
