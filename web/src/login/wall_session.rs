use super::body;
use super::cookie::{WALL_COOKIE, set_cookie};
use super::log_in::is_secure;
use super::source::source;
use crate::http::{Failure, time};
use crate::right::{WallRight, organisation, refuse_cross_site};
use crate::state::AppState;
use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::{WallSessionRequest, WallSessionView};
use carillon_storage::login::WallToken;
use std::time::Duration;

/// Browsers keep no cookie for longer (RFC 6265bis §5.6).
const COOKIE_AGE_MAX: Duration = Duration::from_secs(400 * 24 * 3600);

/// `POST /v1/wall/session`
///
/// The cookie holds the token: it opens neither more nor for longer, and a wall that is switched off over night needs nobody.
pub async fn open_wall(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    refuse_cross_site(request.headers())?;
    let WallSessionRequest { token: secret } = body::read(&state, &request, payload).await?;
    let source = source(&request, &state.proxies);
    // What opens nothing is not told: nobody guesses 256 bits, and anybody can try without end.
    let right = WallRight::by_secret(&state, &secret)?;
    tracing::info!(target: "carillon::audit", %source, verb = "open", what = right.token().secret.short(), "wall");
    Ok(answer(&state, &request, &right))
}

/// `GET /v1/wall/session`
///
/// Sets the cookie again: a link without an end shall not end with the cookie.
pub async fn wall_session(
    right: WallRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> HttpResponse {
    answer(&state, &request, &right)
}

fn answer(state: &AppState, request: &HttpRequest, right: &WallRight) -> HttpResponse {
    let token = right.token();
    let left = token.expires.map(|end| end.saturating_since(time::now()));
    let age = left.map_or(COOKIE_AGE_MAX, |left| left.min(COOKIE_AGE_MAX));
    let cookie = set_cookie(WALL_COOKIE, right.secret(), Some(age), is_secure(request));
    HttpResponse::Ok()
        .insert_header((SET_COOKIE, cookie))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(view(state, token))
}

fn view(state: &AppState, token: &WallToken) -> WallSessionView {
    let organisation = token.organisation.and_then(|tenant| organisation(state, tenant));
    WallSessionView {
        name: token.name.clone(),
        organisation: organisation.map(Into::into),
        expires_at: token.expires.map(time::rfc3339),
    }
}
