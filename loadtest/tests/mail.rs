//! The mail sink over real sockets.

use carillon_loadtest::mail::{
    Certificate, LINE_BYTES_MAX, MailLedger, MailRecord, MailSink, SinkOptions, SinkTls,
};
use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

const PATIENCE: Duration = Duration::from_secs(20);

type Mails = Arc<Mutex<Vec<MailRecord>>>;

fn options(rules: &[&str]) -> SinkOptions {
    SinkOptions {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        rules: rules.iter().map(|rule| rule.parse().expect("a rule")).collect(),
        login: None,
        tls: None,
        idle: PATIENCE,
        bounce_to: None,
    }
}

async fn start(options: SinkOptions) -> (MailSink, Mails) {
    let mails = Mails::default();
    let ledger: Box<dyn MailLedger> = Box::new(Arc::clone(&mails));
    (MailSink::start(options, ledger).await.expect("a port"), mails)
}

struct Client<S>(BufReader<S>);

impl Client<TcpStream> {
    async fn connect(sink: &MailSink) -> Self {
        let stream = TcpStream::connect(sink.address).await.expect("a session");
        Client(BufReader::new(stream))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// The last line of the reply; empty when the sink closed.
    async fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = timeout(PATIENCE, self.0.read_line(&mut line)).await;
            match read.expect("an answer in time") {
                Ok(0) | Err(_) => return String::new(),
                Ok(_) if line.as_bytes().get(3) == Some(&b'-') => {}
                Ok(_) => return line,
            }
        }
    }

    async fn write(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes()).await
    }

    async fn ask(&mut self, command: &str) -> String {
        // A sink that has closed is known by the missing answer.
        let _ = self.write(&format!("{command}\r\n")).await;
        self.hear().await
    }

    /// Up to the content's end; the answer to it is not waited for.
    async fn send(&mut self, to: &str, subject: &str) {
        assert!(self.ask("MAIL FROM:<b@gateway.example>").await.starts_with("250"));
        assert!(self.ask(&format!("RCPT TO:<{to}>")).await.starts_with("250"));
        assert!(self.ask("DATA").await.starts_with("354"));
        let content = format!("Subject: {subject}\r\nMessage-ID: <{to}>\r\n\r\ntext\r\n.\r\n");
        self.write(&content).await.expect("written");
    }
}

