//! The sink as a server: sockets, TLS, time, ledger and reports around [`SinkSession`].

use super::act::{Act, Rule, act_for};
use super::certificate::Certificate;
use super::ledger::{MailLedger, MailRecord, records};
use super::report::{hand_over, notification};
use super::session::{Arrived, LINE_BYTES_MAX, Reaction, Script, SinkSession, Then};
use crate::clock::Clock;
use parking_lot::Mutex;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Sessions at once; further ones are told to come again.
const SESSIONS_MAX: usize = 1_000;
/// Reports that wait or are on their way.
const REPORTS_MAX: usize = 100_000;
const REPORT_SESSIONS_MAX: usize = 8;
/// A gateway that is down for longer loses the report.
const REPORT_TRIES: u32 = 600;
const REPORT_RETRY: Duration = Duration::from_millis(200);

pub struct SinkOptions {
    pub listen: SocketAddr,
    pub rules: Vec<Rule>,
    pub login: Option<(String, String)>,
    pub tls: Option<SinkTls>,
    /// A session that says nothing for so long is closed without a word.
    pub idle: Duration,
    /// Where reports are handed over; `None`: there are none.
    pub bounce_to: Option<SocketAddr>,
}

pub struct SinkTls {
    pub certificate: Certificate,
    /// From the first byte; else by STARTTLS.
    pub implicit: bool,
}

/// What a sink has counted.
#[derive(Debug, Default)]
pub struct SinkProgress {
    pub sessions: AtomicU32,
    /// Mails whose end has come, once per recipient.
    pub mails: AtomicU64,
    pub reports_given: AtomicU64,
    /// Reports that were refused, or for which there was no room or no time.
    pub reports_lost: AtomicU64,
}

/// A running sink. Dropping it ends its sessions with the runtime they run on; [`MailSink::stop`] ends listening.
pub struct MailSink {
    pub address: SocketAddr,
    inner: Arc<Inner>,
    listening: JoinHandle<()>,
}

struct Inner {
    script: Arc<Script>,
    tls: Option<SinkTls>,
    idle: Duration,
    bounce_to: Option<SocketAddr>,
    ledger: Mutex<Box<dyn MailLedger>>,
    clock: Clock,
    busy: AtomicBool,
    progress: SinkProgress,
    session_slots: Arc<Semaphore>,
    report_slots: Arc<Semaphore>,
    report_sessions: Semaphore,
}

impl MailSink {
    /// Serves on the runtime it is called on.
    pub async fn start(options: SinkOptions, ledger: Box<dyn MailLedger>) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let starttls = options.tls.as_ref().is_some_and(|tls| !tls.implicit);
        let inner = Arc::new(Inner {
            script: Arc::new(Script::new(options.rules, options.login, starttls)),
            tls: options.tls,
            idle: options.idle,
            bounce_to: options.bounce_to,
            ledger: Mutex::new(ledger),
            clock: Clock::start(),
            busy: AtomicBool::new(false),
            progress: SinkProgress::default(),
            session_slots: Arc::new(Semaphore::new(SESSIONS_MAX)),
            report_slots: Arc::new(Semaphore::new(REPORTS_MAX)),
            report_sessions: Semaphore::new(REPORT_SESSIONS_MAX),
        });
        let address = listener.local_addr()?;
        let listening = tokio::spawn(listen(listener, Arc::clone(&inner)));
        Ok(MailSink {
            address,
            inner,
            listening,
        })
    }

    pub fn progress(&self) -> &SinkProgress {
        &self.inner.progress
    }

    /// Other rules from now on.
    pub fn set_rules(&self, rules: Vec<Rule>) {
        *self.inner.script.rules.write() = rules;
    }

    /// Whether new sessions are turned away with 421.
    pub fn set_busy(&self, busy: bool) {
        self.inner.busy.store(busy, Ordering::Relaxed);
    }

    pub fn stop(self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, inner: Arc<Inner>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a session could not be accepted");
                // Out of descriptors it would be tried again without a pause.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let inner = Arc::clone(&inner);
        let slot = Arc::clone(&inner.session_slots).try_acquire_owned();
        tokio::spawn(async move {
            let number = inner.progress.sessions.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = serve(&inner, stream, number, slot.is_err()).await {
                tracing::debug!(%error, number, "a session ended");
            }
        });
    }
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Io for S {}

