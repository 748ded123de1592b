use super::batch_answer::respond;
use super::draft::Checker;
use super::duplicates::Duplicates;
use super::lines::Lines;
use super::{idempotency, pressure};
use crate::config::Limits;
use crate::http::{Failure, MediaType, body, parameter};
use crate::right::SendRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::intake::BatchIntake;
use carillon_api::Code;
use carillon_domain::fact::RefusedLine;
use carillon_domain::intake::{Prepared, fingerprint};
use serde::Deserialize;

/// Lines that are parsed and checked before other requests of this thread get their turn: about 0.2 ms.
const CHUNK_LINES: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    #[serde(default)]
    duplicates: DuplicatesWanted,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicatesWanted {
    #[default]
    Refuse,
    Allow,
}

/// `POST /v1/messages/batch`
pub async fn batch(
    right: SendRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    pressure::check(&state)?;
    let media_type = MediaType::of(&request)?;
    let parameters: Parameters = parameter::query(&request)?;
    let account = right.account().id;
    let idempotency = idempotency::from_header(&request, account)?;
    let limits = &state.limits;
    let body = body::read(&request, payload, limits.batch_bytes_max, limits.body_timeout()).await?;
    let lines = checked_lines(
        Checker::new(&state, &right.catalog, right.account()),
        limits,
        Lines::new(media_type, &body),
        parameters.duplicates,
    )
    .await?;
    if lines.is_empty() {
        return Err(Failure::new(Code::NothingAccepted, "the batch has no lines"));
    }
    let idempotency = idempotency.map(|key| key.over(fingerprint(&body)));
    // The request may wait long for the disk; the body is not needed for that.
    drop(body);
    let answer = state
        .lane
        .accept_batch(BatchIntake {
            account,
            idempotency,
            lines,
        })
        .await?;
    respond(answer)
}

/// Every line, checked, in order.
pub async fn checked_lines(
    mut checker: Checker<'_>,
    limits: &Limits,
    lines: Lines<'_>,
    duplicates_wanted: DuplicatesWanted,
) -> Result<Vec<Result<Prepared, RefusedLine>>, Failure> {
    let mut duplicates = Duplicates::default();
    let mut checked = Vec::new();
    for line in lines {
        if checked.len() == limits.batch_lines_max {
            let detail = format!("the batch has more than {} lines", limits.batch_lines_max);
            return Err(Failure::new(Code::PayloadTooLarge, detail));
        }
        let number = checked.len() as u32;
        let message = line?
            .and_then(|message| checker.prepare(&message))
            .map_err(|fault| fault.into_refused(number))
            .and_then(|message| match duplicates_wanted {
                DuplicatesWanted::Allow => Ok(message),
                DuplicatesWanted::Refuse => duplicates.check(&checked, number, &message).map(|()| message),
            });
        checked.push(message);
        if checked.len().is_multiple_of(CHUNK_LINES) {
            tokio::task::yield_now().await;
        }
    }
    Ok(checked)
}
