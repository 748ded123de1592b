use crate::catalog::apply::check::{Check, LANE_MAX};
use crate::catalog::apply::names::Names;
use crate::catalog::apply::words::Word;
use crate::catalog::apply::{
    ApplyError, ApplyFile, ConnectionEntry, Environment, MailEntry, Problem, Section,
};
use crate::catalog::{
    Connection, MailSecurity, MailSettings, Protocol, Secret, Snapshot, is_host_name, is_mail_address,
};
use crate::ids::ConnectionId;
use std::collections::BTreeMap;

const HOST_CHARACTERS_MAX: usize = 253;
const SIGNATURE_RESERVE_MAX: u64 = 20;
const SECONDS_MAX: u64 = 600;
const WINDOW_MAX: u64 = 4096;
const RATE_MAX: u64 = 100_000;
const SESSIONS_MAX: u64 = 32;
/// The usual one of CMPP.
const WINDOW_DEFAULT: u16 = 16;
/// A session with a relay has one transaction at a time (RFC 5321 §3.3).
const WINDOW_SMTP: u16 = 1;
const BOUNCE_WINDOW_S_MIN: u64 = 60;
const BOUNCE_WINDOW_S_MAX: u64 = 7 * 24 * 3600;
const FROM_NAME_CHARACTERS_MAX: usize = 64;
const PATH_CHARACTERS_MAX: usize = 1024;
/// Leaves room for a name in front of it within the 254 bytes of an address.
const RETURN_PATH_DOMAIN_BYTES_MAX: usize = 189;

/// What a protocol's fields hold, and the port it is served at.
struct Limits {
    login: usize,
    password: usize,
    service_id: usize,
    /// Digits of a sending number, extension included; 0 where none is sent.
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
        // User and password of AUTH; no number is sent.
        Protocol::Smtp => Limits {
            login: 255,
            password: 255,
            service_id: 0,
            number: 0,
            port: 587,
        },
    }
}

/// Digits of a sending number on a connection of this protocol, extension included; `None` where none is sent.
pub(super) fn number_digits_max(protocol: Protocol) -> Option<usize> {
    Some(limits(protocol).number).filter(|digits| *digits > 0)
}

pub(in crate::catalog::apply) fn connections(
    file: &ApplyFile,
    current: &Snapshot,
    names: &Names<'_>,
    environment: &dyn Environment,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<ConnectionId, Connection> {
    let build = |entry: &ConnectionEntry| {
        let mut check = Check::new(Section::Connection, entry.name.as_str(), errors);
        let port = check_address(entry, &mut check);
        let window = check_flow(entry, &mut check);
        let mail = check_mail(entry, &mut check);
        let id = names.connections.own(&entry.name)?;
        let stored = current.connections.get(&id).map(|known| &known.password);
        let password = check_login(entry, stored, environment, &mut check);
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
            window,
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
            lane: entry.lane,
            mail,
        };
        Some((id, connection))
    };
    file.connection.iter().filter_map(build).collect()
}

fn check_address(entry: &ConnectionEntry, check: &mut Check<'_>) -> u16 {
    check.name(&entry.name);
    check.filled("host", &entry.host, HOST_CHARACTERS_MAX);
    check.ascii("host", &entry.host, HOST_CHARACTERS_MAX);
    let port = entry.port.unwrap_or_else(|| default_port(entry));
    check.range("port", port, 1, u16::MAX.into());
    port
}

fn default_port(entry: &ConnectionEntry) -> u16 {
    match entry.mail.as_ref().map(|mail| mail.security) {
        Some(MailSecurity::None) if entry.protocol == Protocol::Smtp => 25,
        Some(MailSecurity::Tls) if entry.protocol == Protocol::Smtp => 465,
        _ => limits(entry.protocol).port,
    }
}

