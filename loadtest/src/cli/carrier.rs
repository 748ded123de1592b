use super::arguments::{Carrier, Control};
use super::print;
use anyhow::Context;
use carillon_loadtest::ledger::{Frame, LedgerError, LedgerWriter, Sink};
use carillon_loadtest::sim::{
    AccountConfig, Behaviour, CarrierConfig, CarrierStart, CarriersConfig, Host, Range, control as port,
};
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How often a ledger file is brought up to date for readers.
const WATCH: Duration = Duration::from_millis(200);

pub async fn carrier(arguments: Carrier) -> anyhow::Result<bool> {
    let carriers = match &arguments.config {
        Some(path) => CarriersConfig::read(path)?.carriers,
        None => vec![single(&arguments)?],
    };
    let start = |config: CarrierConfig| {
        let sink = sink(&arguments, &config.name)?;
        anyhow::Ok(CarrierStart {
            config,
            sink,
            listening: true,
        })
    };
    let host = Host::start(carriers.into_iter().map(start).collect::<Result<_, _>>()?)?;
    for carrier in &host.carriers {
        print(&format!("carrier {}: {}\n", carrier.name, carrier.address))?;
    }
    if let Some(control) = arguments.control {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, control)).await;
        let listener = listener.with_context(|| format!("cannot listen on port {control}"))?;
        print(&format!("control: {}\n", listener.local_addr()?))?;
        tokio::spawn(port::serve(listener, host.orders()));
    }
    print("ready\n")?;
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => break interrupted?,
            _ = terminate.recv() => break,
            () = tokio::time::sleep(WATCH) => if host.is_finished() { break },
        }
    }
    host.stop()?;
    Ok(true)
}

pub async fn control(arguments: Control) -> anyhow::Result<bool> {
    let answer = port::ask(arguments.port, &arguments.order.join(" ")).await;
    let answer = answer.with_context(|| format!("no answer from port {}", arguments.port))?;
    print(&format!("{answer}\n"))?;
    Ok(!answer.starts_with("error") && !answer.starts_with("stopped"))
}

fn single(arguments: &Carrier) -> anyhow::Result<CarrierConfig> {
    let account = AccountConfig {
        login: arguments.login.as_str().into(),
        password: arguments.password.as_str().into(),
        sessions: 32,
        rate_per_second: None,
        contract: None,
    };
    let config = CarrierConfig {
        name: arguments.name.as_str().into(),
        protocol: arguments.protocol,
        port: arguments.port,
        host: Ipv4Addr::LOCALHOST.into(),
        seed: 1,
        keep_texts: true,
        accounts: vec![account],
        behaviour: Behaviour {
            receipt_ms: Range {
                min: arguments.receipt_ms,
                max: arguments.receipt_ms,
            },
            reply_share: arguments.reply_share,
            ..Behaviour::default()
        },
    };
    config.check()?;
    Ok(config)
}

/// Nobody asked for a ledger.
struct Nowhere;

impl Sink for Nowhere {
    fn frame(&mut self, _: Frame) -> Result<(), LedgerError> {
        Ok(())
    }
}

fn sink(arguments: &Carrier, name: &str) -> anyhow::Result<Box<dyn Sink>> {
    let Some(folder) = &arguments.ledger else {
        return Ok(Box::new(Nowhere));
    };
    anyhow::ensure!(
        Path::new(name).file_name().is_some_and(|file| file == name),
        "{name} is no file name"
    );
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(Box::new(LedgerWriter::create(
        &folder.join(format!("{name}.ledger")),
    )?))
}
