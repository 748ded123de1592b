use crate::http::{Failure, parameter};
use crate::query::connection_name;
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::status::{ConnectionState, ConnectionStatus};
use carillon_api::{Code, ConnectionView, ConnectionsView};
use carillon_domain::catalog::{Compiled, Protocol};
use carillon_domain::ids::ConnectionId;

/// `GET /v1/admin/connections`
pub async fn connections(_right: OperatorRight, state: web::Data<AppState>) -> Result<HttpResponse, Failure> {
    let catalog = state.lane.catalog();
    let statuses = state.lane.connections();
    let mut connections: Vec<_> = statuses
        .into_iter()
        .map(|status| view(status, &catalog))
        .collect();
    connections.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(HttpResponse::Ok().json(ConnectionsView { connections }))
}

/// `POST /v1/admin/connections/{name}/restart`
pub async fn restart_connection(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = named(&state, &request)?;
    if !state.lane.restart_connection(id).await {
        return Err(unknown());
    }
    let name = connection_name(&state.lane.catalog(), id);
    tracing::info!(target: "carillon::audit", operator = right.name(), verb = "restart", what = %name, "connection");
    Ok(HttpResponse::Accepted().finish())
}

/// `POST /v1/admin/connections/{name}/drain`
pub async fn drain_connection(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = named(&state, &request)?;
    let drains = state.lane.drain_connection(id).await?;
    told(&right, drains, "drain", &state, id)
}

/// `POST /v1/admin/connections/{name}/resume`
pub async fn resume_connection(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = named(&state, &request)?;
    let resumes = state.lane.resume_connection(id).await?;
    told(&right, resumes, "resume", &state, id)
}

fn told(
    right: &OperatorRight,
    done: bool,
    verb: &'static str,
    state: &AppState,
    connection: ConnectionId,
) -> Result<HttpResponse, Failure> {
    if !done {
        return Err(Failure::new(Code::NotFound, "the connection is switched off"));
    }
    let name = connection_name(&state.lane.catalog(), connection);
    tracing::info!(target: "carillon::audit", operator = right.name(), verb, what = %name, "connection");
    Ok(HttpResponse::Accepted().finish())
}

/// The connection that the path names.
fn named(state: &AppState, request: &HttpRequest) -> Result<ConnectionId, Failure> {
    let name: String = parameter::path(request, "name")?;
    let catalog = state.lane.catalog();
    let mut connections = catalog.snapshot().connections.values();
    let found = connections.find(|connection| connection.name == name);
    found.map(|connection| connection.id).ok_or_else(unknown)
}

fn unknown() -> Failure {
    Failure::new(Code::NotFound, "there is no such connection")
}

fn view(status: ConnectionStatus, catalog: &Compiled) -> ConnectionView {
    let connection = catalog.snapshot().connections.get(&status.connection);
    ConnectionView {
        name: connection_name(catalog, status.connection),
        protocol: connection
            .map_or("", |connection| protocol_word(connection.protocol))
            .to_owned(),
        state: state_word(status.state).to_owned(),
        sessions_bound: status.sessions_bound,
        sessions_wanted: status.sessions_wanted,
        in_flight: status.in_flight,
        written_last_second: status.written_last_second,
        last_error: status.last_error,
    }
}

pub fn protocol_word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Cmpp20 => "cmpp2.0",
        Protocol::Cmpp30 => "cmpp3.0",
        Protocol::Smpp34 => "smpp3.4",
        Protocol::Smtp => "smtp",
    }
}

pub fn state_word(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Off => "off",
        ConnectionState::Draining => "draining",
        ConnectionState::Connecting => "connecting",
        ConnectionState::Up => "up",
        ConnectionState::Degraded => "degraded",
        ConnectionState::BreakerOpen => "breaker_open",
        ConnectionState::Throttled => "throttled",
        ConnectionState::Down => "down",
        ConnectionState::Failed => "failed",
    }
}
