use super::LineFault;
use crate::attachment::StoredSizes;
use crate::http;
use crate::state::AppState;
use carillon_api::{AttachmentRequest, Code, MessageRequest, Text};
use carillon_domain::catalog::{Account, Compiled};
use carillon_domain::content::{Attachment, FileHash};
use carillon_domain::day_window::DayWindow;
use carillon_domain::intake::{Draft, PlanDraft, Prepared, StepDraft, Words, prepare};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::refusal::{Refusal, RefusalCode};
use carillon_domain::time::UnixMs;
use carillon_storage::files::Files;
use std::time::Duration;

/// How far ahead a message may be scheduled.
const SEND_AT_AHEAD_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// What the reader of a mail gets a file as when nobody said.
const MEDIA_TYPE_UNKNOWN: &str = "application/octet-stream";

/// Checks messages of one account.
pub struct Checker<'a> {
    catalog: &'a Compiled,
    account: &'a Account,
    ranges: &'a NumberRanges,
    files: StoredSizes<'a>,
    now: UnixMs,
}

impl<'a> Checker<'a> {
    pub fn new(state: &'a AppState, catalog: &'a Compiled, account: &'a Account) -> Self {
        Checker::over(catalog, account, &state.ranges, &*state.files, http::time::now())
    }

    /// The same without a running service.
    pub fn over(
        catalog: &'a Compiled,
        account: &'a Account,
        ranges: &'a NumberRanges,
        files: &'a dyn Files,
        now: UnixMs,
    ) -> Self {
        Checker {
            catalog,
            account,
            ranges,
            files: StoredSizes::new(files),
            now,
        }
    }

    /// Every check that needs no state.
    pub fn prepare(&mut self, request: &MessageRequest<'_>) -> Result<Prepared, LineFault> {
        let extras = Extras::of(request, self.now)?;
        self.check_files(&extras)?;
        let steps = extras.steps(request);
        let draft = Draft {
            to: text(&request.to),
            mail: text(&request.mail),
            words: Words {
                text: text(&request.text),
                template: text(&request.template),
                subject: text(&request.subject),
                html: text(&request.html),
                attachments: &extras.attachments,
            },
            variables: &request.variables,
            signature: text(&request.signature),
            business_type: text(&request.business_type),
            priority: request.priority,
            reference: text(&request.reference),
            validity_s: request.validity_s,
            not_before: extras.not_before,
            window: extras.window,
            plan: match (text(&request.strategy), &request.plan) {
                (None, None) => PlanDraft::Simple,
                (Some(strategy), None) => PlanDraft::Strategy(strategy),
                (None, Some(_)) => PlanDraft::Steps(&steps),
                (Some(_), Some(_)) => {
                    let detail = "give a strategy or a plan, not both";
                    return Err(Refusal::new(RefusalCode::PlanInvalid, "strategy", detail).into());
                }
            },
        };
        prepare(self.catalog, self.account, self.ranges, &draft).map_err(LineFault::from)
    }

    fn check_files(&mut self, extras: &Extras) -> Result<(), LineFault> {
        self.files
            .check(&extras.attachments, || "attachments".to_owned())?;
        for (index, attachments) in extras.step_attachments.iter().enumerate() {
            let field = || format!("plan[{index}].attachments");
            self.files.check(attachments, field)?;
        }
        Ok(())
    }
}

/// What a draft needs beside the request, in the types of the domain. Empty for most messages, and then allocates nothing.
struct Extras {
    attachments: Vec<Attachment>,
    /// One for each step of the plan.
    step_attachments: Vec<Vec<Attachment>>,
    not_before: Option<UnixMs>,
    window: Option<DayWindow>,
}

impl Extras {
    fn of(request: &MessageRequest<'_>, now: UnixMs) -> Result<Self, LineFault> {
        let steps = request.plan.iter().flatten().enumerate();
        let of_step = |(index, step): (usize, &carillon_api::StepRequest<'_>)| {
            attachments(&step.attachments, |place| format!("plan[{index}].{place}"))
        };
        Ok(Extras {
            attachments: attachments(&request.attachments, |place| place)?,
            step_attachments: steps.map(of_step).collect::<Result<_, _>>()?,
            not_before: not_before(text(&request.send_at), now)?,
            window: text(&request.window)
                .map(|text| text.parse::<DayWindow>())
                .transpose()
                .map_err(|error| invalid("window".to_owned(), &error))?,
        })
    }

    fn steps<'a>(&'a self, request: &'a MessageRequest<'a>) -> Vec<StepDraft<'a>> {
        let steps = request.plan.iter().flatten().zip(&self.step_attachments);
        let draft =
            |(step, attachments): (&'a carillon_api::StepRequest<'a>, &'a Vec<Attachment>)| StepDraft {
                channel: step.channel,
                words: Words {
                    text: text(&step.text),
                    template: text(&step.template),
                    subject: text(&step.subject),
                    html: text(&step.html),
                    attachments,
                },
                when: step.when.as_ref().map(|when| when.0.clone()),
            };
        steps.map(draft).collect()
    }
}

fn text<'a>(text: &'a Option<Text<'_>>) -> Option<&'a str> {
    text.as_ref().map(Text::as_str)
}

/// Files as a request names them; whether they are stored is another question. `field` is asked for the name of a place that
/// is wrong.
pub fn attachments(
    requested: &[AttachmentRequest<'_>],
    field: impl Fn(String) -> String,
) -> Result<Vec<Attachment>, LineFault> {
    let attachment = |(index, requested): (usize, &AttachmentRequest<'_>)| {
        let file = requested.file.as_str().parse::<FileHash>();
        let file = file.map_err(|error| invalid(field(format!("attachments[{index}].file")), &error))?;
        Ok(Attachment {
            name: requested.name.as_str().into(),
            media_type: text(&requested.media_type).unwrap_or(MEDIA_TYPE_UNKNOWN).into(),
            file,
        })
    };
    requested.iter().enumerate().map(attachment).collect()
}

/// `None` for a moment that has passed: the same request, repeated later, must not be refused for it (IDEM-1).
fn not_before(send_at: Option<&str>, now: UnixMs) -> Result<Option<UnixMs>, LineFault> {
    let Some(text) = send_at else {
        return Ok(None);
    };
    let at = http::time::parse_rfc3339(text).ok_or_else(|| {
        invalid(
            "send_at".to_owned(),
            &"a moment is written like `2026-03-01T08:30:00+08:00`",
        )
    })?;
    if at > now + SEND_AT_AHEAD_MAX {
        let days = SEND_AT_AHEAD_MAX.as_secs() / 86_400;
        let detail = format!("a message is scheduled at most {days} days ahead");
        return Err(Refusal::new(RefusalCode::SendAtOutOfRange, "send_at", detail).into());
    }
    Ok((at > now).then_some(at))
}

/// A field whose value has not the form it should have.
fn invalid(field: String, detail: &dyn std::fmt::Display) -> LineFault {
    LineFault {
        code: Code::InvalidField,
        field,
        detail: detail.to_string(),
        place: None,
    }
}
