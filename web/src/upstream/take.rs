use super::cloud_event::{CloudEvent, RequestKind};
use super::incoming::Incoming;
use super::lines_of::lines_of;
use super::outgoing::{Outgoing, Writer};
use crate::config::Limits;
use crate::http::{Failure, body};
use crate::live::Activity;
use crate::send::idempotency::KeyHash;
use crate::send::{Checker, DuplicatesWanted, LineFault, Lines, checked_lines, parse};
use carillon_actors::LaneHandle;
use carillon_actors::intake::{BatchIntake, SingleIntake};
use carillon_api::{AcceptedEvent, Code};
use carillon_domain::catalog::{Account, Compiled, LanePlace};
use carillon_domain::fact::{IdempotencyKey, RefusedLine};
use carillon_domain::ids::MessageId;
use carillon_domain::intake::fingerprint;
use carillon_domain::number_range::NumberRanges;
use carillon_storage::files::Files;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Takes requests as the REST endpoints do, for accounts that may send by Kafka.
pub struct Taker {
    pub lane: LaneHandle,
    pub place: LanePlace,
    pub ranges: Arc<NumberRanges>,
    pub files: Arc<dyn Files>,
    pub limits: Limits,
    pub activity: Arc<Activity>,
    pub accounts: BTreeSet<String>,
}

/// What became of a request.
#[derive(Debug)]
pub enum Taken {
    /// It is durable; what is to be told of it.
    Done { records: Vec<Outgoing>, refused: usize },
    /// It cannot be taken now, and may be later.
    Later(Failure),
}

impl Taker {
    /// A repeat of a request that was taken has the same answers (IDEM-1).
    pub async fn take(&self, catalog: &Arc<Compiled>, incoming: &Incoming, writer: &Writer) -> Taken {
        let fault = match &incoming.event {
            Err(fault) => fault.clone(),
            Ok(event) => match self.try_take(catalog, event, incoming, writer).await {
                Ok(done) => return done,
                Err(failure) if is_for_now(failure.code) => return Taken::Later(failure),
                Err(failure) => fault_of(failure),
            },
        };
        Taken::Done {
            records: vec![writer.refusal(&incoming.origin, incoming.value.as_deref(), None, &fault)],
            refused: 1,
        }
    }

    async fn try_take(
        &self,
        catalog: &Arc<Compiled>,
        event: &CloudEvent,
        incoming: &Incoming,
        writer: &Writer,
    ) -> Result<Taken, Failure> {
        let account = self.account(catalog, &event.account)?;
        if !self.place.has(account, catalog.snapshot()) {
            return self.forward(account, catalog, incoming, writer);
        }
        self.activity.note(account.id);
        let checker = Checker::over(
            catalog,
            account,
            &self.ranges,
            &*self.files,
            crate::http::time::now(),
        );
        let body = incoming.body();
        let key = KeyHash::new(account.id, event.key().as_bytes()).over(fingerprint(body));
        match event.kind {
            RequestKind::Message => self.single(account, event, checker, key, body, writer).await,
            RequestKind::Batch => self.batch(account, event, checker, key, incoming, writer).await,
        }
    }

    /// A request came where only its sender's partitioner had reason to put it.
    fn forward(
        &self,
        account: &Account,
        catalog: &Compiled,
        incoming: &Incoming,
        writer: &Writer,
    ) -> Result<Taken, Failure> {
        let lane = catalog.snapshot().lane_of(account);
        let lane = lane.filter(|lane| *lane < self.place.lanes).ok_or_else(|| {
            let detail = format!("its organisation is on none of the {} lanes", self.place.lanes);
            Failure::new(Code::OtherLane, detail).with_field("ce_account")
        })?;
        Ok(Taken::Done {
            records: vec![writer.forwarded(incoming, lane)],
            refused: 0,
        })
    }

