//! A message's journey as a person reads it: what happened, when, why, and the raw code.

use super::beijing::{duration, duration_s, parse_rfc3339, short};
use super::cause::cause_words;
use super::tone::Tone;
use crate::text::{fill, t, word};
use carillon_api::{AttemptView, FallbackView, MessageView, SegmentView, StepView, StepWhat};
use carillon_domain::fact::ReceiptOutcome;
use carillon_domain::plan::{Condition, ConditionEntry};
use carillon_domain::receipt_status;

/// One thing that happened, or that has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JourneyLine {
    /// `None`: it has not happened.
    pub at_ms: Option<i64>,
    /// Since acceptance.
    pub offset_ms: Option<i64>,
    pub tone: Tone,
    pub title: String,
    /// Empty when there is nothing to add.
    pub why: String,
    /// Raw code or id; may be empty.
    pub raw: String,
}

/// An attempt in the strip over the journey, as wide as it lasted.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    pub words: String,
    pub tone: Tone,
    pub ms: i64,
}

/// What the head of the drawer says.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub outcome: &'static str,
    pub tone: Tone,
    pub fallbacks: usize,
    /// From acceptance to the end.
    pub took_ms: Option<i64>,
    pub segments: usize,
    pub legs: Vec<Leg>,
    pub lines: Vec<JourneyLine>,
}

pub fn told(message: &MessageView, now_ms: i64) -> Told {
    let accepted = parse_rfc3339(&message.accepted_at);
    let ended = message.final_at.as_deref().and_then(parse_rfc3339);
    let (outcome, tone) = outcome(&message.status);
    let mut lines = vec![accepted_line(message)];
    for (index, attempt) in message.attempts.iter().enumerate() {
        lines.extend(attempt_line(index, attempt));
        for segment in &attempt.segments {
            let part = (attempt.segments.len() > 1).then_some(segment.number);
            lines.extend(
                segment
                    .steps
                    .iter()
                    .map(|step| step_line(step, segment, attempt, part)),
            );
        }
    }
    lines.extend(read_line(message));
    lines.extend(final_line(message));
    // What has no time keeps its place at the end.
    lines.sort_by_key(|line| line.at_ms.unwrap_or(i64::MAX));
    lines.extend(waiting_line(message, now_ms));
    lines.extend(message.attempts.iter().filter_map(not_started_line));
    for line in &mut lines {
        let offset = line.at_ms.zip(accepted).map(|(at, accepted)| at - accepted);
        line.offset_ms = offset.filter(|offset| *offset >= 0);
    }
    Told {
        outcome,
        tone,
        fallbacks: message
            .attempts
            .iter()
            .filter(|attempt| attempt.fallback.is_some())
            .count(),
        took_ms: ended.zip(accepted).map(|(ended, accepted)| ended - accepted),
        segments: message
            .attempts
            .iter()
            .map(|attempt| attempt.segments.len())
            .sum(),
        legs: legs(message, ended.unwrap_or(now_ms)),
        lines,
    }
}

/// The key of a message's state, and how loud it is.
pub fn outcome(status: &str) -> (&'static str, Tone) {
    match status {
        "accepted" => ("record.accepted", Tone::Plain),
        "active" => ("record.active", Tone::Info),
        "delivered" => ("record.delivered", Tone::Ok),
        "sent" => ("record.sent", Tone::Ok),
        "failed" => ("record.failed", Tone::Crit),
        "rejected" => ("record.rejected", Tone::Crit),
        "cancelled" => ("record.cancelled", Tone::Plain),
        "expired" => ("record.expired", Tone::Warn),
        "unknown" => ("record.unknown", Tone::Warn),
        _ => ("record.other", Tone::Plain),
    }
}

fn line(at: &str, tone: Tone, title: String, why: String, raw: String) -> JourneyLine {
    JourneyLine {
        at_ms: parse_rfc3339(at),
        offset_ms: None,
        tone,
        title,
        why,
        raw,
    }
}

fn accepted_line(message: &MessageView) -> JourneyLine {
    let of: &[(&str, &dyn std::fmt::Display)] = &[
        ("account", &message.account),
        ("business", &message.business_type),
    ];
    let mut why = fill("journey.accepted_why", of);
    if let Some(from) = &message.campaign {
        why += &fill("journey.of_campaign", &[("id", &from.id), ("line", &from.line)]);
    }
    let title = t("journey.accepted").to_owned();
    line(
        &message.accepted_at,
        Tone::Plain,
        title,
        why,
        message.id.to_string(),
    )
}

