use super::Draft;
use super::text::compose;
use crate::catalog::{Account, BusinessType, Compiled, CompiledTemplate, Priority};
use crate::content::{Content, TextContent};
use crate::fact::PlannedAttempt;
use crate::ids::{BusinessTypeId, RouteGroupId};
use crate::number_range::NumberRanges;
use crate::phone::PhoneNumber;
use crate::plan::ChannelKind;
use crate::refusal::{Refusal, RefusalCode};
use crate::segment;
use crate::template::RenderProblem;
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

/// Checks one message of an account and decides text, segments and route group.
pub fn prepare(
    catalog: &Compiled,
    account: &Account,
    ranges: &NumberRanges,
    draft: &Draft<'_>,
) -> Result<Prepared, Refusal> {
    check_account(account)?;
    let to = PhoneNumber::parse(draft.to.unwrap_or_default())
        .map_err(|error| Refusal::new(RefusalCode::InvalidPhone, "to", error.to_string()))?;
    let reference = reference(draft)?;
    let template = template(catalog, account, draft)?;
    let business_type = business_type(catalog, account, template, draft)?;
    if business_type.template_required && template.is_none() {
        let detail = format!("messages of type {} need a template", business_type.name);
        return Err(Refusal::new(RefusalCode::TemplateRequired, "template", detail));
    }
    let validity_s = validity_s(business_type, draft)?;
    let signature = draft.signature.unwrap_or(&account.signature);
    let text = compose(signature, body(template, draft)?, &business_type.tail)?;
    let group = route(catalog, account, ranges, to, business_type)?;
    let segments = segments(catalog, group, &text)?;
    Ok(Prepared {
        to: Some(to),
        business_type: business_type.id,
        priority: business_type.priority,
        plan: vec![PlannedAttempt {
            kind: ChannelKind::Sms,
            group,
            segments,
            when: None,
            content: Content::Text(TextContent {
                text,
                template: template.map(|template| template.id),
                extension: account.extension.clone(),
            }),
        }],
        not_before: draft.not_before,
        validity_s,
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

fn template<'c>(
    catalog: &'c Compiled,
    account: &Account,
    draft: &Draft<'_>,
) -> Result<Option<&'c CompiledTemplate>, Refusal> {
    let Some(name) = draft.words.template else {
        return Ok(None);
    };
    if draft.words.text.is_some() {
        let detail = "give a text or a template, not both";
        return Err(Refusal::new(RefusalCode::TextAndTemplate, "template", detail));
    }
    let found = catalog.template(account.tenant, name);
    let unknown = || {
        Refusal::new(
            RefusalCode::UnknownTemplate,
            "template",
            "no template has this name",
        )
    };
    found.map(Some).ok_or_else(unknown)
}

/// The one named, else the template's, else the account's.
fn business_type<'c>(
    catalog: &'c Compiled,
    account: &Account,
    template: Option<&CompiledTemplate>,
    draft: &Draft<'_>,
) -> Result<&'c BusinessType, Refusal> {
    let found = match (draft.business_type, template) {
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

fn body(template: Option<&CompiledTemplate>, draft: &Draft<'_>) -> Result<String, Refusal> {
    let Some(template) = template else {
        let text = draft.words.text.unwrap_or_default();
        // Longer ones never fit; they are not copied.
        if text.len() > segment::SegmentLimits::default().text_bytes_max() {
            return Err(Refusal::new(
                RefusalCode::TextTooLong,
                "text",
                "the text is too long",
            ));
        }
        return Ok(text.to_owned());
    };
    template
        .template
        .render(|name| draft.variables.value(name))
        .map_err(|error| {
            let code = match error.problem {
                RenderProblem::Missing => RefusalCode::MissingVariable,
                _ => RefusalCode::InvalidVariable,
            };
            Refusal::new(
                code,
                format!("variables.{}", error.variable),
                error.problem.to_string(),
            )
        })
}

fn route(
    catalog: &Compiled,
    account: &Account,
    ranges: &NumberRanges,
    to: PhoneNumber,
    business_type: &BusinessType,
) -> Result<RouteGroupId, Refusal> {
    let origin = ranges.origin(to);
    catalog
        .route(
            account.id,
            business_type.id,
            ChannelKind::Sms,
            origin.carrier,
            origin.province,
        )
        .ok_or_else(|| {
            let detail = "no route rule leads to a connection that the account is granted";
            Refusal::new(RefusalCode::NoRoute, "to", detail)
        })
}

fn segments(catalog: &Compiled, group: RouteGroupId, text: &str) -> Result<u8, Refusal> {
    match segment::plan(text, &catalog.limits(group)) {
        Ok(plan) => Ok(plan.segments),
        Err(error) => Err(Refusal::new(RefusalCode::TextTooLong, "text", error.to_string())),
    }
}
