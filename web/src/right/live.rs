use super::wall::{self, WallRight};
use super::{Caller, cross_site, operator};
use crate::http::Failure;
use crate::login::{SESSION_COOKIE, WALL_COOKIE, cookies};
use crate::state::AppState;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use carillon_api::Code;
use carillon_domain::ids::TenantId;
use carillon_storage::login::SecretHash;
use std::future::{Ready, ready};

/// The request may see the live figures: an operator's, or a wall's.
///
/// Who brings both is the operator, unless the query says `as=wall`.
pub struct LiveRight {
    state: web::Data<AppState>,
    secret: SecretHash,
    scope: LiveScope,
}

/// Whose figures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LiveScope {
    Installation,
    Organisation(TenantId),
}

impl LiveRight {
    pub fn scope(&self) -> LiveScope {
        self.scope
    }

    /// False once the session has ended, or the wall token was removed or has expired. Cheap enough to be asked every second
    /// by every open socket, which is to be closed then.
    pub fn still_valid(&self) -> bool {
        self.state.logins.is_valid(self.secret) && exists(&self.state, self.scope)
    }
}

impl FromRequest for LiveRight {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authorise(request))
    }
}

fn authorise(request: &HttpRequest) -> Result<LiveRight, Failure> {
    // Also for reading: the page that opened a socket sees what comes.
    cross_site::refuse(request.headers())?;
    let state = request
        .app_data::<web::Data<AppState>>()
        .expect("the router is built with the state");
    let as_wall = request.query_string().split('&').any(|pair| pair == "as=wall");
    if !as_wall && let Some(right) = of_operator(request, state) {
        return Ok(right);
    }
    if as_wall || cookies(request.headers(), WALL_COOKIE).next().is_some() {
        let wall = WallRight::of(request)?;
        return Ok(LiveRight {
            state: state.clone(),
            secret: wall.token().secret,
            scope: wall.scope(),
        });
    }
    Err(
        Failure::new(Code::Unauthenticated, "log in first, or open a wall by its link")
            .challenge(operator::CHALLENGE),
    )
}

/// A socket that stays open, or a page that asks by itself, is no use that keeps a session.
fn of_operator(request: &HttpRequest, state: &web::Data<AppState>) -> Option<LiveRight> {
    let mut secrets = cookies(request.headers(), SESSION_COOKIE);
    let session = secrets.find_map(|secret| state.logins.session(secret))?;
    let caller = Caller::Operator(session.operator.as_str().into());
    request.extensions_mut().insert(caller);
    Some(LiveRight {
        state: state.clone(),
        secret: session.secret,
        scope: LiveScope::Installation,
    })
}

/// Whether the organisation is still there.
pub(super) fn exists(state: &AppState, scope: LiveScope) -> bool {
    match scope {
        LiveScope::Installation => true,
        LiveScope::Organisation(tenant) => wall::organisation(state, tenant).is_some(),
    }
}