    fn account<'c>(&self, catalog: &'c Compiled, name: &str) -> Result<&'c Account, Failure> {
        let known = catalog
            .account_by_name(name)
            .filter(|_| self.accounts.contains(name));
        let account = known.ok_or_else(|| {
            let detail =
                "no account of this name may send by Kafka; `upstream.accounts` of the settings names them";
            Failure::new(Code::Unauthenticated, detail).with_field("ce_account")
        })?;
        if !account.enabled {
            return Err(Failure::new(Code::AccountDisabled, "").with_field("ce_account"));
        }
        if !account.modules.send {
            let detail = "this needs the module `send`";
            return Err(Failure::new(Code::ModuleNotGranted, detail).with_field("ce_account"));
        }
        Ok(account)
    }

    async fn single(
        &self,
        account: &Account,
        event: &CloudEvent,
        mut checker: Checker<'_>,
        key: IdempotencyKey,
        body: &[u8],
        writer: &Writer,
    ) -> Result<Taken, Failure> {
        let message = parse(body);
        let is_mail = message.as_ref().is_ok_and(|message| message.mail.is_some());
        let most = match is_mail {
            true => self.limits.single_bytes_max.max(self.limits.mail_bytes_max),
            false => self.limits.single_bytes_max,
        };
        if body.len() > most {
            return Err(body::too_large(most as u64));
        }
        let intake = SingleIntake {
            account: account.id,
            idempotency: Some(key),
            message: checker.prepare(&message?)?,
        };
        let answer = self.lane.accept(intake).await?;
        Ok(Taken::Done {
            records: vec![accepted(writer, event, answer.id, None)],
            refused: 0,
        })
    }

    async fn batch(
        &self,
        account: &Account,
        event: &CloudEvent,
        checker: Checker<'_>,
        key: IdempotencyKey,
        incoming: &Incoming,
        writer: &Writer,
    ) -> Result<Taken, Failure> {
        let body = incoming.body();
        if body.len() > self.limits.batch_bytes_max {
            return Err(body::too_large(self.limits.batch_bytes_max as u64));
        }
        let lines = Lines::new(event.media_type, body);
        let lines = checked_lines(checker, &self.limits, lines, DuplicatesWanted::Refuse).await?;
        if lines.is_empty() {
            return Err(Failure::new(Code::NothingAccepted, "the batch has no lines"));
        }
        let intake = BatchIntake {
            account: account.id,
            idempotency: Some(key),
            lines,
        };
        let answer = self.lane.accept_batch(intake).await?;
        let accepted = answer.accepted.iter();
        let mut records: Vec<_> = accepted
            .map(|(line, id)| accepted_line(writer, event, *id, *line))
            .collect();
        if !answer.refused.is_empty() {
            let lines = lines_of(event.media_type, body);
            records.extend(answer.refused.iter().map(|refused| {
                let value = lines.get(refused.line as usize).copied();
                writer.refusal(
                    &incoming.origin,
                    value,
                    Some(refused.line + 1),
                    &fault_of_line(refused),
                )
            }));
        }
        Ok(Taken::Done {
            records,
            refused: answer.refused.len(),
        })
    }
}

fn accepted_line(writer: &Writer, event: &CloudEvent, id: MessageId, line: u32) -> Outgoing {
    accepted(writer, event, id, Some(line + 1))
}

fn accepted(writer: &Writer, event: &CloudEvent, id: MessageId, line: Option<u32>) -> Outgoing {
    let told = AcceptedEvent {
        id,
        request_source: event.source.clone(),
        request_id: event.id.clone(),
        line,
    };
    writer.accepted(&event.account, &told)
}

/// Whether the request waits where it is. A quota is not waited for: others would wait with it until midnight.
fn is_for_now(code: Code) -> bool {
    code.is_retryable() && code != Code::QuotaExceeded
}

fn fault_of(failure: Failure) -> LineFault {
    let problem = *failure.problem;
    LineFault {
        code: failure.code,
        detail: match problem.detail.is_empty() {
            true => failure.code.title_en().to_owned(),
            false => problem.detail,
        },
        // Where the key of REST is a header, here it is the event's own name.
        field: match problem.field {
            Some(field) if field == "Idempotency-Key" => "ce_id".to_owned(),
            field => field.unwrap_or_default(),
        },
        place: problem.line.zip(problem.column),
    }
}

fn fault_of_line(refused: &RefusedLine) -> LineFault {
    LineFault {
        code: Code::from_word(&refused.code).unwrap_or(Code::Internal),
        field: refused.field.to_string(),
        detail: refused.detail.to_string(),
        place: None,
    }
}
