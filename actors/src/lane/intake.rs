use super::core::LaneCore;
use super::effect::{BatchJob, Effect, KnownLines, Reply};
use crate::columns::{Applied, KnownAnswer, Row, RowRef, quota_segments};
use crate::intake::{IntakeError, SingleAnswer, SingleIntake};
use crate::tenant::{TenantQueues, Waiting};
use carillon_domain::campaign::CampaignLine;
use carillon_domain::catalog::{Account, CapPeriods, Compiled};
use carillon_domain::fact::{Accepted, Batch, Fact, IdempotencyKey, RefusedLine};
use carillon_domain::ids::{AccountId, MessageId, TenantId};
use carillon_domain::intake::Prepared;
use carillon_domain::plan::starting_together;
use carillon_domain::quota::day_utc8;
use carillon_domain::refusal::RefusalCode;
use carillon_domain::state::SegmentState;
use carillon_domain::time::{Now, UnixMs};
use std::time::Duration;

/// Bytes a line takes in its BATCH fact besides the message itself: its id.
const BATCH_BYTES_PER_LINE: usize = 10;

/// Lines of one batch taken before others get their turn.
const LINES_PER_PART: usize = 500;

enum Begin {
    Now,
    /// A request with the same key is being taken; this one is answered from it.
    AfterTheOther,
}

impl LaneCore {
    /// Whether new work may come at all; asked before anything is parsed as well.
    pub fn check_room(&self) -> Result<(), IntakeError> {
        if self.stopping {
            return Err(IntakeError::Stopping);
        }
        if !self.disk_has_room_for_intake() {
            return Err(IntakeError::DiskLow);
        }
        let open = self.columns.rows_len() as u64;
        if open >= self.options.messages_open_max || self.history_backlog >= self.options.history_backlog_max
        {
            return Err(IntakeError::Overloaded { retry_after_s: 5 });
        }
        let status = self.journal().status();
        if status.backlog_bytes > self.options.journal_backlog_bytes_max {
            return Err(IntakeError::Overloaded { retry_after_s: 1 });
        }
        Ok(())
    }

    /// Whether one more idempotency key can be remembered for its day; forgetting an older one instead would let a repeat
    /// through (IDEM-1).
    pub(super) fn check_key_room(&self, key: Option<IdempotencyKey>) -> Result<(), IntakeError> {
        let full = self.columns.keys().len() >= self.options.columns.keys_max;
        if full && key.is_some_and(|key| self.columns.keys().get(&key.key).is_none()) {
            return Err(IntakeError::Overloaded { retry_after_s: 600 });
        }
        Ok(())
    }

    /// Takes one message; the answer goes out when it is durable.
    pub fn take_single(&mut self, intake: SingleIntake, reply: Reply<SingleAnswer>, now: Now) {
        match self.try_single(intake, now) {
            Ok(answer) => self.hold(Effect::AnswerSingle(reply, answer)),
            Err(error) => self.refuse(reply, error),
        }
    }

    /// Takes the next lines of a batch and gives the job back while some are left. The answer goes out when all lines are
    /// durable.
    pub fn take_batch_part(&mut self, mut job: BatchJob, now: Now) -> Option<BatchJob> {
        if !job.begun {
            match self.begin_batch(&mut job) {
                Ok(Begin::Now) => job.begun = true,
                Ok(Begin::AfterTheOther) => return Some(job),
                Err(error) => {
                    self.refuse(job.reply, error);
                    return None;
                }
            }
        }
        if job.done < job.lines.len() {
            self.take_lines(&mut job, now);
        }
        if job.done < job.lines.len() {
            return Some(job);
        }
        if let Some(key) = job.idempotency {
            self.batches_running.remove(&key.key);
        }
        self.hold(Effect::AnswerBatch(job.reply, job.taken));
        None
    }

