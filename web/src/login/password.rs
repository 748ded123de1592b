use super::body;
use super::keeper::LoginError;
use super::log_in::PASSWORD_BYTES_MAX;
use super::source::source;
use crate::http::Failure;
use crate::right::{OPERATOR, OperatorRight};
use crate::service::forget_first_password;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::{Code, PasswordRequest};

/// What people choose has at least this many characters.
pub const PASSWORD_CHARACTERS_MIN: usize = 12;

/// `POST /v1/password`
pub async fn change_password(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let PasswordRequest { current, new } = body::read(&state, &request, payload).await?;
    if current.len() > PASSWORD_BYTES_MAX {
        return Err(
            Failure::new(Code::InvalidField, "passwords have at most 256 bytes").with_field("current"),
        );
    }
    if new.len() > PASSWORD_BYTES_MAX || new.chars().count() < PASSWORD_CHARACTERS_MIN {
        let detail = format!(
            "it has at least {PASSWORD_CHARACTERS_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes"
        );
        return Err(Failure::new(Code::PasswordUnfit, detail).with_field("new"));
    }
    if new == current {
        return Err(Failure::new(Code::PasswordUnfit, "it is the one you have").with_field("new"));
    }
    let source = source(&request, &state.proxies);
    let changed = state.logins.change_password(right.session(), current, new);
    if let Err(error) = changed.await {
        tracing::warn!(target: "carillon::audit", operator = right.name(), %source, verb = "change", refused = %error, "password");
        return Err(match error {
            // Not 401: the session is as good as before.
            LoginError::Wrong => Failure::new(Code::PasswordWrong, "").with_field("current"),
            error => error.into(),
        });
    }
    tracing::info!(target: "carillon::audit", operator = right.name(), %source, verb = "change", "password");
    if right.name() == OPERATOR {
        let data = state.data.clone();
        let forgotten = web::block(move || forget_first_password(&data)).await;
        forgotten.map_err(|error| Failure::internal(&error))?;
    }
    Ok(HttpResponse::NoContent().finish())
}
