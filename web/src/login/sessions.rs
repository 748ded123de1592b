use super::table::SESSION_AGE_MAX;
use crate::http::time::rfc3339;
use crate::http::{Failure, parameter};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::{Code, SessionEntry, SessionsView};
use carillon_storage::login::Session;

/// `GET /v1/sessions`
pub async fn sessions(right: OperatorRight, state: web::Data<AppState>) -> HttpResponse {
    let sessions = state.logins.sessions_of(right.name());
    let sessions = sessions.iter().map(|session| entry(session, &right)).collect();
    HttpResponse::Ok().json(SessionsView { sessions })
}

/// `DELETE /v1/sessions/{id}`
pub async fn end_session(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id: String = parameter::path(&request, "id")?;
    let mut sessions = state.logins.sessions_of(right.name()).into_iter();
    let session = sessions.find(|session| session.secret.short() == id);
    let session = session.ok_or_else(|| Failure::new(Code::NotFound, "you have no such session"))?;
    state.logins.end(session.secret).await?;
    tracing::info!(target: "carillon::audit", operator = right.name(), verb = "end", what = %id, "session");
    Ok(HttpResponse::NoContent().finish())
}

fn entry(session: &Session, right: &OperatorRight) -> SessionEntry {
    SessionEntry {
        id: session.secret.short(),
        current: session.secret == right.session().secret,
        source: session.source.to_string(),
        created_at: rfc3339(session.created),
        used_at: rfc3339(session.used),
        expires_at: rfc3339(session.created + SESSION_AGE_MAX),
    }
}
