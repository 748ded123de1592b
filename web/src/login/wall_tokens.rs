use super::body;
use super::keeper::NewWallToken;
use crate::http::{Failure, parameter, time};
use crate::right::{OperatorRight, organisation};
use crate::state::AppState;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::{Code, WallTokenAnswer, WallTokenRequest, WallTokenView, WallTokensView};
use carillon_domain::ids::TenantId;
use carillon_storage::login::WallToken;
use std::ops::RangeInclusive;
use std::time::Duration;

const NAME_CHARACTERS_MAX: usize = 64;
const DAYS: RangeInclusive<u32> = 1..=3650;

/// `POST /v1/admin/wall-tokens`
pub async fn add_wall_token(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let asked: WallTokenRequest = body::read(&state, &request, payload).await?;
    let new = checked(&state, asked, right.name())?;
    let (token, secret) = state.logins.add_wall_token(new).await?;
    let id = token.secret.short();
    tracing::info!(target: "carillon::audit", operator = right.name(), verb = "add", what = %id, "wall token");
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(WallTokenAnswer { id, token: secret }))
}

/// `GET /v1/admin/wall-tokens`
pub async fn wall_tokens(_right: OperatorRight, state: web::Data<AppState>) -> HttpResponse {
    let mut tokens = state.logins.wall_tokens();
    tokens.sort_by(|a, b| (&a.name, a.secret).cmp(&(&b.name, b.secret)));
    let wall_tokens = tokens.into_iter().map(|token| view(&state, token)).collect();
    HttpResponse::Ok().json(WallTokensView { wall_tokens })
}

/// `DELETE /v1/admin/wall-tokens/{id}`
pub async fn remove_wall_token(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id: String = parameter::path(&request, "id")?;
    let mut tokens = state.logins.wall_tokens().into_iter();
    let token = tokens.find(|token| token.secret.short() == id);
    let token = token.ok_or_else(|| Failure::new(Code::NotFound, "there is no such link of a wall"))?;
    state.logins.end(token.secret).await?;
    tracing::info!(target: "carillon::audit", operator = right.name(), verb = "remove", what = %id, "wall token");
    Ok(HttpResponse::NoContent().finish())
}

fn checked(state: &AppState, asked: WallTokenRequest, operator: &str) -> Result<NewWallToken, Failure> {
    let invalid =
        |field: &'static str, detail: String| Failure::new(Code::InvalidField, detail).with_field(field);
    let name = asked.name.trim();
    let fits = !name.is_empty() && name.chars().nth(NAME_CHARACTERS_MAX).is_none();
    if !fits || name.contains(char::is_control) {
        let detail =
            format!("a name has 1 to {NAME_CHARACTERS_MAX} characters, none of them a control character");
        return Err(invalid("name", detail));
    }
    if asked.expires_days.is_some_and(|days| !DAYS.contains(&days)) {
        let detail = format!("a link lasts {} to {} days", DAYS.start(), DAYS.end());
        return Err(invalid("expires_days", detail));
    }
    let organisation = match &asked.organisation {
        None => None,
        Some(name) => {
            let found = tenant(state, name);
            Some(found.ok_or_else(|| invalid("organisation", "there is no such organisation".to_owned()))?)
        }
    };
    Ok(NewWallToken {
        name: name.to_owned(),
        organisation,
        created_by: operator.to_owned(),
        lasts: asked
            .expires_days
            .map(|days| Duration::from_secs(u64::from(days) * 24 * 3600)),
    })
}

fn tenant(state: &AppState, name: &str) -> Option<TenantId> {
    let catalog = state.lane.catalog();
    let mut organisations = catalog.snapshot().organisations.values();
    organisations
        .find(|organisation| organisation.name == name)
        .map(|organisation| organisation.id)
}

fn view(state: &AppState, token: WallToken) -> WallTokenView {
    let shown = token.organisation.map(|tenant| organisation(state, tenant));
    let over = token.expires.is_some_and(|end| time::now() >= end);
    WallTokenView {
        id: token.secret.short(),
        name: token.name,
        expired: over || shown == Some(None),
        organisation: shown.flatten().map(Into::into),
        created_by: token.created_by,
        created_at: time::rfc3339(token.created),
        expires_at: token.expires.map(time::rfc3339),
        used_at: token.used.map(time::rfc3339),
    }
}
