//! The simulated carrier alone: whether it is fast enough not to be what a benchmark measures.

use super::measure::{process_cpu, thread_cpu};
use super::outcome::RunError;
use crate::clock::{Clock, LocalTime};
use crate::judge::{Settlement, Shared};
use crate::marker;
use crate::sim::{AccountConfig, Behaviour, CarrierConfig, CarrierStart, Host, ProtocolName};
use bytes::Buf;
use carillon_protocols::session::{
    ClientConfig, ClientEvent, ClientSession, DataCoding, SessionState, Submit,
};
use serde::Serialize;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

#[derive(Clone, Copy, Debug)]
pub struct CarrierSpeedOptions {
    pub protocol: ProtocolName,
    pub messages: u64,
    pub sessions: u32,
    pub window: u16,
}

#[derive(Clone, Debug, Serialize)]
pub struct CarrierSpeedReport {
    pub messages: u64,
    pub seconds: f64,
    pub messages_per_s: f64,
    /// Processor time of the carrier's thread.
    pub carrier_us_per_message: f64,
    /// Processor time of our client sessions.
    pub client_us_per_message: f64,
}

const LOGIN: &str = "900001";
const PASSWORD: &str = "secret1";
const READ_BYTES: usize = 256 * 1024;
const TIMEOUT_MS: u64 = 60_000;

pub async fn carrier_speed(options: &CarrierSpeedOptions) -> Result<CarrierSpeedReport, RunError> {
    let account = AccountConfig {
        login: LOGIN.into(),
        password: PASSWORD.into(),
        sessions: options.sessions,
        rate_per_second: None,
        contract: None,
    };
    let config = CarrierConfig {
        name: "carrier".into(),
        protocol: options.protocol,
        port: 0,
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        seed: 1,
        keep_texts: false,
        accounts: vec![account],
        behaviour: Behaviour::default(),
    };
    let sink = Box::new(Shared::new(Settlement::new(0, 0)));
    let host = Host::start(vec![CarrierStart {
        config,
        sink,
        listening: true,
    }])?;
    let address = host.carriers[0].address;
    let clock = Clock::start();
    let template = template();
    let share = options.messages / u64::from(options.sessions.max(1));
    let (process_before, own_before, start) = (process_cpu(), thread_cpu(), Instant::now());
    let clients = (0..u64::from(options.sessions.max(1))).map(|number| {
        talk(
            address,
            *options,
            clock,
            number * share,
            share,
            Rc::clone(&template),
        )
    });
    futures_util::future::try_join_all(clients)
        .await
        .map_err(RunError::File)?;
    let seconds = start.elapsed().as_secs_f64();
    let own = thread_cpu() - own_before;
    let carrier = (process_cpu() - process_before).saturating_sub(own);
    host.stop()?;
    let messages = share * u64::from(options.sessions.max(1));
    let per_message = |cpu: Duration| cpu.as_secs_f64() * 1e6 / messages.max(1) as f64;
    Ok(CarrierSpeedReport {
        messages,
        seconds,
        messages_per_s: messages as f64 / seconds,
        carrier_us_per_message: per_message(carrier),
        client_us_per_message: per_message(own),
    })
}

/// A payload with a marker of zeros.
fn template() -> Rc<Vec<u8>> {
    let text = format!(
        "您预约的检查将于明日上午进行，请携带有效证件按时到院，单号{}。",
        marker::text(0)
    );
    Rc::new(text.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

/// One session that submits markers from `first` on, and acknowledges every receipt.
async fn talk(
    address: SocketAddr,
    options: CarrierSpeedOptions,
    clock: Clock,
    first: u64,
    count: u64,
    template: Rc<Vec<u8>>,
) -> io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let config = ClientConfig {
        protocol: options.protocol.wire(),
        login: LOGIN.to_owned(),
        password: PASSWORD.to_owned(),
        window: options.window,
        response_timeout: TIMEOUT_MS,
        link_test_interval: 0,
        bind_timeout: TIMEOUT_MS,
        verify_peer: true,
        system_type: String::new(),
    };
    let timestamp = LocalTime::of(clock.unix_us() / 1_000_000).connect_timestamp();
    let mut session = ClientSession::new(config, timestamp, clock.millis()).map_err(io::Error::other)?;
    let mut buffer = vec![0; READ_BYTES];
    let (mut events, mut next, mut receipts) = (Vec::new(), first, 0);
    let mut payload = template.to_vec();
    while receipts < count {
        while session.state() == SessionState::Bound && next < first + count && session.window_free() > 0 {
            write_marker(&mut payload, next);
            let submit = Submit {
                source: "10690000",
                destination: "13800000001",
                coding: DataCoding::Ucs2,
                concatenation: None,
                payload: &payload,
                receipt: true,
                service_id: "",
            };
            session
                .submit(&submit, next, clock.millis())
                .map_err(io::Error::other)?;
            next += 1;
        }
        while !session.output().is_empty() {
            match stream.try_write(session.output()) {
                Ok(written) => session.output().advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
                Err(error) => return Err(error),
            }
        }
        stream.readable().await?;
        match stream.try_read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => session.receive(&buffer[..length], clock.millis(), &mut events),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        for event in events.drain(..) {
            match event {
                ClientEvent::Receipt { tag, .. } => {
                    session.acknowledge(tag, true);
                    receipts += 1;
                }
                ClientEvent::Bound { .. } | ClientEvent::Submitted { .. } => {}
                other => return Err(io::Error::other(format!("{other:?}"))),
            }
        }
    }
    // The last acknowledgements.
    while !session.output().is_empty() {
        stream.writable().await?;
        match stream.try_write(session.output()) {
            Ok(written) => session.output().advance(written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes the digits over those in UTF-16.
fn write_marker(payload: &mut [u8], number: u64) {
    let mut digits = [0; marker::DIGITS];
    marker::patch_digits(&mut digits, number);
    // `#` and the digits stand before the full stop.
    let end = payload.len() - 2;
    let places = payload[end - 2 * marker::DIGITS..end].chunks_exact_mut(2);
    places.zip(digits).for_each(|(unit, digit)| unit[1] = digit);
}