    /// The queues of an organisation, filled from the columns: what is unwritten and belongs to no connection.
    pub fn rebuild_queues(&mut self, tenant: TenantId, now: Now) {
        self.tenants.insert(tenant, TenantQueues::default());
        let columns = &self.columns;
        self.put_aside
            .retain(|at| columns.row(at).is_some_and(|row| row.tenant != tenant));
        self.enqueue_free(|row| row.tenant == tenant, now);
    }

    /// The queues of all organisations, in one pass over the columns.
    pub fn rebuild_all_queues(&mut self, now: Now) {
        self.tenants
            .values_mut()
            .for_each(|queues| *queues = TenantQueues::default());
        self.put_aside.retain(|_| false);
        self.orphans.clear();
        self.stranded.clear();
        self.enqueue_free(|_| true, now);
    }

    fn enqueue_free(&mut self, is_wanted: impl Fn(&Row) -> bool, now: Now) {
        let mut rows: Vec<_> = self
            .columns
            .rows()
            .filter(|(_, row)| is_wanted(row) && self.is_free(row))
            .map(|(at, row)| (row.id, row.attempt, at))
            .collect();
        rows.sort_unstable_by_key(|(id, attempt, _)| (*id, *attempt));
        for (.., at) in rows {
            self.enqueue_when_open(at, now);
        }
    }

    /// Whether a message may leave by any connection: nothing of it is with a carrier, or policy re-sends its one segment.
    pub(super) fn is_free(&self, row: &Row) -> bool {
        let is_free = row.is_unwritten()
            || (row.segment_count == 1
                && row.state_of(0) == SegmentState::Uncertain
                && self.may_resend(row, 0));
        is_free && self.is_wanted(row)
    }

    /// Queues a message for whoever may send it.
    pub(super) fn enqueue(&mut self, at: RowRef, in_front: bool) {
        let Some(row) = self.columns.row(at) else { return };
        if !self.catalog.snapshot().route_groups.contains_key(&row.group) {
            return self.orphans.push_back(at);
        }
        let (tenant, waiting) = self.waiting_of(at, row);
        let queues = self.tenants.entry(tenant).or_default();
        if in_front {
            queues.push_front(waiting);
        } else {
            queues.push(waiting);
        }
        self.announce(waiting.group, tenant);
    }

    /// Puts a message back that was taken from a queue; nobody is told.
    pub(super) fn put_back(&mut self, at: RowRef) {
        let Some(row) = self.columns.row(at) else { return };
        let (tenant, waiting) = self.waiting_of(at, row);
        self.tenants.entry(tenant).or_default().push_front(waiting);
    }

    fn waiting_of(&self, at: RowRef, row: &Row) -> (TenantId, Waiting) {
        let waiting = Waiting {
            row: at,
            group: row.group,
            priority: row.priority,
            account: row.account,
            campaign: row.campaign,
            weight: self.account(row.account).map_or(1, |account| account.weight),
        };
        (row.tenant, waiting)
    }

    fn try_single(&mut self, intake: SingleIntake, now: Now) -> Result<SingleAnswer, IntakeError> {
        if let Some(key) = intake.idempotency
            && let Some(known) = self.columns.keys().get(&key.key)
        {
            return match known.answer {
                KnownAnswer::Single(id) if known.fingerprint == key.fingerprint => {
                    self.counters.requests_repeated.add(1);
                    Ok(SingleAnswer { id, repeated: true })
                }
                _ => Err(self.conflict()),
            };
        }
        self.check_room()?;
        self.check_key_room(intake.idempotency)?;
        let catalog = self.catalog.clone();
        let account = known_account(&catalog, intake.account)?;
        self.check_quota(account, &intake.message, now)?;
        self.check_caps(account, &intake.message, now)?;
        let id = self.accept(account, intake.message, intake.idempotency, None, now);
        Ok(SingleAnswer { id, repeated: false })
    }

