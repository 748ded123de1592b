use super::address::AddressGuard;
use super::call_error::CallError;
use super::target::Target;
use actix_web::web::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, spawn};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub struct CallTimes {
    pub connect: Duration,
    /// Connecting, sending and waiting for the status.
    pub whole: Duration,
    /// Reading what follows the status, so that the connection can be used again.
    pub rest: Duration,
}

impl Default for CallTimes {
    fn default() -> Self {
        CallTimes {
            connect: Duration::from_secs(5),
            whole: Duration::from_secs(15),
            rest: Duration::from_secs(1),
        }
    }
}

/// Bytes of an answer that are read, to be ignored; a longer one costs the receiver its connection.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Addresses of one host that are tried.
const ADDRESSES_MAX: usize = 8;

/// Finds the addresses of a host; each connection asks anew.
pub trait Lookup: Send + Sync {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// As the system does it.
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            Ok(tokio::net::lookup_host((host, port))
                .await?
                .take(ADDRESSES_MAX)
                .collect())
        })
    }
}

/// Calls receivers over HTTP/1.1.
///
/// It connects to the very address it has checked: no second look-up, proxy of the environment or redirect leads elsewhere.
pub struct Caller {
    pub guard: AddressGuard,
    /// Or why there is none; receivers without TLS need none.
    pub tls: Result<TlsConnector, String>,
    pub lookup: Arc<dyn Lookup>,
    pub times: CallTimes,
}

/// A connection that may be used again.
pub struct Kept {
    sender: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Caller {
    /// Posts a body once. `headers` are those of Standard Webhooks.
    pub async fn post(
        &self,
        kept: &mut Option<Kept>,
        target: &Target,
        headers: &[(&'static str, String); 3],
        body: &Bytes,
    ) -> Result<(), CallError> {
        let exchange = self.exchange(kept.take(), target, headers, body);
        let (response, connection) =
            timeout(self.times.whole, exchange)
                .await
                .map_err(|_| CallError::Timeout {
                    after: self.times.whole,
                })??;
        let result = judge(&response);
        // Whatever follows the status changes nothing any more.
        if let Ok(true) = timeout(self.times.rest, is_short(response.into_body())).await {
            *kept = Some(connection);
        }
        result
    }

    async fn exchange(
        &self,
        kept: Option<Kept>,
        target: &Target,
        headers: &[(&'static str, String); 3],
        body: &Bytes,
    ) -> Result<(Response<Incoming>, Kept), CallError> {
        if let Some(mut connection) = kept
            && connection.sender.ready().await.is_ok()
            // The receiver may close an idle connection at the very moment: then a new one is tried.
            && let Ok(response) = connection.sender.send_request(request(target, headers, body)?).await
        {
            return Ok((response, connection));
        }
        let mut connection = self.connect(target).await?;
        let request = request(target, headers, body)?;
        let response = connection
            .sender
            .send_request(request)
            .await
            .map_err(CallError::Broken)?;
        Ok((response, connection))
    }

    async fn connect(&self, target: &Target) -> Result<Kept, CallError> {
        let late = || CallError::Timeout {
            after: self.times.connect,
        };
        let connecting = async {
            let stream = self.stream(target).await?;
            if !target.tls {
                return handshake(stream).await;
            }
            let tls = self.tls.as_ref().map_err(|why| CallError::NoRoots(why.clone()))?;
            let name = ServerName::try_from(target.host.clone()).map_err(|_| CallError::Url)?;
            handshake(tls.connect(name, stream).await.map_err(CallError::Tls)?).await
        };
        timeout(self.times.connect, connecting)
            .await
            .map_err(|_| late())?
    }

    async fn stream(&self, target: &Target) -> Result<TcpStream, CallError> {
        let addresses = self
            .lookup
            .lookup(&target.host, target.port)
            .await
            .map_err(CallError::Lookup)?;
        let nothing = || io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        let mut last = CallError::Lookup(nothing());
        for address in addresses.into_iter().take(ADDRESSES_MAX) {
            if !self.guard.is_allowed(address.ip()) {
                last = CallError::AddressRefused {
                    address: address.ip(),
                };
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(CallError::Connect)?;
                    return Ok(stream);
                }
                Err(error) => last = CallError::Connect(error),
            }
        }
        Err(last)
    }
}

async fn handshake(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Kept, CallError> {
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(CallError::Broken)?;
    let driver = spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a webhook's connection ended");
        }
    });
    Ok(Kept {
        sender,
        driver: driver.abort_handle(),
    })
}

fn request(
    target: &Target,
    headers: &[(&'static str, String); 3],
    body: &Bytes,
) -> Result<Request<Full<Bytes>>, CallError> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&target.path)
        .header(HOST, &target.authority)
        .header(USER_AGENT, concat!("carillon/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(Full::new(body.clone())).map_err(|_| CallError::Url)
}

fn judge(response: &Response<Incoming>) -> Result<(), CallError> {
    match response.status().as_u16() {
        200..300 => Ok(()),
        410 => Err(CallError::Gone),
        status @ 300..400 => Err(CallError::Redirect { status }),
        status => Err(CallError::Status {
            status,
            wait: response.headers().get(RETRY_AFTER).and_then(seconds),
        }),
    }
}

/// `Retry-After` in seconds; as a date it is ignored.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Reads a body to its end; `false` when it is too long or breaks off.
async fn is_short(mut body: Incoming) -> bool {
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        bytes += frame.data_ref().map_or(0, Bytes::len);
        if bytes > ANSWER_BYTES_MAX {
            return false;
        }
    }
    true
}
