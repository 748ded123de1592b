use super::change::Remote;
use super::entry::ENTRY_BYTES_MAX;
use crate::http::{Failure, body};
use crate::right::OperatorRight;
use crate::service::Terms;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::{Code, ConnectionTestView, TestStepView};
use carillon_domain::catalog::Connection;
use carillon_domain::catalog::apply::Section;

/// `POST /v1/admin/connections/{name}/test`
pub async fn test_connection(
    _right: OperatorRight,
    state: web::Data<AppState>,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let name = path.into_inner();
    let body = body::read(&request, payload, ENTRY_BYTES_MAX, state.limits.body_timeout()).await?;
    let config = settings(&state, &name, &body).await?;
    let _turn = state.tests.try_acquire().map_err(|_| {
        Failure::new(Code::Overloaded, "other connections are being tested; try again").retry_after_s(5)
    })?;
    let report = state.lane.test_connection(config).await?;
    let passed = report.passed();
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
    let applied = state
        .catalog
        .change(terms, &remote, |file| match entry {
            Some(entry) => file.upsert(Section::Connection, name, entry).map(drop),
            None => Ok(()),
        })
        .await?;
    let mut connections = applied.snapshot.connections.into_values();
    let found = connections.find(|connection| connection.name == name);
    found.ok_or_else(|| Failure::new(Code::NotFound, "there is no such connection"))
}
