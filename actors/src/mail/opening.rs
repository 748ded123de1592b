//! The way to a session that can send: connect, TLS, greeting, EHLO, STARTTLS, AUTH. Each step has its time.

use super::capabilities::Capabilities;
use super::compose::sender_host;
use super::reply::{Reply, ReplyError, ReplyReader};
use super::tls::{self, TlsError};
use crate::error_text::in_full;
use carillon_domain::catalog::{Connection, MailSecurity, MailSettings};
use rustls::pki_types::ServerName;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// One step of an opening; a relay may hold back its greeting on purpose (RFC 5321 §4.5.3.2 allows minutes).
const STEP_TIMEOUT: Duration = Duration::from_secs(30);
const READ_BYTES: usize = 4 * 1024;

/// A byte stream to a relay, secured or not.
pub trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Io for S {}

/// Something tried on the way to a session, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeStep {
    /// `connect`, `greeting`, `ehlo`, `starttls`, `tls`, `auth`, `noop`, `quit`.
    pub step: &'static str,
    pub ok: bool,
    /// What the relay answered, or what went wrong.
    pub detail: String,
    pub ms: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the connection has no settings for mail")]
    NotARelay,
    #[error("{place} cannot be reached")]
    Connect {
        place: String,
        #[source]
        source: io::Error,
    },
    #[error("{step}: no answer within {s} s", s = .limit.as_secs())]
    Late { step: &'static str, limit: Duration },
    #[error("{step}: the connection broke")]
    Broken {
        step: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("{step}: the relay closed the connection")]
    Closed { step: &'static str },
    #[error("{step}: the relay answered {reply}")]
    Refused { step: &'static str, reply: Reply },
    #[error("{step}")]
    Unreadable {
        step: &'static str,
        #[source]
        source: ReplyError,
    },
    #[error("{step}: the relay said more than it was asked")]
    Unasked { step: &'static str },
    #[error("the relay offers no STARTTLS; nothing is sent in the clear")]
    NoStarttls,
    #[error("the relay offers no way to log in that is known here (PLAIN, LOGIN)")]
    NoLogin,
    #[error("{0:?} is no name a certificate can be checked against")]
    Name(String),
    #[error("no TLS with the relay")]
    Handshake(#[source] io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the opening was interrupted")]
    Interrupted,
}

/// A relay that takes mail now.
pub struct Opened {
    pub dialogue: Dialogue,
    pub capabilities: Capabilities,
}

/// The way to a session, and the steps it has taken so far.
pub struct Way {
    /// Those that are over, the one that failed too.
    pub steps: Vec<ProbeStep>,
    begun: Instant,
    step: &'static str,
}

impl Way {
    pub fn new() -> Self {
        Way {
            steps: Vec::new(),
            begun: Instant::now(),
            step: "connect",
        }
    }

    /// Opens a session with a relay.
    pub async fn open(&mut self, connection: &Connection) -> Result<Opened, OpenError> {
        let opened = match &connection.mail {
            Some(settings) => self.open_relay(connection, settings).await,
            None => Err(OpenError::NotARelay),
        };
        if let Err(error) = &opened {
            self.note(false, in_full(error));
        }
        opened
    }

    /// Asks something of an open session, as one more step.
    pub async fn ask(
        &mut self,
        opened: &mut Opened,
        step: &'static str,
        command: &str,
    ) -> Result<Reply, OpenError> {
        self.begin(step);
        let asked = opened.dialogue.ask(step, command).await;
        match &asked {
            Ok(reply) => self.note(reply.is_done(), reply.to_string()),
            Err(error) => self.note(false, in_full(error)),
        }
        asked
    }

    /// The step that is under way has failed.
    pub fn fail(&mut self, detail: String) {
        self.note(false, detail);
    }

    async fn open_relay(
        &mut self,
        connection: &Connection,
        settings: &MailSettings,
    ) -> Result<Opened, OpenError> {
        let security = settings.security;
        let hello = sender_host(settings);
        let stream = self.connect(&connection.host, connection.port).await?;
        let stream: Box<dyn Io> = match security {
            MailSecurity::Tls => self.secure(Box::new(stream), connection, settings).await?,
            _ => Box::new(stream),
        };
        let mut dialogue = Dialogue::new(stream);
        self.begin("greeting");
        let greeting = dialogue.hear(self.step).await?;
        self.want(greeting, 220)?;
        let mut capabilities = self.hello(&mut dialogue, hello).await?;

        if security == MailSecurity::Starttls {
            self.begin("starttls");
            if !capabilities.starttls {
                return Err(OpenError::NoStarttls);
            }
            let reply = dialogue.ask(self.step, "STARTTLS").await?;
            self.want(reply, 220)?;
            // What was said before the handshake anybody on the way may have said.
            let stream = dialogue.into_stream(self.step)?;
            dialogue = Dialogue::new(self.secure(stream, connection, settings).await?);
            capabilities = self.hello(&mut dialogue, hello).await?;
        }
        if !connection.login.is_empty() {
            self.begin("auth");
            let lines = capabilities
                .login(&connection.login, connection.password.reveal())
                .ok_or(OpenError::NoLogin)?;
            for (left, line) in (0..lines.len()).rev().zip(&lines) {
                let reply = dialogue.ask(self.step, line).await?;
                if left == 0 {
                    self.want(reply, 235)?;
                } else if reply.code != 334 {
                    return Err(OpenError::Refused {
                        step: self.step,
                        reply,
                    });
                }
            }
        }
        Ok(Opened {
            dialogue,
            capabilities,
        })
    }

    async fn connect(&mut self, host: &str, port: u16) -> Result<TcpStream, OpenError> {
        let unreachable = |source| OpenError::Connect {
            place: format!("{host}:{port}"),
            source,
        };
        let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port)))
            .await
            .map_err(|_| OpenError::Late {
                step: self.step,
                limit: CONNECT_TIMEOUT,
            })?
            .map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let peer = stream.peer_addr().map_err(unreachable)?;
        self.note(true, peer.to_string());
        Ok(stream)
    }

    async fn hello(&mut self, dialogue: &mut Dialogue, hello: &str) -> Result<Capabilities, OpenError> {
        self.begin("ehlo");
        let reply = dialogue.ask(self.step, &format!("EHLO {hello}")).await?;
        let capabilities = Capabilities::of(&reply);
        self.want(reply, 250)?;
        Ok(capabilities)
    }

    async fn secure(
        &mut self,
        stream: Box<dyn Io>,
        connection: &Connection,
        settings: &MailSettings,
    ) -> Result<Box<dyn Io>, OpenError> {
        self.begin("tls");
        let host = connection.host.to_string();
        let name = ServerName::try_from(host.clone()).map_err(|_| OpenError::Name(host))?;
        let ca_file = settings.ca_file.as_ref().map(|path| PathBuf::from(path.as_str()));
        let connector = tokio::task::spawn_blocking(move || tls::connector(ca_file.as_deref()))
            .await
            .map_err(|_| OpenError::Interrupted)??;
        let secured = timeout(STEP_TIMEOUT, connector.connect(name, stream))
            .await
            .map_err(|_| OpenError::Late {
                step: self.step,
                limit: STEP_TIMEOUT,
            })?
            .map_err(OpenError::Handshake)?;
        let session = secured.get_ref().1;
        let version = session
            .protocol_version()
            .map(|version| format!("{version:?}"))
            .unwrap_or_default();
        self.note(true, version);
        Ok(Box::new(secured))
    }

    fn begin(&mut self, step: &'static str) {
        self.step = step;
        self.begun = Instant::now();
    }

    fn want(&mut self, reply: Reply, code: u16) -> Result<(), OpenError> {
        if reply.code != code {
            return Err(OpenError::Refused {
                step: self.step,
                reply,
            });
        }
        self.note(true, reply.to_string());
        Ok(())
    }

    fn note(&mut self, ok: bool, detail: String) {
        self.steps.push(ProbeStep {
            step: self.step,
            ok,
            detail,
            ms: self.begun.elapsed().as_millis() as u64,
        });
    }
}

/// Command and reply in turn over a stream.
pub struct Dialogue {
    stream: Box<dyn Io>,
    replies: ReplyReader,
}

impl Dialogue {
    pub fn new(stream: Box<dyn Io>) -> Self {
        Dialogue {
            stream,
            replies: ReplyReader::default(),
        }
    }

    pub async fn ask(&mut self, step: &'static str, command: &str) -> Result<Reply, OpenError> {
        let line = format!("{command}\r\n");
        let told = async {
            self.stream.write_all(line.as_bytes()).await?;
            self.stream.flush().await
        };
        timeout(STEP_TIMEOUT, told)
            .await
            .map_err(|_| OpenError::Late {
                step,
                limit: STEP_TIMEOUT,
            })?
            .map_err(|source| OpenError::Broken { step, source })?;
        self.hear(step).await
    }

    pub async fn hear(&mut self, step: &'static str) -> Result<Reply, OpenError> {
        timeout(STEP_TIMEOUT, self.hear_without_end(step))
            .await
            .map_err(|_| OpenError::Late {
                step,
                limit: STEP_TIMEOUT,
            })?
    }

    /// The bare stream, once nothing that was said is left unread.
    pub fn into_stream(self, step: &'static str) -> Result<Box<dyn Io>, OpenError> {
        if self.replies.is_empty() {
            Ok(self.stream)
        } else {
            Err(OpenError::Unasked { step })
        }
    }

    async fn hear_without_end(&mut self, step: &'static str) -> Result<Reply, OpenError> {
        let mut bytes = [0; READ_BYTES];
        loop {
            let reply = self
                .replies
                .next_reply()
                .map_err(|source| OpenError::Unreadable { step, source })?;
            if let Some(reply) = reply {
                if !self.replies.is_empty() {
                    return Err(OpenError::Unasked { step });
                }
                return Ok(reply);
            }
            match self.stream.read(&mut bytes).await {
                Ok(0) => return Err(OpenError::Closed { step }),
                Ok(count) => self.replies.push(&bytes[..count]),
                Err(source) => return Err(OpenError::Broken { step, source }),
            }
        }
    }
}