async fn until(what: &str, mut met: impl FnMut() -> bool) {
    let waiting = async {
        while !met() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect(what);
}

#[tokio::test]
async fn mails_are_answered_by_their_rules_and_stand_in_the_ledger() {
    let (sink, mails) = start(options(&[
        "bad@*=refuse-content",
        "kept@*=hang-kept",
        "cut@*=cut",
    ]))
    .await;
    let mut client = Client::connect(&sink).await;
    assert!(client.hear().await.starts_with("220"));
    assert!(client.ask("EHLO gateway.example").await.starts_with("250 "));
    client.send("good@a.example", "#0000000001").await;
    assert!(client.hear().await.starts_with("250"));
    client.send("bad@a.example", "#0000000002").await;
    assert!(client.hear().await.starts_with("554"));
    client.send("kept@a.example", "#0000000003").await;
    until("the mail that is not answered", || mails.lock().len() == 3).await;

    let mut cut = Client::connect(&sink).await;
    cut.hear().await;
    cut.send("cut@a.example", "#0000000004").await;
    assert_eq!(cut.hear().await, "");
    let records = mails.lock().clone();
    let seen: Vec<_> = records.iter().map(|r| (r.marker, r.answer, r.kept)).collect();
    assert_eq!(
        seen,
        [
            (Some(1), Some(250), true),
            (Some(2), Some(554), false),
            (Some(3), None, true)
        ]
    );
    assert_eq!(records[0].from, "b@gateway.example");
    assert_eq!(records[0].message_id, "good@a.example");
}

#[tokio::test]
async fn sessions_are_turned_away_and_closed_as_the_options_say() {
    let (sink, mails) = start(SinkOptions {
        idle: Duration::from_millis(50),
        ..options(&[])
    })
    .await;
    let mut idle = Client::connect(&sink).await;
    assert!(idle.hear().await.starts_with("220"));
    assert_eq!(idle.hear().await, "", "closed without a word");
    sink.set_busy(true);
    let mut turned_away = Client::connect(&sink).await;
    assert!(turned_away.hear().await.starts_with("421"));
    assert_eq!(turned_away.hear().await, "");
    assert!(mails.lock().is_empty());
}

#[tokio::test]
async fn lines_without_their_end_close_the_session() {
    let (sink, mails) = start(options(&[])).await;
    for hostile in [
        "NOOP\n".to_owned(),
        "x".repeat(LINE_BYTES_MAX + 1),
        "\u{0}\n".repeat(9),
    ] {
        let mut client = Client::connect(&sink).await;
        client.hear().await;
        // It may be closed before everything is written.
        let _ = client.write(&hostile).await;
        assert_eq!(client.hear().await, "");
    }
    assert!(mails.lock().is_empty());
}

#[tokio::test]
async fn starttls_secures_the_session_for_whoever_trusts_the_certificate() {
    let certificate = Certificate::make(&["localhost"]).expect("a certificate");
    let pem = certificate.pem.clone();
    let (sink, mails) = start(SinkOptions {
        tls: Some(SinkTls {
            certificate,
            implicit: false,
        }),
        ..options(&[])
    })
    .await;
    let another = Certificate::make(&["localhost"]).expect("a certificate");
    assert!(secured(&sink, &another.pem, "localhost").await.is_err());
    assert!(secured(&sink, &pem, "other.example").await.is_err());
    let mut client = secured(&sink, &pem, "localhost").await.expect("trusted");
    assert!(client.ask("EHLO gateway.example").await.starts_with("250 "));
    client.send("a@a.example", "x").await;
    assert!(client.hear().await.starts_with("250"));
    assert!(mails.lock()[0].secured);
}

async fn secured(
    sink: &MailSink,
    trusted: &str,
    name: &'static str,
) -> io::Result<Client<tokio_rustls::client::TlsStream<TcpStream>>> {
    let mut client = Client::connect(sink).await;
    client.hear().await;
    assert!(client.ask("MAIL FROM:<a@b>").await.starts_with("530"));
    assert!(client.ask("STARTTLS").await.starts_with("220"));
    let mut roots = RootCertStore::empty();
    let trusted = CertificateDer::from_pem_slice(trusted.as_bytes()).expect("a certificate");
    roots.add(trusted).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name).expect("a name");
    let connector = TlsConnector::from(Arc::new(config));
    let stream = timeout(PATIENCE, connector.connect(name, client.0.into_inner())).await;
    Ok(Client(BufReader::new(stream.expect("in time")?)))
}

#[tokio::test]
async fn what_is_said_before_the_handshake_is_not_taken() {
    let (sink, mails) = start(SinkOptions {
        tls: Some(SinkTls {
            certificate: Certificate::make(&["localhost"]).expect("a certificate"),
            implicit: false,
        }),
        ..options(&[])
    })
    .await;
    let mut client = Client::connect(&sink).await;
    client.hear().await;
    client
        .write("STARTTLS\r\nEHLO injected\r\n")
        .await
        .expect("written");
    let mut rest = Vec::new();
    // The reset of a connection with unread bytes is an end too.
    let _ = timeout(PATIENCE, client.0.read_to_end(&mut rest))
        .await
        .expect("closed");
    assert!(!String::from_utf8_lossy(&rest).contains("250"));
    assert!(mails.lock().is_empty());
}

/// Another sink stands for the gateway's receiver of bounces; it is busy at first.
#[tokio::test]
async fn a_report_comes_back_to_the_sender_until_it_is_taken() {
    let (receiver, reports) = start(options(&[])).await;
    receiver.set_busy(true);
    let (sink, _mails) = start(SinkOptions {
        bounce_to: Some(receiver.address),
        ..options(&["gone@*=bounce:1"])
    })
    .await;
    let mut client = Client::connect(&sink).await;
    client.hear().await;
    client.send("gone@a.example", "x").await;
    assert!(client.hear().await.starts_with("250"));
    until("a try", || {
        receiver
            .progress()
            .sessions
            .load(std::sync::atomic::Ordering::Relaxed)
            > 0
    })
    .await;
    receiver.set_busy(false);
    until("the report", || !reports.lock().is_empty()).await;
    let report = reports.lock()[0].clone();
    assert_eq!(
        (report.from.as_str(), report.to.as_str()),
        ("", "b@gateway.example")
    );
    assert_eq!(report.subject, "Delivery status");
}