/// Where an attempt began. The first one needs no line: it began with the message.
fn attempt_line(index: usize, attempt: &AttemptView) -> Option<JourneyLine> {
    let at = attempt.started_at.as_deref()?;
    if index == 0 {
        return None;
    }
    let kind = word("kind", &attempt.channel);
    let (title, tone, why) = match &attempt.fallback {
        Some(fallback) => (
            fill("journey.fallback", &[("kind", &kind)]),
            Tone::Warn,
            because(fallback),
        ),
        None => (
            fill("journey.together", &[("kind", &kind)]),
            Tone::Plain,
            t("journey.together_why").to_owned(),
        ),
    };
    let raw = attempt
        .fallback
        .as_ref()
        .and_then(|fallback| fallback.code.clone());
    Some(line(at, tone, title, why, raw.unwrap_or_default()))
}

fn because(fallback: &FallbackView) -> String {
    let wait = duration_s(u64::from(fallback.seconds.unwrap_or_default()));
    match fallback.reason.as_str() {
        "not_submitted" => t("journey.because_not_submitted").to_owned(),
        "failed" => t("journey.because_failed").to_owned(),
        "not_delivered" => fill("journey.because_not_delivered", &[("wait", &wait)]),
        "not_read" => fill("journey.because_not_read", &[("wait", &wait)]),
        other => other.to_owned(),
    }
}

fn step_line(
    step: &StepView,
    segment: &SegmentView,
    attempt: &AttemptView,
    part: Option<u32>,
) -> JourneyLine {
    let code = step.code.clone().unwrap_or_default();
    let connection = step.connection.clone().unwrap_or_default();
    let reason = step.reason.as_deref().unwrap_or_default();
    let (tone, title, why, raw) = match step.what {
        StepWhat::Intent => {
            let title = fill("journey.intent", &[("connection", &connection)]);
            let mut why = intent_reason(reason).to_owned();
            if let Some(tries) = step.try_number.filter(|tries| *tries > 1) {
                why += &fill("journey.try", &[("n", &tries)]);
            }
            (Tone::Plain, title, why, String::new())
        }
        StepWhat::Returned => (
            Tone::Plain,
            t("journey.returned").to_owned(),
            t("journey.returned_why").to_owned(),
            String::new(),
        ),
        StepWhat::Submitted => (
            Tone::Plain,
            t("journey.submitted").to_owned(),
            t("journey.submitted_why").to_owned(),
            segment.carrier_id.clone().unwrap_or_default(),
        ),
        StepWhat::Rejected if reason == "retried" => (
            Tone::Warn,
            t("journey.throttled").to_owned(),
            t("journey.throttled_why").to_owned(),
            code,
        ),
        StepWhat::Rejected => (
            Tone::Crit,
            t("journey.rejected").to_owned(),
            cause_words(&code),
            code,
        ),
        StepWhat::Uncertain => (
            Tone::Warn,
            t("journey.uncertain").to_owned(),
            uncertain_reason(reason).to_owned(),
            String::new(),
        ),
        StepWhat::Receipt => {
            let (tone, title) = receipt(&code, segment, attempt);
            let raw = match &step.error {
                Some(error) => format!("{code} {error}"),
                None => code.clone(),
            };
            (tone, title.to_owned(), cause_words(&code), raw)
        }
    };
    let title = match part {
        Some(part) => fill("journey.part", &[("title", &title), ("part", &part)]),
        None => title,
    };
    line(&step.at, tone, title, why, raw)
}

fn intent_reason(reason: &str) -> &'static str {
    match reason {
        "rule" => t("journey.by_rule"),
        "failover" => t("journey.by_failover"),
        "throttle" => t("journey.by_throttle"),
        "resend" => t("journey.by_resend"),
        _ => "",
    }
}

fn uncertain_reason(reason: &str) -> &'static str {
    match reason {
        "crash" => t("journey.uncertain_crash"),
        "cut" => t("journey.uncertain_cut"),
        "timeout" => t("journey.uncertain_timeout"),
        _ => "",
    }
}

/// Short messages speak the carriers' words; a mail's answer is told by what became of its segment.
fn receipt(code: &str, segment: &SegmentView, attempt: &AttemptView) -> (Tone, &'static str) {
    let outcome = match attempt.channel.as_str() {
        "sms" => receipt_status::outcome(code),
        _ => match segment.status.as_str() {
            "delivered" => ReceiptOutcome::Delivered,
            "failed" => ReceiptOutcome::Failed,
            "expired" => ReceiptOutcome::Expired,
            _ => ReceiptOutcome::Pending,
        },
    };
    match outcome {
        ReceiptOutcome::Delivered => (Tone::Ok, t("journey.receipt_delivered")),
        ReceiptOutcome::Failed => (Tone::Crit, t("journey.receipt_failed")),
        ReceiptOutcome::Expired => (Tone::Warn, t("journey.receipt_expired")),
        ReceiptOutcome::Pending => (Tone::Info, t("journey.receipt_pending")),
    }
}

