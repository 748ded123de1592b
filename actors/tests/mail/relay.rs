//! A relay on a port of its own. What it says to each command is a script's decision; what it was given is on record.

use parking_lot::Mutex;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Something the relay may answer.
pub enum Ask<'a> {
    Connected,
    Line(&'a str),
    /// A whole mail has come, its end included.
    Mail,
}

pub enum Say {
    Reply(String),
    /// Exactly these bytes.
    Raw(Vec<u8>),
    /// Nothing, for ever.
    Hang,
    Close,
    ReplyAndClose(String),
    /// The ordinary answer, when the gate is opened.
    WhenOpen(Arc<tokio::sync::Notify>),
    /// STARTTLS is begun behind this reply.
    Secure(String),
    /// The ordinary answer, and the end of the connection after it.
    ThenClose,
}

/// A mail with its envelope.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub from: String,
    pub to: String,
    pub content: String,
    pub begun: Option<Instant>,
    pub secured: bool,
}

impl Given {
    pub fn message_id(&self) -> &str {
        self.content
            .lines()
            .find_map(|line| line.strip_prefix("Message-ID: "))
            .expect("every mail has one")
    }
}

pub type Script = Arc<dyn Fn(&Ask<'_>) -> Option<Say> + Send + Sync>;

#[derive(Clone)]
pub struct Relay {
    pub port: u16,
    inner: Arc<Inner>,
}

struct Inner {
    given: Mutex<Vec<Given>>,
    lines: Mutex<Vec<String>>,
    cut: watch::Sender<()>,
    sessions: AtomicUsize,
    open: AtomicUsize,
    open_max: AtomicUsize,
    script: Mutex<Script>,
    tls: Option<(TlsAcceptor, bool)>,
    pub ca_pem: String,
}

impl Relay {
    /// An ordinary relay, but for what the script says.
    pub async fn start(script: impl Fn(&Ask<'_>) -> Option<Say> + Send + Sync + 'static) -> Relay {
        Self::launch(Arc::new(script), None).await
    }

    pub async fn ordinary() -> Relay {
        Self::start(|_| None).await
    }

    /// With a certificate for `name`; `implicit` from the first byte.
    pub async fn with_tls(
        name: &str,
        implicit: bool,
        script: impl Fn(&Ask<'_>) -> Option<Say> + Send + Sync + 'static,
    ) -> Relay {
        Self::launch(Arc::new(script), Some((name, implicit))).await
    }

    async fn launch(script: Script, tls: Option<(&str, bool)>) -> Relay {
        let mut ca_pem = String::new();
        let tls = tls.map(|(name, implicit)| {
            let CertifiedKey { cert, signing_key } =
                generate_simple_self_signed(vec![name.to_owned()]).unwrap();
            ca_pem = cert.pem();
            let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signing_key.serialize_der());
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = rustls::ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![cert.der().clone()], key.into())
                .unwrap();
            (TlsAcceptor::from(Arc::new(config)), implicit)
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Relay {
            port: listener.local_addr().unwrap().port(),
            inner: Arc::new(Inner {
                given: Mutex::default(),
                lines: Mutex::default(),
                cut: watch::Sender::default(),
                sessions: AtomicUsize::new(0),
                open: AtomicUsize::new(0),
                open_max: AtomicUsize::new(0),
                script: Mutex::new(script),
                tls,
                ca_pem,
            }),
        };
        let inner = relay.inner.clone();
        actix::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let inner = inner.clone();
                actix::spawn(async move {
                    inner.sessions.fetch_add(1, Ordering::Relaxed);
                    let mut cut = inner.cut.subscribe();
                    let open = inner.open.fetch_add(1, Ordering::Relaxed) + 1;
                    inner.open_max.fetch_max(open, Ordering::Relaxed);
                    tokio::select! {
                        () = serve(&inner, stream) => {}
                        _ = cut.changed() => {}
                    }
                    inner.open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        relay
    }

    /// Closes every session there is.
    pub fn cut_all(&self) {
        self.inner.cut.send_replace(());
    }

    /// From now on another script.
    pub fn set_script(&self, script: impl Fn(&Ask<'_>) -> Option<Say> + Send + Sync + 'static) {
        *self.inner.script.lock() = Arc::new(script);
    }

    /// Every mail whose end has come, in order.
    pub fn given(&self) -> Vec<Given> {
        self.inner.given.lock().clone()
    }

    /// How often each mail came to its end, by its Message-ID.
    pub fn counts(&self) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        for given in self.given() {
            *counts.entry(given.message_id().to_owned()).or_default() += 1;
        }
        counts
    }

    /// Every command line that came.
    pub fn lines(&self) -> Vec<String> {
        self.inner.lines.lock().clone()
    }

    pub fn sessions(&self) -> usize {
        self.inner.sessions.load(Ordering::Relaxed)
    }

    /// Sessions that are open now.
    pub fn open(&self) -> usize {
        self.inner.open.load(Ordering::Relaxed)
    }

    /// The most sessions that were open at once.
    pub fn open_max(&self) -> usize {
        self.inner.open_max.load(Ordering::Relaxed)
    }

    pub fn ca_pem(&self) -> &str {
        &self.inner.ca_pem
    }
}

trait Io: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Io for S {}

async fn serve(inner: &Inner, stream: TcpStream) {
    let mut stream: Box<dyn Io> = Box::new(stream);
    let mut secured = false;
    if let Some((acceptor, true)) = &inner.tls {
        let Ok(tls) = acceptor.accept(stream).await else {
            return;
        };
        (stream, secured) = (Box::new(tls), true);
    }
    let mut stream = BufReader::new(stream);
    if !answer(
        inner,
        &mut stream,
        &Ask::Connected,
        "220 relay.example ESMTP".to_owned(),
    )
    .await
    {
        return;
    }
    let mut given = Given::default();
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = line.trim_end().to_owned();
        inner.lines.lock().push(line.clone());
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let ordinary = match verb.as_str() {
            "EHLO" => {
                let tls = if inner.tls.is_some() && !secured {
                    "250-STARTTLS\r\n"
                } else {
                    ""
                };
                format!("250-relay.example\r\n{tls}250-SIZE 20000000\r\n250-DSN\r\n250 AUTH LOGIN PLAIN")
            }
            "MAIL" => {
                given = Given {
                    from: angled(&line),
                    begun: Some(Instant::now()),
                    secured,
                    ..Given::default()
                };
                "250 2.1.0 ok".to_owned()
            }
            "RCPT" => {
                given.to = angled(&line);
                "250 2.1.5 ok".to_owned()
            }
            "DATA" => "354 go on".to_owned(),
            "QUIT" => "221 2.0.0 bye".to_owned(),
            "AUTH" => "235 2.7.0 welcome".to_owned(),
            _ => "250 2.0.0 ok".to_owned(),
        };
        let said = (inner.script.lock().clone())(&Ask::Line(&line));
        let is_ordinary = said.is_none();
        let said = match said {
            None if verb == "STARTTLS" && inner.tls.is_some() => {
                Some(Say::Secure("220 2.0.0 begin\r\n".to_owned()))
            }
            said => said,
        };
        let goes_on = match said {
            Some(Say::Secure(reply)) => {
                if stream.write_all(reply.as_bytes()).await.is_err() {
                    return;
                }
                let (acceptor, _) = inner.tls.as_ref().expect("a relay with TLS");
                match acceptor.accept(stream.into_inner()).await {
                    Ok(tls) => stream = BufReader::new(Box::new(tls)),
                    Err(_) => return,
                }
                secured = true;
                true
            }
            said => perform(&mut stream, said, ordinary).await,
        };
        if !goes_on || verb == "QUIT" {
            return;
        }
        if verb == "DATA" && is_ordinary {
            let Some(content) = content(&mut stream).await else {
                return;
            };
            given.content = content;
            inner.given.lock().push(given.clone());
            if !answer(inner, &mut stream, &Ask::Mail, "250 2.0.0 queued".to_owned()).await {
                return;
            }
        }
    }
}

async fn answer(inner: &Inner, stream: &mut BufReader<Box<dyn Io>>, ask: &Ask<'_>, ordinary: String) -> bool {
    let said = (inner.script.lock().clone())(ask);
    perform(stream, said, ordinary).await
}

/// Whether the session goes on.
async fn perform(stream: &mut BufReader<Box<dyn Io>>, said: Option<Say>, ordinary: String) -> bool {
    let (bytes, goes_on) = match said {
        None => (format!("{ordinary}\r\n").into_bytes(), true),
        Some(Say::Reply(reply)) => (format!("{reply}\r\n").into_bytes(), true),
        Some(Say::Raw(bytes)) => (bytes, true),
        Some(Say::ReplyAndClose(reply)) => (format!("{reply}\r\n").into_bytes(), false),
        Some(Say::ThenClose) => (format!("{ordinary}\r\n").into_bytes(), false),
        Some(Say::Close) => return false,
        Some(Say::WhenOpen(gate)) => {
            gate.notified().await;
            (format!("{ordinary}\r\n").into_bytes(), true)
        }
        Some(Say::Hang) => {
            // Until the other side has enough.
            let mut line = String::new();
            while stream.read_line(&mut line).await.is_ok_and(|count| count > 0) {
                line.clear();
            }
            return false;
        }
        Some(Say::Secure(_)) => unreachable!("only after STARTTLS"),
    };
    stream.write_all(&bytes).await.is_ok() && stream.flush().await.is_ok() && goes_on
}

/// The content without its end, undotted; `None` when the connection ends before.
async fn content(stream: &mut BufReader<Box<dyn Io>>) -> Option<String> {
    let mut content = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(content);
        }
        content.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn angled(line: &str) -> String {
    let address = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    address.map_or_else(String::new, |(address, _)| address.to_owned())
}
