use super::arguments::MailSink as MailSinkArguments;
use super::print;
use anyhow::Context;
use carillon_loadtest::mail::{Certificate, MailLedger, MailLedgerFile, MailSink, SinkOptions, SinkTls};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

pub async fn sink(arguments: MailSinkArguments) -> anyhow::Result<bool> {
    let ledger: Box<dyn MailLedger> = match &arguments.ledger {
        Some(path) => Box::new(
            MailLedgerFile::create(path).with_context(|| format!("cannot write {}", path.display()))?,
        ),
        None => Box::new(()),
    };
    let login = arguments.login.as_deref().map(|login| {
        let (name, password) = login.split_once(':').context("--login is NAME:PASSWORD")?;
        anyhow::Ok((name.to_owned(), password.to_owned()))
    });
    let options = SinkOptions {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port)),
        rules: arguments.rule,
        login: login.transpose()?,
        tls: arguments
            .certificate
            .as_deref()
            .map(|path| tls(path, arguments.implicit, arguments.bad_certificate))
            .transpose()?,
        idle: Duration::from_secs(arguments.idle_seconds),
        bounce_to: arguments.bounce_to,
    };
    let sink = MailSink::start(options, ledger).await.context("cannot listen")?;
    sink.set_busy(arguments.busy);
    print(&format!("sink: {}\nready\n", sink.address))?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    sink.stop();
    Ok(true)
}

/// A bad certificate is another one than that in the file.
fn tls(path: &Path, implicit: bool, bad: bool) -> anyhow::Result<SinkTls> {
    let names = ["localhost", "127.0.0.1"];
    let certificate = Certificate::make(&names)?;
    let trusted = if bad {
        Certificate::make(&names)?.pem
    } else {
        certificate.pem.clone()
    };
    std::fs::write(path, trusted).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(SinkTls {
        certificate,
        implicit,
    })
}