/// Returns the window.
fn check_flow(entry: &ConnectionEntry, check: &mut Check<'_>) -> u16 {
    let window = match entry.protocol {
        Protocol::Smtp => entry.window.unwrap_or(WINDOW_SMTP),
        _ => entry.window.unwrap_or(WINDOW_DEFAULT),
    };
    if entry.protocol == Protocol::Smtp && window != WINDOW_SMTP {
        check.report("window", Problem::OneAtATime { value: window });
    }
    check.range("sessions", entry.sessions, 1, SESSIONS_MAX);
    check.range("window", window, 1, WINDOW_MAX);
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
    check.range("lane", entry.lane.unwrap_or_default(), 0, LANE_MAX);
    window
}

/// The settings of a mail relay, which stand exactly where the protocol is SMTP.
fn check_mail(entry: &ConnectionEntry, check: &mut Check<'_>) -> Option<MailSettings> {
    match (&entry.mail, entry.protocol) {
        (Some(mail), Protocol::Smtp) => Some(mail_settings(mail, check)),
        (Some(_), protocol) => {
            let protocol = protocol.word();
            check.report("mail", Problem::NotForProtocol { protocol });
            None
        }
        (None, Protocol::Smtp) => {
            check.report("mail", Problem::Empty);
            None
        }
        (None, _) => None,
    }
}

fn mail_settings(mail: &MailEntry, check: &mut Check<'_>) -> MailSettings {
    if !is_mail_address(&mail.from) {
        check.report("mail.from", Problem::MailAddress);
    }
    check.line("mail.from_name", &mail.from_name, FROM_NAME_CHARACTERS_MAX);
    if !mail.return_path_domain.is_empty() && !is_host_name(&mail.return_path_domain) {
        check.report("mail.return_path_domain", Problem::HostName);
    }
    check.length(
        "mail.return_path_domain",
        mail.return_path_domain.len(),
        0,
        RETURN_PATH_DOMAIN_BYTES_MAX,
    );
    check.range(
        "mail.bounce_window_s",
        mail.bounce_window_s,
        BOUNCE_WINDOW_S_MIN,
        BOUNCE_WINDOW_S_MAX,
    );
    if let Some(path) = &mail.ca_file {
        check.filled("mail.ca_file", path, PATH_CHARACTERS_MAX);
    }
    MailSettings {
        security: mail.security,
        from: mail.from.clone(),
        from_name: mail.from_name.clone(),
        return_path_domain: mail.return_path_domain.clone(),
        bounce_window_s: mail.bounce_window_s,
        ca_file: mail.ca_file.clone(),
    }
}

/// What the carrier knows us by. `None` when the password cannot be read.
fn check_login(
    entry: &ConnectionEntry,
    stored: Option<&Secret>,
    environment: &dyn Environment,
    check: &mut Check<'_>,
) -> Option<Secret> {
    let limits = limits(entry.protocol);
    check.ascii("login", &entry.login, limits.login);
    if entry.protocol == Protocol::Smtp {
        check_unused("source_number", &entry.source_number, check);
        check_unused("service_id", &entry.service_id, check);
    } else {
        if entry.login.is_empty() {
            check.report("login", Problem::Empty);
        }
        if entry.source_number.is_empty() {
            check.report("source_number", Problem::Empty);
        }
        check.ascii("service_id", &entry.service_id, limits.service_id);
        check.digits("source_number", &entry.source_number, limits.number);
    }
    let Some(source) = &entry.password else {
        if entry.protocol != Protocol::Smtp {
            check.report("password", Problem::Empty);
        }
        return Some(Secret::default());
    };
    match source.read(stored, environment) {
        Ok(password) => {
            check.length("password", password.reveal().len(), 0, limits.password);
            Some(password)
        }
        Err(detail) => {
            check.report("password", Problem::Source { detail });
            None
        }
    }
}

/// A field that the protocol has no use for.
fn check_unused(field: &'static str, text: &str, check: &mut Check<'_>) {
    if !text.is_empty() {
        let protocol = Protocol::Smtp.word();
        check.report(field, Problem::NotForProtocol { protocol });
    }
}
