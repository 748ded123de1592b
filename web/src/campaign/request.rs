use crate::attachment::StoredSizes;
use crate::http::time::parse_rfc3339;
use crate::http::{Failure, body};
use crate::send::{LineFault, attachments};
use crate::state::AppState;
use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Payload};
use carillon_api::{AttachmentRequest, CampaignRequest, Code, ScheduleRequest, StepRequest, Text};
use carillon_domain::campaign::{
    CampaignDraft, CampaignMessage, CampaignPlan, CampaignStep, CampaignWords, LineColumns, LineMaker,
    NAME_CHARACTERS_MAX, RATE_MAX, Schedule,
};
use carillon_domain::catalog::Account;
use carillon_domain::content::Attachment;
use carillon_domain::day_window::DayWindow;
use carillon_domain::time::UnixMs;
use carillon_storage::files::Files;
use compact_str::CompactString;
use serde::Deserialize;
use std::time::Duration;

/// How far ahead a campaign may be scheduled.
const AHEAD_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// How long a missed start is made up for when nobody said.
const EXPIRES_AFTER: Duration = Duration::from_secs(3600);
/// Variables that may be named with a column.
const VARIABLES_MAX: usize = 200;
/// The longest name of a column or variable that is repeated to anybody, in bytes.
const COLUMN_BYTES_MAX: usize = 256;

/// The whole body of a request that has a small one, as JSON.
pub async fn json_body(
    state: &AppState,
    request: &HttpRequest,
    payload: Payload,
    bytes_max: usize,
) -> Result<Bytes, Failure> {
    let is_json = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_none_or(|value| {
            value
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("application/json")
        });
    if !is_json {
        return Err(
            Failure::new(Code::UnsupportedMediaType, "use application/json").with_field("Content-Type")
        );
    }
    body::read(request, payload, bytes_max, state.limits.body_timeout()).await
}

