use super::desk::Handled;
use crate::http::{Failure, body, parameter};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::Code;
use carillon_api::live::ShelveRequest;
use carillon_domain::alarm::{AlarmError, AlarmId};
use carillon_domain::time::UnixMs;

const SHELVE_BYTES_MAX: usize = 4 * 1024;

/// `POST /v1/admin/alarms/{id}/acknowledge`
pub async fn acknowledge(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let handled = state.alarms.acknowledge(id(&request)?, right.name());
    answer(&state, &right, "acknowledge", handled).await
}

/// `POST /v1/admin/alarms/{id}/shelve`
pub async fn shelve(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let body = body::read(&request, payload, SHELVE_BYTES_MAX, state.limits.body_timeout()).await?;
    let asked: ShelveRequest = serde_json::from_slice(&body).map_err(|error| {
        let code = if error.is_data() {
            Code::InvalidField
        } else {
            Code::InvalidJson
        };
        Failure::new(code, error.to_string())
    })?;
    if asked.reason.contains(char::is_control) {
        let detail = "the reason is one line of text";
        return Err(Failure::new(Code::InvalidField, detail).with_field("reason"));
    }
    let until = UnixMs(asked.until_ms);
    let handled = state.alarms.shelve(id, until, &asked.reason, right.name());
    answer(&state, &right, "shelve", handled).await
}

/// `POST /v1/admin/alarms/{id}/unshelve`
pub async fn unshelve(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let handled = state.alarms.unshelve(id(&request)?);
    answer(&state, &right, "unshelve", handled).await
}

/// Once the change is stored.
async fn answer(
    state: &AppState,
    right: &OperatorRight,
    verb: &'static str,
    handled: Result<Handled, AlarmError>,
) -> Result<HttpResponse, Failure> {
    let Handled { alarm, ticket } = handled?;
    tracing::info!(target: "carillon::audit", operator = right.name(), verb, what = alarm.id, "alarm");
    if !state.alarms.keeper.stored(ticket).await {
        return Err(Failure::new(
            Code::Unavailable,
            "it is done, but could not be stored yet",
        ));
    }
    Ok(HttpResponse::Ok().json(alarm))
}

fn id(request: &HttpRequest) -> Result<AlarmId, Failure> {
    let id = parameter::path(request, "id").map(AlarmId);
    id.map_err(|_| AlarmError::Unknown.into())
}

impl From<AlarmError> for Failure {
    fn from(error: AlarmError) -> Self {
        let (code, field) = match error {
            AlarmError::Unknown => (Code::AlarmUnknown, None),
            AlarmError::NotShelved => (Code::AlarmNotShelved, None),
            AlarmError::ShelveTime => (Code::InvalidField, Some("until_ms")),
            AlarmError::ShelveReason => (Code::InvalidField, Some("reason")),
        };
        let failure = Failure::new(code, error.to_string());
        match field {
            Some(field) => failure.with_field(field),
            None => failure,
        }
    }
}
