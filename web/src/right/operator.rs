use super::{Caller, cross_site};
use crate::endpoint::RouteIndex;
use crate::http::Failure;
use crate::login::{SESSION_COOKIE, WALL_COOKIE, cookies, csrf_token_fits};
use crate::state::AppState;
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use carillon_api::Code;
use carillon_domain::rights::{Right, Rights};
use carillon_storage::login::Session;
use std::future::{Ready, ready};

/// Brings the token that `GET /v1/session` tells.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// Says that a page asks by itself, without anybody at it.
pub const BACKGROUND_HEADER: &str = "x-carillon-background";

/// Asks for a session; browsers know no such scheme and show nothing of their own.
pub const CHALLENGE: &str = "Session realm=\"operators\"";

/// The request comes from an operator who is logged in; one that changes something, also from our own pages or a program.
#[derive(Debug)]
pub struct OperatorRight {
    session: Session,
    secret: String,
    rights: Rights,
}

impl OperatorRight {
    /// The operator's name.
    pub fn name(&self) -> &str {
        &self.session.operator
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// Refuses who does not have the right.
    pub fn require(&self, right: Right) -> Result<(), Failure> {
        require(self.rights, right)
    }

    /// What the cookie holds.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl FromRequest for OperatorRight {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authorise(request))
    }
}

fn authorise(request: &HttpRequest) -> Result<OperatorRight, Failure> {
    let is_safe = request.method().is_safe();
    if !is_safe {
        cross_site::refuse(request.headers())?;
    }
    let state = request
        .app_data::<web::Data<AppState>>()
        .expect("the router is built with the state");
    // What a page asks by itself is no use that keeps a session.
    let is_use = !(is_safe && request.headers().contains_key(BACKGROUND_HEADER));
    let open = |secret| match is_use {
        true => state.logins.use_session(secret),
        false => state.logins.session(secret),
    };
    let mut secrets = cookies(request.headers(), SESSION_COOKIE);
    let Some((secret, session)) = secrets.find_map(|secret| Some((secret, open(secret)?))) else {
        return Err(without_session(request, state));
    };
    request
        .extensions_mut()
        .insert(Caller::Operator(session.operator.as_str().into()));
    let shown = request.headers().get(CSRF_HEADER);
    if !is_safe && !shown.is_some_and(|token| csrf_token_fits(secret, token.as_bytes())) {
        return Err(Failure::new(
            Code::CsrfTokenWrong,
            "send the session's token as `X-CSRF-Token`",
        ));
    }
    let rights = state.logins.rights_of(&session.operator);
    let route = request.app_data::<RouteIndex>().map_or("", |route| route.0);
    if let Some(right) = needed(request.method(), route) {
        require(rights, right)?;
    }
    let secret = secret.to_owned();
    Ok(OperatorRight {
        session,
        secret,
        rights,
    })
}

fn require(rights: Rights, right: Right) -> Result<(), Failure> {
    if rights.has(right) {
        return Ok(());
    }
    Err(Failure::new(
        Code::NotAllowed,
        format!("you do not have the right `{}`", right.word()),
    ))
}

/// Looking needs a session only, and what concerns oneself as well. Whatever else changes something needs a right.
fn needed(method: &Method, route: &str) -> Option<Right> {
    const CONFIGURATION: [&str; 3] = ["/v1/admin/catalog", "/v1/admin/apply", "/v1/admin/wall-tokens"];
    if method.is_safe() || !route.starts_with("/v1/admin/") {
        return None;
    }
    let configures = CONFIGURATION.iter().any(|prefix| route.starts_with(prefix));
    Some(if configures {
        Right::Configure
    } else {
        Right::Steer
    })
}

/// A wall is told that it may not; everybody else, to log in.
fn without_session(request: &HttpRequest, state: &AppState) -> Failure {
    let mut walls = cookies(request.headers(), WALL_COOKIE);
    if walls.any(|secret| state.logins.use_wall_token(secret).is_some()) {
        return Failure::new(Code::NotAllowed, "a wall's link shows the live figures only");
    }
    Failure::new(Code::Unauthenticated, "log in first: POST /v1/login").challenge(CHALLENGE)
}