/// One JSON object; an empty body is an empty object.
pub fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    if !crate::send::begins_object(body) {
        return Err(Failure::new(Code::InvalidField, "the body is a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| crate::send::fault(&error).into())
}

/// What the request asks for, checked as far as it can be without the recipients. Blocks on the file store when it names files.
pub fn draft(
    files: &dyn Files,
    account: &Account,
    request: &CampaignRequest<'_>,
    now: UnixMs,
) -> Result<CampaignDraft, Failure> {
    let name = name(request.name.as_str())?;
    let rate = rate(request.rate_per_second, "rate_per_second")?;
    let schedule = request
        .schedule
        .as_ref()
        .map(|asked| schedule(asked, "schedule.", now))
        .transpose()?;
    let message = message(request)?;
    check_files(files, &message)?;
    LineMaker::new(message.clone())?;
    Ok(CampaignDraft {
        tenant: account.tenant,
        account: account.id,
        name,
        message,
        duplicates: request.duplicates,
        rate,
        schedule,
        resend: None,
        idempotency: None,
    })
}

pub fn name(name: &str) -> Result<CompactString, Failure> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().nth(NAME_CHARACTERS_MAX).is_none();
    if !fits || name.contains(char::is_control) {
        let detail =
            format!("a name has 1 to {NAME_CHARACTERS_MAX} characters, none of them a control character");
        return Err(invalid("name", detail));
    }
    Ok(name.into())
}

pub fn rate(rate: Option<u32>, field: &'static str) -> Result<Option<u32>, Failure> {
    match rate {
        Some(rate) if !(1..=RATE_MAX).contains(&rate) => Err(invalid(
            field,
            format!("a pace is 1 to {RATE_MAX} messages a second"),
        )),
        rate => Ok(rate),
    }
}

/// `prefix` stands before the names of the fields that are told.
pub fn schedule(asked: &ScheduleRequest, prefix: &str, now: UnixMs) -> Result<Schedule, Failure> {
    let moment = |text: &str, field: &str| {
        let detail = "a moment is written like `2026-03-01T08:30:00+08:00`";
        parse_rfc3339(text).ok_or_else(|| invalid(format!("{prefix}{field}"), detail))
    };
    let at = moment(&asked.at, "at")?;
    if at > now + AHEAD_MAX {
        return Err(invalid(
            format!("{prefix}at"),
            "a campaign is scheduled at most a year ahead",
        ));
    }
    let expires_at = match &asked.expires_at {
        Some(text) => moment(text, "expires_at")?,
        None => at + EXPIRES_AFTER,
    };
    if expires_at <= at || expires_at <= now {
        let detail = "it must be later than the start, and not have passed";
        return Err(invalid(format!("{prefix}expires_at"), detail));
    }
    Ok(Schedule { at, expires_at })
}

fn message(request: &CampaignRequest<'_>) -> Result<CampaignMessage, Failure> {
    let plan = match (&request.strategy, &request.plan) {
        (None, None) => CampaignPlan::Simple,
        (Some(strategy), None) => CampaignPlan::Strategy(strategy.as_str().into()),
        (None, Some(steps)) => {
            CampaignPlan::Steps(steps.iter().enumerate().map(step).collect::<Result<_, _>>()?)
        }
        (Some(_), Some(_)) => {
            return Err(
                Failure::new(Code::PlanInvalid, "give a strategy or a plan, not both").with_field("strategy"),
            );
        }
    };
    let window = request
        .window
        .as_ref()
        .map(|window| window.as_str().parse::<DayWindow>())
        .transpose()
        .map_err(|error| invalid("window", error.to_string()))?;
    Ok(CampaignMessage {
        words: words(
            [&request.text, &request.template, &request.subject, &request.html],
            &request.attachments,
            "",
        )?,
        signature: short(&request.signature),
        business_type: short(&request.business_type),
        priority: request.priority,
        validity_s: request.validity_s,
        window,
        plan,
        columns: columns(request)?,
    })
}

fn step((index, step): (usize, &StepRequest<'_>)) -> Result<CampaignStep, Failure> {
    Ok(CampaignStep {
        channel: step.channel,
        words: words(
            [&step.text, &step.template, &step.subject, &step.html],
            &step.attachments,
            &format!("plan[{index}]."),
        )?,
        when: step.when.as_ref().map(|when| when.0.clone()),
    })
}

fn words(
    [text, template, subject, html]: [&Option<Text<'_>>; 4],
    files: &[AttachmentRequest<'_>],
    prefix: &str,
) -> Result<CampaignWords, Failure> {
    let long = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.as_str().into());
    Ok(CampaignWords {
        text: long(text),
        template: short(template),
        subject: long(subject),
        html: long(html),
        attachments: attachments(files, |place| format!("{prefix}{place}"))?,
    })
}

fn columns(request: &CampaignRequest<'_>) -> Result<LineColumns, Failure> {
    let asked = &request.columns;
    let column = |column: &Option<String>| column.as_deref().map(|column| CompactString::from(column.trim()));
    if asked.variables.len() > VARIABLES_MAX {
        let detail = format!("at most {VARIABLES_MAX} variables are named");
        return Err(invalid("columns.variables", detail));
    }
    let columns = LineColumns {
        to: column(&asked.to),
        mail: column(&asked.mail),
        template: column(&asked.template),
        strategy: column(&asked.strategy),
        reference: column(&asked.reference),
        business_type: column(&asked.business_type),
        variables: asked
            .variables
            .iter()
            .map(|(variable, column)| (variable.as_str().into(), column.trim().into()))
            .collect(),
    };
    if columns.to.is_none() && columns.mail.is_none() {
        let detail = "name the column of the number (`to`) or of the mail address (`mail`)";
        return Err(invalid("columns", detail));
    }
    let wrong = columns
        .named()
        .find(|(_, column)| column.is_empty() || column.len() > COLUMN_BYTES_MAX);
    match wrong {
        Some((field, _)) => Err(invalid(field, "the name of a column is empty or too long")),
        None => Ok(columns),
    }
}

fn check_files(files: &dyn Files, message: &CampaignMessage) -> Result<(), Failure> {
    let mut sizes = StoredSizes::new(files);
    let mut check = |attachments: &[Attachment], field: String| {
        let checked = sizes.check(attachments, || field.clone());
        checked.map_err(|refused| Failure::from(LineFault::from(refused)))
    };
    check(&message.words.attachments, "attachments".to_owned())?;
    if let CampaignPlan::Steps(steps) = &message.plan {
        for (index, step) in steps.iter().enumerate() {
            check(&step.words.attachments, format!("plan[{index}].attachments"))?;
        }
    }
    Ok(())
}

fn short(text: &Option<Text<'_>>) -> Option<CompactString> {
    text.as_ref().map(|text| text.as_str().into())
}

fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Failure {
    Failure::new(Code::InvalidField, detail).with_field(field)
}
