use super::recipient::Recipient;
use super::step::{Body, Step, Steps};
use super::words::WordCheck;
use super::{Draft, mail, text};
use crate::catalog::{Account, BusinessType, Carrier, Compiled, Priority};
use crate::content::{Content, TextContent};
use crate::day_window::DayWindow;
use crate::fact::PlannedAttempt;
use crate::ids::{BusinessTypeId, RouteGroupId};
use crate::number_range::NumberRanges;
use crate::phone::PhoneNumber;
use crate::plan::{ChannelKind, Condition};
use crate::policy::SendingTimes;
use crate::refusal::{Refusal, RefusalCode};
use crate::segment;
use crate::template::{RenderError, RenderProblem};
use crate::time::UnixMs;
use compact_str::CompactString;

/// The longest reference of a caller, in bytes of UTF-8.
pub const REFERENCE_BYTES_MAX: usize = 64;
/// How long an unsent message may stay valid, in seconds: a minute to a week.
pub const VALIDITY_S: std::ops::RangeInclusive<u32> = 60..=7 * 24 * 3600;

/// A message that passed every check that needs no state. With an id and the time it becomes
/// [`crate::fact::Accepted`].
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// `None` when only mail is sent.
    pub to: Option<PhoneNumber>,
    pub business_type: BusinessTypeId,
    pub priority: Priority,
    /// Never empty.
    pub plan: Vec<PlannedAttempt>,
    pub not_before: Option<UnixMs>,
    /// Seconds from `not_before` or acceptance on.
    pub validity_s: u32,
    /// The recipient's own sending window.
    pub person_window: Option<DayWindow>,
    pub reference: Option<CompactString>,
    /// In 1/10,000 yuan.
    pub price_per_segment: u32,
}

impl Prepared {
    /// The text of the first attempt; empty when that is no short message.
    pub fn text(&self) -> &str {
        self.plan
            .first()
            .and_then(|attempt| attempt.content.text())
            .unwrap_or_default()
    }
}

/// Checks one message of an account and decides plan, contents, segments and route groups.
pub fn prepare(
    catalog: &Compiled,
    account: &Account,
    ranges: &NumberRanges,
    draft: &Draft<'_>,
) -> Result<Prepared, Refusal> {
    check_account(account)?;
    let recipient = Recipient::of(draft)?;
    let reference = reference(draft)?;
    let steps = Steps::of(catalog, account, draft, &recipient)?;
    recipient.check_lists(catalog, account, |channel| steps.uses(channel))?;
    let business_type = business_type(catalog, account, &steps, draft)?;
    check_templates(business_type, steps.as_slice())?;
    let priority = priority(business_type, draft)?;
    let validity_s = validity_s(business_type, draft)?;
    check_waits(steps.as_slice(), validity_s)?;
    check_windows(catalog, account, business_type, draft)?;
    let sending = Sending {
        catalog,
        account,
        ranges,
        draft,
        recipient: &recipient,
        business_type,
    };
    Ok(Prepared {
        to: recipient.to.filter(|_| steps.uses(ChannelKind::Sms)),
        business_type: business_type.id,
        priority,
        plan: sending.plan(steps)?,
        not_before: draft.not_before,
        validity_s,
        person_window: draft.window,
        reference,
        price_per_segment: account.price_per_segment,
    })
}

fn check_account(account: &Account) -> Result<(), Refusal> {
    if !account.enabled {
        return Err(Refusal::new(
            RefusalCode::AccountDisabled,
            "",
            "the account is switched off",
        ));
    }
    if !account.modules.send {
        return Err(Refusal::new(
            RefusalCode::ModuleNotGranted,
            "",
            "the account may not send",
        ));
    }
    Ok(())
}

fn reference(draft: &Draft<'_>) -> Result<Option<CompactString>, Refusal> {
    let Some(reference) = draft.reference else {
        return Ok(None);
    };
    if reference.len() > REFERENCE_BYTES_MAX {
        let detail = format!("a reference has at most {REFERENCE_BYTES_MAX} bytes");
        return Err(Refusal::new(RefusalCode::ReferenceTooLong, "reference", detail));
    }
    if reference.contains(char::is_control) {
        let detail = "a reference has no control characters";
        return Err(Refusal::new(RefusalCode::ReferenceInvalid, "reference", detail));
    }
    Ok((!reference.is_empty()).then(|| reference.into()))
}