fn read_line(message: &MessageView) -> Option<JourneyLine> {
    let at = message.read_at.as_deref()?;
    let why = t("journey.read_why").to_owned();
    Some(line(
        at,
        Tone::Ok,
        t("journey.read").to_owned(),
        why,
        String::new(),
    ))
}

fn final_line(message: &MessageView) -> Option<JourneyLine> {
    let at = message.final_at.as_deref()?;
    let (key, tone) = outcome(&message.status);
    let cause = message.cause.clone().unwrap_or_default();
    let title = fill("journey.final", &[("outcome", &t(key))]);
    Some(line(at, tone, title, cause_words(&cause), cause))
}

fn waiting_line(message: &MessageView, now_ms: i64) -> Option<JourneyLine> {
    let waiting = message.waiting.as_ref()?;
    let until = parse_rfc3339(&waiting.until).map(|at| short(at, now_ms));
    let until = until.unwrap_or_else(|| waiting.until.clone());
    let why = word("waiting", &waiting.why);
    let why = fill("journey.waiting_why", &[("why", &why), ("until", &until)]);
    Some(line(
        "",
        Tone::Info,
        t("journey.waiting").to_owned(),
        why,
        String::new(),
    ))
}

fn not_started_line(attempt: &AttemptView) -> Option<JourneyLine> {
    if attempt.started_at.is_some() {
        return None;
    }
    let kind = word("kind", &attempt.channel);
    let why = attempt.condition.as_ref().map(condition).unwrap_or_default();
    let title = fill("journey.not_started", &[("kind", &kind)]);
    Some(line("", Tone::Plain, title, why, String::new()))
}

fn condition(condition: &ConditionEntry) -> String {
    let wait = |seconds: &u32| duration_s(u64::from(*seconds));
    match &condition.0 {
        Condition::Together => t("journey.if_together").to_owned(),
        Condition::NotSubmitted => t("journey.if_not_submitted").to_owned(),
        Condition::Failed { codes } if codes.is_empty() => t("journey.if_failed").to_owned(),
        Condition::Failed { codes } => fill("journey.if_failed_with", &[("codes", &codes.join("、"))]),
        Condition::NotDeliveredWithin { seconds } => {
            fill("journey.if_not_delivered", &[("wait", &wait(seconds))])
        }
        Condition::NotReadWithin { seconds } => fill("journey.if_not_read", &[("wait", &wait(seconds))]),
    }
}

/// Attempts that started, each until the next one started or the message ended.
fn legs(message: &MessageView, end_ms: i64) -> Vec<Leg> {
    let started: Vec<_> = message
        .attempts
        .iter()
        .filter_map(|attempt| Some((attempt, parse_rfc3339(attempt.started_at.as_deref()?)?)))
        .collect();
    let next_starts = started.iter().skip(1).map(|(_, at)| *at).chain([end_ms]);
    started
        .iter()
        .zip(next_starts)
        .map(|((attempt, at), until)| {
            let ms = (until - at).max(0);
            let (key, tone) = attempt_outcome(attempt);
            let of: &[(&str, &dyn std::fmt::Display)] = &[
                ("kind", &word("kind", &attempt.channel)),
                ("time", &duration(ms)),
                ("outcome", &t(key)),
            ];
            Leg {
                words: fill("journey.leg", of),
                tone,
                ms,
            }
        })
        .collect()
}

fn attempt_outcome(attempt: &AttemptView) -> (&'static str, Tone) {
    let any = |status: &str| attempt.segments.iter().any(|segment| segment.status == status);
    let all = |status: &str| attempt.segments.iter().all(|segment| segment.status == status);
    if attempt.segments.is_empty() || any("waiting") || any("intent") {
        ("record.accepted", Tone::Plain)
    } else if any("failed") || any("rejected") {
        ("record.failed", Tone::Crit)
    } else if any("uncertain") {
        ("journey.uncertain", Tone::Warn)
    } else if any("expired") {
        ("record.expired", Tone::Warn)
    } else if all("delivered") {
        ("record.delivered", Tone::Ok)
    } else {
        ("record.active", Tone::Info)
    }
}

#[cfg(test)]
#[path = "journey_tests.rs"]
mod tests;
