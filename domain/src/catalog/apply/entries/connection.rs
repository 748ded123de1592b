use crate::catalog::apply::check::Check;
use crate::catalog::apply::names::Names;
use crate::catalog::apply::{ApplyError, ApplyFile, ConnectionEntry, Environment, Problem, Section};
use crate::catalog::{Connection, Protocol, Secret};
use crate::ids::ConnectionId;
use std::collections::BTreeMap;

const HOST_CHARACTERS_MAX: usize = 253;
const SIGNATURE_RESERVE_MAX: u64 = 20;
const SECONDS_MAX: u64 = 600;
const WINDOW_MAX: u64 = 4096;
const RATE_MAX: u64 = 100_000;
const SESSIONS_MAX: u64 = 32;

/// What a protocol's fields hold, and the port it is served at.
struct Limits {
    login: usize,
    password: usize,
    service_id: usize,
    /// Digits of a sending number, extension included.
    number: usize,
    port: u16,
}

fn limits(protocol: Protocol) -> Limits {
    match protocol {
        // Source_Addr 6, Service_Id 10, Src_Id 21; the shared secret is only hashed.
        Protocol::Cmpp20 | Protocol::Cmpp30 => Limits {
            login: 6,
            password: 64,
            service_id: 10,
            number: 21,
            port: 7890,
        },
        // system_id, password, service_type and source_addr without their terminating zero.
        Protocol::Smpp34 => Limits {
            login: 15,
            password: 8,
            service_id: 5,
            number: 20,
            port: 2775,
        },
    }
}

/// Digits of a sending number on a connection of this protocol, extension included.
pub(super) fn number_digits_max(protocol: Protocol) -> usize {
    limits(protocol).number
}

pub(in crate::catalog::apply) fn connections(
    file: &ApplyFile,
    names: &Names<'_>,
    environment: &dyn Environment,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<ConnectionId, Connection> {
    let build = |entry: &ConnectionEntry| {
        let mut check = Check::new(Section::Connection, entry.name.as_str(), errors);
        let port = check_address(entry, &mut check);
        check_flow(entry, &mut check);
        let password = check_login(entry, environment, &mut check);
        let id = names.connections.own(&entry.name)?;
        let connection = Connection {
            id,
            name: entry.name.clone(),
            enabled: entry.enabled,
            protocol: entry.protocol,
            host: entry.host.clone(),
            port,
            login: entry.login.clone(),
            password: password?,
            sessions: entry.sessions,
            window: entry.window,
            rate_per_second: entry.rate_per_second,
            look_ahead: entry.look_ahead,
            source_number: entry.source_number.clone(),
            service_id: entry.service_id.clone(),
            receipt_id_form: entry.receipt_id_form,
            concatenation: entry.concatenation,
            signature_reserve: entry.signature_reserve,
            response_timeout_s: entry.response_timeout_s,
            silence_s: entry.silence_s,
            verify_peer: entry.verify_peer,
        };
        Some((id, connection))
    };
    file.connection.iter().filter_map(build).collect()
}

fn check_address(entry: &ConnectionEntry, check: &mut Check<'_>) -> u16 {
    check.name(&entry.name);
    check.filled("host", &entry.host, HOST_CHARACTERS_MAX);
    check.ascii("host", &entry.host, HOST_CHARACTERS_MAX);
    let port = entry.port.unwrap_or(limits(entry.protocol).port);
    check.range("port", port, 1, u16::MAX.into());
    port
}

fn check_flow(entry: &ConnectionEntry, check: &mut Check<'_>) {
    check.range("sessions", entry.sessions, 1, SESSIONS_MAX);
    check.range("window", entry.window, 1, WINDOW_MAX);
    check.range("rate_per_second", entry.rate_per_second, 1, RATE_MAX);
    check.range("look_ahead", entry.look_ahead, 0, WINDOW_MAX);
    check.range(
        "signature_reserve",
        entry.signature_reserve,
        0,
        SIGNATURE_RESERVE_MAX,
    );
    check.range("response_timeout_s", entry.response_timeout_s, 1, SECONDS_MAX);
    check.range("silence_s", entry.silence_s, 1, SECONDS_MAX);
}

/// What the carrier knows us by. `None` when the password cannot be read.
fn check_login(
    entry: &ConnectionEntry,
    environment: &dyn Environment,
    check: &mut Check<'_>,
) -> Option<Secret> {
    let limits = limits(entry.protocol);
    if entry.login.is_empty() {
        check.report("login", Problem::Empty);
    }
    check.ascii("login", &entry.login, limits.login);
    check.ascii("service_id", &entry.service_id, limits.service_id);
    if entry.source_number.is_empty() {
        check.report("source_number", Problem::Empty);
    }
    check.digits("source_number", &entry.source_number, limits.number);
    match entry.password.read(environment) {
        Ok(password) => {
            check.length("password", password.reveal().len(), 0, limits.password);
            Some(password)
        }
        Err(detail) => {
            check.report("password", Problem::Secret { detail });
            None
        }
    }
}