    fn begin_batch(&mut self, job: &mut BatchJob) -> Result<Begin, IntakeError> {
        if let Some(key) = job.idempotency {
            if self.batches_running.contains_key(&key.key) {
                return Ok(Begin::AfterTheOther);
            }
            if let Some(known) = self.columns.keys().get(&key.key) {
                let KnownAnswer::Batch {
                    first_frame,
                    lines_done,
                    lines_total,
                } = known.answer
                else {
                    return Err(self.conflict());
                };
                if known.fingerprint != key.fingerprint || lines_total as usize != job.lines.len() {
                    return Err(self.conflict());
                }
                self.counters.requests_repeated.add(1);
                job.done = lines_done as usize;
                job.taken.known = Some(KnownLines {
                    first_frame,
                    lines: lines_done,
                });
            }
        }
        if job.done < job.lines.len() {
            self.check_room()?;
            self.check_key_room(job.idempotency)?;
            known_account(&self.catalog, job.account)?;
        }
        job.catalog = Some(self.catalog.clone());
        if let (Some(key), Some(account)) = (job.idempotency, self.catalog.account(job.account)) {
            self.batches_running.insert(key.key, account.tenant);
        }
        Ok(Begin::Now)
    }

    fn take_lines(&mut self, job: &mut BatchJob, now: Now) {
        // Of the moment when the batch began: the account may have been removed since.
        let catalog = job.catalog.clone().unwrap_or_else(|| self.catalog.clone());
        let account = catalog
            .account(job.account)
            .expect("checked when the batch began");
        let mut part = Part::starting_at(job.done as u32);
        let until = job.lines.len().min(job.done + LINES_PER_PART);
        for number in job.done..until {
            if part.is_full(self.frame_room()) {
                self.close_part(job, &mut part, now);
                self.commit();
            }
            // Taken out of the job: a line is accepted once.
            let line = std::mem::replace(&mut job.lines[number], Err(RefusedLine::default()));
            let number = number as u32;
            match line.and_then(|message| self.within_limits(account, message, number, now)) {
                Ok(message) => {
                    let id = self.accept(account, message, None, None, now);
                    job.taken.accepted.push((number, id));
                    part.accepted.push(id);
                }
                Err(refusal) => {
                    self.counters.lines_refused.add(1);
                    job.taken.refused.push(refusal.clone());
                    part.refused.push(refusal);
                }
            }
            part.lines += 1;
        }
        job.done = until;
        self.close_part(job, &mut part, now);
        self.commit_when_large();
    }

    fn within_limits(
        &self,
        account: &Account,
        message: Prepared,
        line: u32,
        now: Now,
    ) -> Result<Prepared, RefusedLine> {
        let refused = |code: RefusalCode, error: IntakeError| RefusedLine {
            line,
            code: code.word().into(),
            field: Default::default(),
            detail: error.to_string().into(),
        };
        self.check_quota(account, &message, now)
            .map_err(|error| refused(RefusalCode::QuotaExceeded, error))?;
        self.check_caps(account, &message, now)
            .map_err(|error| refused(error.cap_code(), error))?;
        Ok(message)
    }

    fn close_part(&mut self, job: &BatchJob, part: &mut Part, now: Now) {
        let next = Part::starting_at(part.first_line + part.lines);
        let part = std::mem::replace(part, next);
        if part.lines == 0 {
            return;
        }
        self.record(Fact::Batch(Box::new(Batch {
            account: job.account,
            idempotency: job.idempotency,
            first_line: part.first_line,
            lines: part.lines,
            lines_total: job.lines.len() as u32,
            accepted: part.accepted,
            refused: part.refused,
            at: now.unix,
        })));
    }

