use super::live::{LiveScope, exists};
use super::{Caller, operator};
use crate::http::Failure;
use crate::login::{WALL_COOKIE, cookies};
use crate::state::AppState;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use carillon_api::Code;
use carillon_domain::ids::TenantId;
use carillon_storage::login::WallToken;
use compact_str::CompactString;
use std::future::{Ready, ready};

/// The request comes from a wall that was opened by its link.
#[derive(Debug)]
pub struct WallRight {
    token: WallToken,
    secret: String,
}

impl WallRight {
    pub fn token(&self) -> &WallToken {
        &self.token
    }

    /// What the cookie holds.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    pub fn scope(&self) -> LiveScope {
        scope(&self.token)
    }

    /// By the cookie.
    pub(super) fn of(request: &HttpRequest) -> Result<WallRight, Failure> {
        let state = request
            .app_data::<web::Data<AppState>>()
            .expect("the router is built with the state");
        let mut secrets = cookies(request.headers(), WALL_COOKIE);
        let right = secrets.find_map(|secret| WallRight::by_secret(state, secret).ok());
        let right = right.ok_or_else(unknown)?;
        let caller = Caller::Wall(right.token.secret.short().into());
        request.extensions_mut().insert(caller);
        Ok(right)
    }

    /// The token of a link, if it opens a wall now.
    pub fn by_secret(state: &AppState, secret: &str) -> Result<WallRight, Failure> {
        let token = state.logins.use_wall_token(secret);
        let token = token.filter(|token| exists(state, scope(token)));
        let secret = secret.to_owned();
        token.map(|token| WallRight { token, secret }).ok_or_else(unknown)
    }
}

impl FromRequest for WallRight {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(WallRight::of(request))
    }
}

fn unknown() -> Failure {
    Failure::new(Code::WallTokenInvalid, "ask an operator for another link").challenge(operator::CHALLENGE)
}

fn scope(token: &WallToken) -> LiveScope {
    match token.organisation {
        None => LiveScope::Installation,
        Some(tenant) => LiveScope::Organisation(tenant),
    }
}

/// The name of an organisation that is still there.
pub fn organisation(state: &AppState, tenant: TenantId) -> Option<CompactString> {
    let catalog = state.lane.catalog();
    let organisation = catalog.snapshot().organisations.get(&tenant);
    organisation.map(|organisation| organisation.name.clone())
}
