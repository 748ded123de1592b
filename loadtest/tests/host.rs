//! Carriers over real sockets.

use carillon_loadtest::bench::{CarrierSpeedOptions, carrier_speed};
use carillon_loadtest::ledger::{Frame, LedgerReader, LedgerWriter};
use carillon_loadtest::sim::{
    AccountConfig, Behaviour, CarrierConfig, CarrierStart, Host, HostError, Order, ProtocolName, control,
};
use std::net::TcpStream;
use tokio::net::TcpListener;

fn config(name: &str, port: u16) -> CarrierConfig {
    let account = AccountConfig {
        login: "900001".into(),
        password: "secret1".into(),
        sessions: 4,
        rate_per_second: None,
        contract: None,
    };
    CarrierConfig {
        name: name.into(),
        protocol: ProtocolName::Cmpp20,
        port,
        host: "127.0.0.1".parse().expect("an address"),
        seed: 1,
        keep_texts: false,
        accounts: vec![account],
        behaviour: Behaviour::default(),
    }
}

fn start(config: CarrierConfig, listening: bool) -> CarrierStart {
    CarrierStart {
        config,
        sink: Box::new(Vec::new()),
        listening,
    }
}

#[tokio::test]
async fn every_protocol_carries_thousands_of_messages_over_several_sessions() {
    for protocol in [ProtocolName::Cmpp20, ProtocolName::Cmpp30, ProtocolName::Smpp34] {
        let options = CarrierSpeedOptions {
            protocol,
            messages: 20_000,
            sessions: 4,
            window: 32,
        };
        let report = carrier_speed(&options).await.expect("a run");
        assert_eq!(report.messages, 20_000, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_carrier_goes_away_and_comes_back_on_its_port() {
    let host = Host::start(vec![start(config("a", 0), false), start(config("b", 0), true)]).expect("started");
    let (down, up) = (host.carriers[0].address, host.carriers[1].address);
    let orders = host.orders();
    assert!(TcpStream::connect(down).is_err());
    orders.give("a", Order::Accept).await.expect("obeyed");
    // The listener is bound by the carrier's own task.
    while TcpStream::connect(down).is_err() {
        tokio::task::yield_now().await;
    }
    assert!(TcpStream::connect(up).is_ok());
    orders.give("b", Order::Down).await.expect("obeyed");
    while TcpStream::connect(up).is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(
        orders.give("c", Order::Cut).await,
        Err(HostError::UnknownCarrier(_))
    ));
    host.stop().expect("stopped");
    assert!(matches!(
        orders.give("a", Order::Cut).await,
        Err(HostError::Stopped)
    ));
}

#[tokio::test]
async fn orders_come_over_the_control_port_line_by_line() {
    let host = Host::start(vec![start(config("a", 0), true)]).expect("started");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(control::serve(listener, host.orders()));
    let cases = [
        ("a throttled on", "ok"),
        ("a reply nobody 1 2 text", "error: there is no account nobody"),
        ("b cut", "error: there is no carrier b"),
        ("nonsense", "expected: CARRIER ORDER"),
    ];
    for (line, expected) in cases {
        assert_eq!(control::ask(port, line).await.expect("an answer"), expected);
    }
    let totals = control::ask(port, "a totals").await.expect("an answer");
    assert!(totals.starts_with("[{\"account\":0,\"segments\":0"), "{totals}");
    server.abort();
}

#[test]
fn a_port_in_use_is_named() {
    let first = Host::start(vec![start(config("a", 0), true)]).expect("started");
    let port = first.carriers[0].address.port();
    let second = Host::start(vec![start(config("second", port), true)]);
    assert!(matches!(second, Err(HostError::Listen { carrier, .. }) if carrier == "second"));
}

#[test]
fn the_ledger_is_whole_when_the_host_has_stopped() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("a.ledger");
    let sink = Box::new(LedgerWriter::create(&path).expect("created"));
    let host = Host::start(vec![CarrierStart {
        config: config("a", 0),
        sink,
        listening: true,
    }])
    .expect("started");
    host.stop().expect("stopped");
    let frames: Result<Vec<_>, _> = LedgerReader::open(&path).expect("opened").collect();
    assert!(matches!(
        &frames.expect("whole")[..],
        [Frame::Account(_), Frame::Summary(_)]
    ));
}