    pub(super) fn accept(
        &mut self,
        account: &Account,
        message: Prepared,
        idempotency: Option<IdempotencyKey>,
        campaign: Option<CampaignLine>,
        now: Now,
    ) -> MessageId {
        let counted = self.counted(account, &message);
        let accepted = Accepted {
            counted,
            ..self.accepted_of((account.tenant, account.id), message, idempotency, campaign, now)
        };
        let id = accepted.message;
        let attempts = starting_together(&accepted.plan).len() as u8;
        if let Applied::Opened(row) = self.record(Fact::Accepted(Box::new(accepted))) {
            self.enqueue_when_open(row, now);
            for attempt in 1..attempts {
                if let Some(row) = self.columns.attempt(id, attempt) {
                    self.enqueue_when_open(row, now);
                }
            }
        }
        self.counters.messages_accepted.add(1);
        id
    }

    /// The message with an id and its times.
    pub(super) fn accepted_of(
        &mut self,
        (tenant, account): (TenantId, AccountId),
        message: Prepared,
        idempotency: Option<IdempotencyKey>,
        campaign: Option<CampaignLine>,
        now: Now,
    ) -> Accepted {
        let not_before = message.not_before.unwrap_or_default();
        Accepted {
            message: self.ids.make(now.unix.0),
            tenant,
            account,
            business_type: message.business_type,
            priority: message.priority,
            to: message.to,
            plan: message.plan,
            not_before,
            person_window: message.person_window,
            counted: CapPeriods::default(),
            valid_until: not_before.max(now.unix) + Duration::from_secs(u64::from(message.validity_s)),
            idempotency,
            reference: message.reference,
            price_per_segment: message.price_per_segment,
            catalog_version: self.catalog.snapshot().version,
            campaign,
        }
    }

    pub(super) fn check_quota(
        &self,
        account: &Account,
        message: &Prepared,
        now: Now,
    ) -> Result<(), IntakeError> {
        let Some(quota) = account.quota_per_day else {
            return Ok(());
        };
        // Later attempts are charged when they start.
        let segments: u64 = starting_together(&message.plan)
            .iter()
            .map(|attempt| quota_segments(attempt.kind, attempt.segments))
            .sum();
        let day = day_utc8(self.accepted_at(now));
        if self.columns.quota_used(account.id, day) + segments > quota {
            return Err(IntakeError::QuotaExceeded { quota });
        }
        Ok(())
    }

    /// When a message that is accepted now counts as accepted: ids never go back, as the clock may.
    pub(super) fn accepted_at(&self, now: Now) -> UnixMs {
        let last = self.columns.last_id().map_or(0, |id| id.unix_ms());
        UnixMs(last.max(now.unix.0))
    }

    pub(super) fn conflict(&self) -> IntakeError {
        self.counters.requests_conflicting.add(1);
        IntakeError::IdempotencyConflict
    }

    fn refuse<T>(&self, reply: Reply<T>, error: IntakeError) {
        if matches!(error, IntakeError::Overloaded { .. } | IntakeError::DiskLow) {
            self.counters.requests_overloaded.add(1);
        }
        // Nothing was recorded for it, so nothing has to be durable first.
        let _caller_may_be_gone = reply.send(Err(error));
    }
}

/// The web checked the key against the same catalog; an account that went since takes nothing more.
fn known_account(catalog: &Compiled, id: AccountId) -> Result<&Account, IntakeError> {
    catalog.account(id).ok_or(IntakeError::AccountRemoved)
}

/// The lines of a batch that stand in the open frame.
struct Part {
    first_line: u32,
    lines: u32,
    accepted: Vec<MessageId>,
    refused: Vec<RefusedLine>,
}

impl Part {
    fn starting_at(first_line: u32) -> Self {
        Part {
            first_line,
            lines: 0,
            accepted: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Whether the part's BATCH fact no longer fits into `room`.
    fn is_full(&self, room: usize) -> bool {
        let refused: usize = self
            .refused
            .iter()
            .map(|r| 16 + r.code.len() + r.field.len() + r.detail.len())
            .sum::<usize>();
        refused + self.lines as usize * BATCH_BYTES_PER_LINE >= room
    }
}
