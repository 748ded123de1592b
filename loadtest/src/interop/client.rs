//! `interop-client`: one session over a blocking socket.

use super::exchange::{Exchange, SOURCE};
use crate::clock::{Clock, LocalTime};
use crate::sim::ProtocolName;
use anyhow::{Context, bail};
use bytes::Buf;
use carillon_protocols::session::{ClientConfig, ClientSession, SessionState};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

/// Binds, submits every message of a file from one service number, and waits until each segment has its response and
/// its receipt and enough replies have come.
#[derive(Debug, clap::Args)]
pub struct InteropClient {
    #[arg(long)]
    protocol: ProtocolName,
    /// On this machine.
    #[arg(long)]
    port: u16,
    #[arg(long)]
    login: String,
    #[arg(long)]
    password: String,
    /// Lines of "number TAB text".
    #[arg(long)]
    messages: PathBuf,
    /// Replies to wait for, long ones counted once.
    #[arg(long, default_value_t = 0)]
    replies: usize,
    #[arg(long, default_value_t = 60)]
    deadline_s: u64,
}

/// How long one read may wait, and so how late a timer of the session may fire.
const READ_WAIT: Duration = Duration::from_millis(5);

/// Prints the replies and one line of counts; errors when anything is missing at the deadline.
pub fn run_client(options: &InteropClient) -> anyhow::Result<()> {
    let messages = std::fs::read_to_string(&options.messages)
        .with_context(|| format!("cannot read {}", options.messages.display()))?;
    let mut exchange = Exchange::new(&messages, options.protocol.wire())?;
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, options.port)).context("cannot connect")?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(READ_WAIT))?;

    let clock = Clock::start();
    let timestamp = LocalTime::of(clock.unix_us() / 1_000_000).connect_timestamp();
    let mut session = ClientSession::new(client_config(options), timestamp, clock.millis())?;
    let mut buffer = [0; 16 * 1024];
    let mut events = Vec::new();
    while session.state() != SessionState::Closed {
        if clock.millis() > options.deadline_s * 1_000 {
            bail!(
                "not complete after {} s: {}",
                options.deadline_s,
                exchange.summary()
            );
        }
        exchange.submit(&mut session, clock.millis())?;
        if exchange.is_complete(options.replies) && session.state() == SessionState::Bound {
            session.unbind(clock.millis());
        }
        write_all(&mut socket, &mut session)?;
        match socket.read(&mut buffer) {
            Ok(0) => bail!("the carrier closed the connection: {}", exchange.summary()),
            Ok(length) => session.receive(&buffer[..length], clock.millis(), &mut events),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error).context("cannot read from the carrier"),
        }
        session.tick(clock.millis(), &mut events);
        for event in events.drain(..) {
            exchange.apply(event, &mut session)?;
        }
    }
    for (from, text) in exchange.replies() {
        println!("reply from {from} to {SOURCE}: {text}");
    }
    println!("{}", exchange.summary());
    if !exchange.is_complete(options.replies) {
        bail!("the session ended before all was answered");
    }
    Ok(())
}

fn client_config(options: &InteropClient) -> ClientConfig {
    ClientConfig {
        protocol: options.protocol.wire(),
        login: options.login.clone(),
        password: options.password.clone(),
        window: 16,
        response_timeout: 10_000,
        link_test_interval: 1_000,
        bind_timeout: 10_000,
        verify_peer: true,
        system_type: String::new(),
    }
}

fn write_all(socket: &mut TcpStream, session: &mut ClientSession) -> anyhow::Result<()> {
    let output = session.output();
    socket.write_all(output).context("cannot write to the carrier")?;
    output.advance(output.len());
    Ok(())
}