/// The one named, else that of the template used first, else the account's.
fn business_type<'c>(
    catalog: &'c Compiled,
    account: &Account,
    steps: &Steps<'_>,
    draft: &Draft<'_>,
) -> Result<&'c BusinessType, Refusal> {
    let found = match (draft.business_type, steps.template()) {
        (Some(name), _) => catalog.business_type_by_name(name),
        (None, Some(template)) => catalog.business_type(template.business_type),
        (None, None) => catalog.business_type(account.business_type),
    };
    found.ok_or_else(|| {
        Refusal::new(
            RefusalCode::UnknownBusinessType,
            "business_type",
            "no business type has this name",
        )
    })
}

/// Where the business type takes templates only, nothing of a message is free: no text and no subject.
fn check_templates(business_type: &BusinessType, steps: &[Step<'_>]) -> Result<(), Refusal> {
    if !business_type.template_required {
        return Ok(());
    }
    for step in steps {
        let is_mail = step.channel == ChannelKind::Mail;
        let field = match step.body {
            Body::Free { .. } => step.place.field("template"),
            Body::Template(_) if is_mail && step.template_subject().is_none() => step.subject_field(),
            Body::Template(_) => continue,
        };
        let detail = format!("messages of type {} need a template", business_type.name);
        return Err(Refusal::new(RefusalCode::TemplateRequired, field, detail));
    }
    Ok(())
}

fn priority(business_type: &BusinessType, draft: &Draft<'_>) -> Result<Priority, Refusal> {
    match draft.priority {
        // A higher class is ordered before.
        Some(wanted) if wanted < business_type.priority => {
            let detail = "the priority is above that of the business type";
            Err(Refusal::new(RefusalCode::PriorityTooHigh, "priority", detail))
        }
        wanted => Ok(wanted.unwrap_or(business_type.priority)),
    }
}

fn validity_s(business_type: &BusinessType, draft: &Draft<'_>) -> Result<u32, Refusal> {
    match draft.validity_s {
        None => Ok(business_type.validity_s),
        Some(validity_s) if VALIDITY_S.contains(&validity_s) => Ok(validity_s),
        Some(_) => {
            let detail = format!(
                "the validity is {} to {} seconds",
                VALIDITY_S.start(),
                VALIDITY_S.end()
            );
            Err(Refusal::new(
                RefusalCode::ValidityOutOfRange,
                "validity_s",
                detail,
            ))
        }
    }
}

/// That the waits of the plan are over before its validity is: a later attempt would never start.
fn check_waits(steps: &[Step<'_>], validity_s: u32) -> Result<(), Refusal> {
    let wait_of = |step: &Step<'_>| match step.when {
        Some(Condition::NotDeliveredWithin { seconds } | Condition::NotReadWithin { seconds }) => seconds,
        _ => 0,
    };
    let waits: u32 = steps.iter().map(wait_of).fold(0, u32::saturating_add);
    if waits < validity_s {
        return Ok(());
    }
    let detail = format!("the plan waits for {waits} s, and the message is valid for {validity_s} s");
    Err(Refusal::new(
        RefusalCode::ValidityOutOfRange,
        "validity_s",
        detail,
    ))
}

/// That the windows of business type, organisation and recipient are open together at some time of the day.
fn check_windows(
    catalog: &Compiled,
    account: &Account,
    business_type: &BusinessType,
    draft: &Draft<'_>,
) -> Result<(), Refusal> {
    let times = SendingTimes::new(
        catalog,
        account.tenant,
        business_type.id,
        UnixMs::default(),
        draft.window,
    );
    match times.next_opening(UnixMs::default()) {
        Ok(_) => Ok(()),
        Err(never) => {
            let field = if draft.window.is_some() { "window" } else { "" };
            Err(Refusal::new(
                RefusalCode::WindowsNeverOpen,
                field,
                never.to_string(),
            ))
        }
    }
}

/// What every attempt of one message is made from.
struct Sending<'s> {
    catalog: &'s Compiled,
    account: &'s Account,
    ranges: &'s NumberRanges,
    draft: &'s Draft<'s>,
    recipient: &'s Recipient,
    business_type: &'s BusinessType,
}

