use super::body;
use super::cookie::{SESSION_COOKIE, cookies, set_cookie};
use super::keeper::LoginError;
use super::secret::csrf_token;
use super::source::source;
use crate::http::Failure;
use crate::right::{Caller, OperatorRight, refuse_cross_site};
use crate::state::AppState;
use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use carillon_api::{Code, LoginRequest, SessionView};
use carillon_domain::rights::Rights;
use std::time::Duration;

/// As long as any name of an operator.
const NAME_BYTES_MAX: usize = 256;
pub const PASSWORD_BYTES_MAX: usize = 256;

/// `POST /v1/login`
pub async fn log_in(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    refuse_cross_site(request.headers())?;
    let LoginRequest { name, password } = body::read(&state, &request, payload).await?;
    if name.len() > NAME_BYTES_MAX || password.len() > PASSWORD_BYTES_MAX {
        return Err(Failure::new(
            Code::InvalidField,
            "names and passwords have at most 256 bytes",
        ));
    }
    let source = source(&request, &state.proxies);
    match state.logins.log_in(&name, password, source).await {
        Ok(secret) => {
            // The browser forgets the session it had; nobody else is to find its cookie.
            let mut before = cookies(request.headers(), SESSION_COOKIE);
            if let Some(before) = before.find_map(|old| state.logins.session(old)) {
                state.logins.end(before.secret).await?;
            }
            tracing::info!(target: "carillon::audit", operator = %name, %source, verb = "log_in", "session");
            request
                .extensions_mut()
                .insert(Caller::Operator(name.as_str().into()));
            let cookie = set_cookie(SESSION_COOKIE, &secret, None, is_secure(&request));
            Ok(HttpResponse::Ok()
                .insert_header((SET_COOKIE, cookie))
                .insert_header((CACHE_CONTROL, "no-store"))
                .json(view(&name, state.logins.rights_of(&name), &secret)))
        }
        Err(error) => {
            // The name is not told: people type passwords there. Nor is what was not judged, of which anybody can send a lot.
            if !matches!(error, LoginError::Wait(_) | LoginError::Busy) {
                tracing::warn!(target: "carillon::audit", %source, verb = "log_in", refused = %error, "session");
            }
            Err(error.into())
        }
    }
}

/// `GET /v1/session`
pub async fn session(right: OperatorRight) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(view(right.name(), right.rights(), right.secret()))
}

/// `POST /v1/logout`
pub async fn log_out(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    state.logins.end(right.session().secret).await?;
    tracing::info!(target: "carillon::audit", operator = right.name(), verb = "log_out", "session");
    let gone = set_cookie(SESSION_COOKIE, "", Some(Duration::ZERO), is_secure(&request));
    Ok(HttpResponse::NoContent()
        .insert_header((SET_COOKIE, gone))
        .finish())
}

fn view(operator: &str, rights: Rights, secret: &str) -> SessionView {
    SessionView {
        operator: operator.to_owned(),
        rights: rights.iter().map(|right| right.word().to_owned()).collect(),
        csrf: csrf_token(secret),
    }
}

/// Whether the browser's own connection is encrypted, as the proxy in front says. A caller who lies about it gets a cookie
/// that its browser does not send: nobody else is concerned.
pub fn is_secure(request: &HttpRequest) -> bool {
    request.connection_info().scheme() == "https"
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        let detail = error.to_string();
        match error {
            LoginError::Wrong => {
                Failure::new(Code::Unauthenticated, detail).challenge(crate::right::CHALLENGE)
            }
            LoginError::Wait(wait) => {
                Failure::new(Code::TooManyAttempts, detail).retry_after_s(wait.as_secs() as u32 + 1)
            }
            LoginError::Busy => Failure::new(Code::Overloaded, detail),
            LoginError::TooManyWallTokens => Failure::new(Code::TooManyWallTokens, detail),
            LoginError::Store(error) => Failure::from(error),
            LoginError::Hash(_) | LoginError::Blocking(_) | LoginError::Random(_) => {
                Failure::internal(&error)
            }
        }
    }
}
