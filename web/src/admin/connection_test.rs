use super::change::Remote;
use super::entry::ENTRY_BYTES_MAX;
use crate::http::{Failure, body};
use crate::right::OperatorRight;
use crate::service::Terms;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::{Code, ConnectionTestView, TestStepView};
use carillon_domain::catalog::Connection;
use carillon_domain::catalog::apply::{ApplyFile, SecretSource, Section};
use carillon_domain::rights::Right;

/// `POST /v1/admin/connections/{name}/test`
pub async fn test_connection(
    right: OperatorRight,
    state: web::Data<AppState>,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let name = path.into_inner();
    let body = body::read(&request, payload, ENTRY_BYTES_MAX, state.limits.body_timeout()).await?;
    if !body.is_empty() {
        right.require(Right::Configure)?;
    }
    let config = settings(&state, &name, &body).await?;
    let _turn = state.tests.try_acquire().map_err(|_| {
        Failure::new(Code::Overloaded, "other connections are being tested; try again").retry_after_s(5)
    })?;
    let (host, port) = (config.host.clone(), config.port);
    // Before it is done: nobody gets around it by leaving.
    tracing::info!(target: "carillon::audit", operator = right.name(), verb = "test", what = name, %host, port, "connection");
    let report = state.lane.test_connection(config).await?;
    let passed = report.passed();
    tracing::info!(target: "carillon::audit", operator = right.name(), verb = "tested", what = name, passed, "connection");
    let steps = report.steps.into_iter().map(|step| TestStepView {
        step: step.name.to_owned(),
        passed: step.passed,
        answer: step.answer,
        ms: step.took.as_millis() as u64,
    });
    Ok(HttpResponse::Ok().json(ConnectionTestView {
        passed,
        steps: steps.collect(),
    }))
}

/// The connection as it is stored, or as the body would have it.
async fn settings(state: &AppState, name: &str, body: &[u8]) -> Result<Connection, Failure> {
    let terms = Terms {
        dry_run: true,
        ..Terms::default()
    };
    let entry = match body {
        [] => None,
        body => Some(
            serde_json::from_slice::<serde_json::Value>(body)
                .map_err(|error| Failure::new(Code::InvalidJson, error.to_string()))?,
        ),
    };
    let remote = Remote::new()?;
    let mut uses_stored_password = false;
    let applied = state
        .catalog
        .change(terms, &remote, |file| {
            if let Some(entry) = entry {
                file.upsert(Section::Connection, name, entry)?;
            }
            uses_stored_password = has_stored_password(file, name);
            Ok(())
        })
        .await?;
    let named = |connection: &&Connection| connection.name == name;
    let asked = applied.snapshot.connections.values().find(named).cloned();
    let asked = asked.ok_or_else(|| Failure::new(Code::NotFound, "there is no such connection"))?;
    let catalog = state.lane.catalog();
    let known = catalog.snapshot().connections.values().find(named);
    // A relay without a login is sent none.
    let is_sent = asked.mail.is_none() || !asked.login.is_empty();
    if uses_stored_password && is_sent && known.is_none_or(|known| !has_same_peer(known, &asked)) {
        let detail = "the stored password is for the stored host only; send the password to test another one";
        return Err(Failure::new(Code::CatalogInvalid, detail).with_field("password"));
    }
    Ok(asked)
}

fn has_stored_password(file: &ApplyFile, name: &str) -> bool {
    let mut entries = file.connection.iter();
    let entry = entries.find(|entry| entry.name == name);
    entry.is_some_and(|entry| entry.password == Some(SecretSource::Stored))
}

/// Whether a password that is sent to both goes to the same peer in the same way.
fn has_same_peer(a: &Connection, b: &Connection) -> bool {
    let peer = |connection: &Connection| {
        let mail = connection.mail.as_ref();
        let tls = mail.map(|mail| (mail.security, mail.ca_file.clone()));
        (connection.protocol, connection.host.clone(), connection.port, tls)
    };
    peer(a) == peer(b)
}