async fn serve(inner: &Arc<Inner>, stream: TcpStream, number: u32, full: bool) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut bare: Box<dyn Io> = Box::new(stream);
    let mut secured = false;
    if let Some(tls) = inner.tls.as_ref().filter(|tls| tls.implicit) {
        bare = within(inner.idle, secure(tls, bare)).await?;
        secured = true;
    }
    let mut stream = BufReader::new(bare);
    let mut session = SinkSession::new(Arc::clone(&inner.script), secured);
    let busy = full || inner.busy.load(Ordering::Relaxed);
    let mut reaction = if busy {
        SinkSession::busy()
    } else {
        SinkSession::greeting()
    };
    let mut line = Vec::new();
    loop {
        let then = reaction.then;
        perform(inner, &mut stream, reaction, number, session.is_secured()).await?;
        match then {
            Then::GoOn => {}
            Then::Close => return stream.shutdown().await,
            Then::Hang => {
                // Until the peer has had enough.
                tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
                return Ok(());
            }
            Then::Secure => {
                // What was said before the handshake anybody on the way may have said (RFC 3207 §5).
                let Some(tls) = inner.tls.as_ref().filter(|_| stream.buffer().is_empty()) else {
                    return Ok(());
                };
                let bare = within(inner.idle, secure(tls, stream.into_inner())).await?;
                stream = BufReader::new(bare);
                session.secure();
            }
        }
        line.clear();
        let limit = LINE_BYTES_MAX as u64;
        let mut limited = (&mut stream).take(limit);
        within(inner.idle, limited.read_until(b'\n', &mut line)).await?;
        // Cut off, too long, or ended by a bare LF, which others may not take for an end.
        let Some(text) = line.strip_suffix(b"\r\n") else {
            return Ok(());
        };
        reaction = session.line(text, inner.clock.millis());
    }
}

async fn perform(
    inner: &Arc<Inner>,
    stream: &mut BufReader<Box<dyn Io>>,
    reaction: Reaction,
    number: u32,
    secured: bool,
) -> io::Result<()> {
    if let Some(arrived) = &reaction.arrived {
        record(inner, arrived, number, secured)?;
    }
    if !reaction.wait.is_zero() {
        tokio::time::sleep(reaction.wait).await;
    }
    if !reaction.reply.is_empty() {
        stream.write_all(reaction.reply.as_bytes()).await?;
        stream.flush().await?;
    }
    Ok(())
}

async fn secure(tls: &SinkTls, stream: Box<dyn Io>) -> io::Result<Box<dyn Io>> {
    Ok(Box::new(tls.certificate.acceptor.accept(stream).await?))
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn record(inner: &Arc<Inner>, arrived: &Arrived, number: u32, secured: bool) -> io::Result<()> {
    for record in records(arrived, number, secured, inner.clock.unix_us()) {
        inner.progress.mails.fetch_add(1, Ordering::Relaxed);
        inner.ledger.lock().mail(&record)?;
        let act = act_for(&inner.script.rules.read(), &record.to);
        if let (Act::Report(..), Some(to), true) = (act, inner.bounce_to, record.kept) {
            report(inner, to, act, record);
        }
    }
    Ok(())
}

fn report(inner: &Arc<Inner>, to: SocketAddr, act: Act, record: MailRecord) {
    let Act::Report(kind, wait) = act else { return };
    if record.from.is_empty() {
        return;
    }
    let lost = |inner: &Inner| inner.progress.reports_lost.fetch_add(1, Ordering::Relaxed);
    let Ok(slot) = Arc::clone(&inner.report_slots).try_acquire_owned() else {
        lost(inner);
        return;
    };
    let inner = Arc::clone(inner);
    tokio::spawn(async move {
        let _slot = slot;
        tokio::time::sleep(wait).await;
        let text = notification(kind, &record);
        for _ in 0..REPORT_TRIES {
            let handed = match inner.report_sessions.acquire().await {
                Ok(_session) => hand_over(to, &record.from, &text).await,
                Err(_) => break,
            };
            match handed {
                Ok(()) => {
                    inner.progress.reports_given.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                Err(error) if error.is_passing() => tokio::time::sleep(REPORT_RETRY).await,
                Err(error) => {
                    tracing::warn!(%error, "a report was refused");
                    break;
                }
            }
        }
        lost(&inner);
    });
}
