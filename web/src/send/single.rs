use super::draft::Checker;
use super::line::parse;
use super::{idempotency, pressure};
use crate::http::{Failure, MediaType, body};
use crate::right::SendRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::intake::SingleIntake;
use carillon_api::{Code, SendAnswer};
use carillon_domain::intake::fingerprint;

/// `POST /v1/messages`
pub async fn single(
    right: SendRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    pressure::check(&state)?;
    if MediaType::of(&request)? != MediaType::Json {
        return Err(
            Failure::new(Code::UnsupportedMediaType, "use application/json").with_field("Content-Type")
        );
    }
    let account = right.account();
    let idempotency = idempotency::from_header(&request, account.id)?;
    let limits = &state.limits;
    let bytes_max = limits.single_bytes_max.max(limits.mail_bytes_max);
    let body = body::read(&request, payload, bytes_max, limits.body_timeout()).await?;
    let message = parse(&body);
    if body.len() > limits.single_bytes_max && !message.as_ref().is_ok_and(|message| message.mail.is_some()) {
        return Err(body::too_large(limits.single_bytes_max as u64));
    }
    let message = Checker::new(&state, &right.catalog, account).prepare(&message?)?;
    let intake = SingleIntake {
        account: account.id,
        idempotency: idempotency.map(|key| key.over(fingerprint(&body))),
        message,
    };
    let answer = state.lane.accept(intake).await?;
    Ok(HttpResponse::Accepted().json(SendAnswer {
        id: answer.id,
        status: "accepted".to_owned(),
    }))
}