impl Sending<'_> {
    fn plan(&self, steps: Steps<'_>) -> Result<Vec<PlannedAttempt>, Refusal> {
        let mut mail_bytes = 0;
        let mut plan = Vec::with_capacity(steps.as_slice().len());
        for step in steps.as_slice() {
            let attempt = match step.channel {
                ChannelKind::Mail => self.mail(step)?,
                _ => self.short_message(step)?,
            };
            mail_bytes += attempt.content.mail().map_or(0, mail::bytes);
            if mail_bytes > mail::CONTENT_BYTES_MAX {
                return Err(mail::too_long(step.html_field()));
            }
            plan.push(attempt);
        }
        Ok(plan)
    }

    fn short_message(&self, step: &Step<'_>) -> Result<PlannedAttempt, Refusal> {
        let signature = self.draft.signature.unwrap_or(&self.account.signature);
        let body = self.short_body(step)?;
        let text = text::compose(signature, body, &self.business_type.tail, || {
            step.place.field("text")
        })?;
        self.words().text(&text, || step.text_field())?;
        let to = self.recipient.to.ok_or_else(|| unreached("to"))?;
        let group = self.route_of_number(to)?;
        let segments = segment::plan(&text, &self.catalog.limits(group)).map_err(|error| {
            Refusal::new(
                RefusalCode::TextTooLong,
                step.place.field("text"),
                error.to_string(),
            )
        })?;
        Ok(PlannedAttempt {
            kind: step.channel,
            group,
            segments: segments.segments,
            when: step.when.clone(),
            content: Content::Text(TextContent {
                text,
                template: step.template().map(|template| template.id),
                extension: self.account.extension.clone(),
            }),
        })
    }

    fn short_body(&self, step: &Step<'_>) -> Result<String, Refusal> {
        match step.body {
            Body::Free { text, .. } => {
                let text = text.unwrap_or_default();
                // Longer ones never fit; they are not copied.
                if text.len() > segment::SegmentLimits::default().text_bytes_max() {
                    let field = step.place.field("text");
                    return Err(Refusal::new(
                        RefusalCode::TextTooLong,
                        field,
                        "the text is too long",
                    ));
                }
                Ok(text.to_owned())
            }
            Body::Template(template) => template
                .template
                .render(|name| self.draft.variables.value(name))
                .map_err(render_refusal),
        }
    }

    fn mail(&self, step: &Step<'_>) -> Result<PlannedAttempt, Refusal> {
        let address = self.recipient.mail.clone().ok_or_else(|| unreached("mail"))?;
        let content = mail::compose(step, address, self.draft.variables)?;
        self.words().mail(&content, step)?;
        Ok(PlannedAttempt {
            kind: step.channel,
            group: self.route(ChannelKind::Mail, Carrier::Unknown, "", "mail")?,
            segments: 1,
            when: step.when.clone(),
            content: Content::Mail(Box::new(content)),
        })
    }

    fn words(&self) -> WordCheck<'_> {
        WordCheck {
            catalog: self.catalog,
            account: self.account,
        }
    }

    fn route_of_number(&self, to: PhoneNumber) -> Result<RouteGroupId, Refusal> {
        let origin = self.ranges.origin(to);
        self.route(ChannelKind::Sms, origin.carrier, origin.province, "to")
    }

    fn route(
        &self,
        kind: ChannelKind,
        carrier: Carrier,
        province: &str,
        field: &'static str,
    ) -> Result<RouteGroupId, Refusal> {
        self.catalog
            .route(self.account.id, self.business_type.id, kind, carrier, province)
            .ok_or_else(|| {
                let detail = "no route rule leads to a connection that the account is granted";
                Refusal::new(RefusalCode::NoRoute, field, detail)
            })
    }
}

fn unreached(field: &'static str) -> Refusal {
    Refusal::new(
        RefusalCode::RecipientMissing,
        field,
        "the message has no such recipient",
    )
}

/// A template could not be filled in.
pub(super) fn render_refusal(error: RenderError) -> Refusal {
    let code = match error.problem {
        RenderProblem::Missing => RefusalCode::MissingVariable,
        _ => RefusalCode::InvalidVariable,
    };
    Refusal::new(
        code,
        format!("variables.{}", error.variable),
        error.problem.to_string(),
    )
}
