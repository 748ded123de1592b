//! Receivers over real sockets, each with one bad habit.

use super::address::AddressGuard;
use super::call_error::{CallError, Outcome};
use super::caller::{CallTimes, Caller, Kept, Lookup};
use super::target::Target;
use actix_web::web::Bytes;
use futures_util::future::BoxFuture;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, spawn};
use tokio_rustls::TlsAcceptor;

const TIMES: CallTimes = CallTimes {
    connect: Duration::from_millis(500),
    whole: Duration::from_millis(800),
    rest: Duration::from_millis(200),
};

/// A name server that says something else each time; the last for ever.
struct Names(Mutex<Vec<Vec<IpAddr>>>);

impl Lookup for Names {
    fn lookup<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0].clone()
        };
        Box::pin(async move { Ok(answer.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()) })
    }
}

fn caller(names: &[&[&str]], allow: &[&str]) -> Caller {
    let names = names
        .iter()
        .map(|answer| answer.iter().map(|ip| ip.parse().unwrap()).collect());
    Caller {
        guard: AddressGuard::new(allow.iter().map(|net| net.parse().unwrap()).collect()),
        tls: Err("none in this test".to_owned()),
        lookup: Arc::new(Names(Mutex::new(names.collect()))),
        times: TIMES,
    }
}

fn local() -> Caller {
    caller(&[&["127.0.0.1"]], &["127.0.0.1/32"])
}

async fn call(caller: &Caller, kept: &mut Option<Kept>, url: &str) -> Result<(), CallError> {
    let headers = [
        ("webhook-id", "evt_1".to_owned()),
        ("webhook-timestamp", "1".to_owned()),
        ("webhook-signature", "v1,".to_owned()),
    ];
    let target = Target::parse(url).unwrap();
    caller
        .post(kept, &target, &headers, &Bytes::from_static(b"{\"a\":1}"))
        .await
}

/// A receiver that treats every connection so; counts them.
struct Receiver {
    port: u16,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    async fn new<F: Future<Output = ()> + Send + 'static>(
        treat: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        let task = spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                spawn(treat(stream));
            }
        });
        Receiver {
            port,
            connections,
            task,
        }
    }

    /// Answers every request with these bytes, and keeps the connection.
    async fn answering(bytes: &'static [u8]) -> Receiver {
        Receiver::new(move |stream| answer(stream, bytes)).await
    }

    fn url(&self) -> String {
        format!("http://receiver.example:{}/hook?x=1", self.port)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &'static [u8]) {
    while request(&mut stream).await.is_some() {
        if stream.write_all(bytes).await.is_err() {
            return;
        }
    }
}

/// One request as text, body included.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut text = Vec::new();
    while !text.ends_with(b"{\"a\":1}") {
        let mut byte = [0];
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        text.push(byte[0]);
    }
    String::from_utf8(text).ok()
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[actix_web::test]
async fn a_call_has_its_headers_and_the_connection_is_used_again() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let shared = seen.clone();
    let receiver = Receiver::new(move |mut stream| {
        let seen = shared.clone();
        async move {
            while let Some(text) = request(&mut stream).await {
                seen.lock().unwrap().push(text);
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await;
    let (caller, mut kept) = (local(), None);
    for _ in 0..3 {
        call(&caller, &mut kept, &receiver.url()).await.unwrap();
    }
    assert_eq!(receiver.connections(), 1);
    let text = seen.lock().unwrap()[0].to_lowercase();
    assert!(text.starts_with("post /hook?x=1 http/1.1\r\n"), "{text}");
    for header in [
        format!("host: receiver.example:{}", receiver.port),
        "content-type: application/json".to_owned(),
        "content-length: 7".to_owned(),
        "webhook-id: evt_1".to_owned(),
        "webhook-timestamp: 1".to_owned(),
        "webhook-signature: v1,".to_owned(),
    ] {
        assert!(text.contains(&format!("\r\n{header}\r\n")), "{header} in {text}");
    }
}

#[actix_web::test]
async fn only_the_status_decides() {
    let cases: &[(&[u8], Outcome)] = &[
        (OK, Outcome::Taken),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Outcome::Taken),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\xff\xfe<html>",
            Outcome::Taken,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            Outcome::Taken,
        ),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
            Outcome::Taken,
        ),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
            Outcome::Redirect,
        ),
        (b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", Outcome::Gone),
        (
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            Outcome::Status,
        ),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", Outcome::Status),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            Outcome::Status,
        ),
        (b"SSH-2.0-OpenSSH_9\r\n", Outcome::Connection),
        (b"\0\0\0\0\0\0\0\0", Outcome::Connection),
        (b"HTTP/1.1 2000 OK\r\n\r\n", Outcome::Connection),
        (b"HTTP/1.1 200", Outcome::Timeout),
    ];
    for (bytes, outcome) in cases {
        let receiver = Receiver::answering(bytes).await;
        let result = call(&local(), &mut None, &receiver.url()).await;
        assert_eq!(
            Outcome::of(&result),
            *outcome,
            "{:?}: {result:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[actix_web::test]
async fn a_wait_that_is_asked_for_is_told() {
    let receiver =
        Receiver::answering(b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n").await;
    let result = call(&local(), &mut None, &receiver.url()).await;
    let Err(CallError::Status { status: 503, wait }) = result else {
        panic!("{result:?}")
    };
    assert_eq!(wait, Some(Duration::from_secs(120)));
}

#[actix_web::test]
async fn who_hangs_closes_or_never_ends_costs_bounded_time() {
    let hangs = Receiver::new(|mut stream| async move {
        request(&mut stream).await;
        std::future::pending().await
    })
    .await;
    let never_reads = Receiver::new(|stream| async move {
        let _open = stream;
        std::future::pending().await
    })
    .await;
    let closes = Receiver::new(|mut stream| async move {
        request(&mut stream).await;
    })
    .await;
    let endless_head = Receiver::new(|mut stream| async move {
        request(&mut stream).await;
        let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").await;
        while sent.is_ok() {
            sent = stream.write_all(&[b'a'; 4096]).await;
        }
    })
    .await;
    let endless_body = Receiver::new(|mut stream| async move {
        request(&mut stream).await;
        let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while sent.is_ok() {
            sent = stream.write_all(&[b'a'; 4096]).await;
        }
    })
    .await;
    let hanging_body = Receiver::answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\na").await;
    for (receiver, outcome) in [
        (&hangs, Outcome::Timeout),
        (&never_reads, Outcome::Timeout),
        (&closes, Outcome::Connection),
        (&endless_head, Outcome::Connection),
        (&endless_body, Outcome::Taken),
        (&hanging_body, Outcome::Taken),
    ] {
        let begin = Instant::now();
        let mut kept = None;
        let result = call(&local(), &mut kept, &receiver.url()).await;
        assert_eq!(Outcome::of(&result), outcome, "{result:?}");
        assert!(kept.is_none(), "such a connection is not used again");
        assert!(begin.elapsed() < TIMES.whole + TIMES.rest + Duration::from_secs(2));
    }
}

#[actix_web::test]
async fn an_idle_connection_that_was_closed_is_opened_anew_for_the_same_call() {
    let receiver = Receiver::new(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(OK).await.unwrap();
    })
    .await;
    let (caller, mut kept) = (local(), None);
    for calls in 1..=3 {
        call(&caller, &mut kept, &receiver.url()).await.unwrap();
        assert_eq!(receiver.connections(), calls);
    }
}

#[actix_web::test]
async fn nothing_is_connected_that_is_not_allowed() {
    let receiver = Receiver::answering(OK).await;
    let port = receiver.port;
    for (names, url) in [
        (&["127.0.0.1"][..], receiver.url()),
        (
            &["::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1"][..],
            receiver.url(),
        ),
        (&["127.0.0.1"][..], format!("http://127.0.0.1:{port}/")),
        (&["127.0.0.1"][..], format!("http://2130706433:{port}/")),
    ] {
        let result = call(&caller(&[names], &[]), &mut None, &url).await;
        assert_eq!(Outcome::of(&result), Outcome::AddressRefused, "{url}: {result:?}");
    }
    assert_eq!(receiver.connections(), 0);
    let other = caller(&[&["127.0.0.1"]], &["127.0.0.2/32"]);
    let result = call(&other, &mut None, &receiver.url()).await;
    assert_eq!(Outcome::of(&result), Outcome::AddressRefused);
    let some = caller(&[&["10.0.0.1", "127.0.0.1"]], &["127.0.0.1/32"]);
    call(&some, &mut None, &receiver.url()).await.unwrap();
    assert_eq!(receiver.connections(), 1, "the allowed one of two");
}

/// A name that leads outside when it is looked at and inside when it is used (DNS rebinding).
#[actix_web::test]
async fn every_connection_goes_to_the_address_that_was_checked() {
    let receiver = Receiver::new(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(OK).await.unwrap();
    })
    .await;
    let caller = caller(&[&["127.0.0.1"], &["127.0.0.2"]], &["127.0.0.1/32"]);
    call(&caller, &mut None, &receiver.url()).await.unwrap();
    for _ in 0..3 {
        let result = call(&caller, &mut None, &receiver.url()).await;
        assert_eq!(Outcome::of(&result), Outcome::AddressRefused, "{result:?}");
    }
    assert_eq!(receiver.connections(), 1);
}

#[actix_web::test]
async fn names_without_address_ports_without_listener_and_absent_roots_are_told() {
    let nameless = caller(&[&[]], &["127.0.0.1/32"]);
    let result = call(&nameless, &mut None, "http://receiver.example/").await;
    assert!(matches!(result, Err(CallError::Lookup(_))), "{result:?}");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let result = call(&local(), &mut None, &format!("http://receiver.example:{port}/")).await;
    assert!(matches!(result, Err(CallError::Connect(_))), "{result:?}");
    let receiver = Receiver::answering(OK).await;
    let url = format!("https://receiver.example:{}/", receiver.port);
    let result = call(&local(), &mut None, &url).await;
    assert!(matches!(result, Err(CallError::NoRoots(_))), "{result:?}");
}

#[actix_web::test]
async fn a_certificate_must_be_trusted_and_for_the_host() {
    let made = rcgen::generate_simple_self_signed(vec!["receiver.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let receiver = Receiver::new(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                answer(stream, OK).await;
            }
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, made.cert.pem()).unwrap();
    let trusting = Caller {
        tls: super::connector(Some(&authority)),
        ..local()
    };
    let url = |host: &str| format!("https://{host}:{}/", receiver.port);
    call(&trusting, &mut None, &url("receiver.example"))
        .await
        .unwrap();
    let result = call(&trusting, &mut None, &url("other.example")).await;
    assert!(matches!(result, Err(CallError::Tls(_))), "{result:?}");

    let another = rcgen::generate_simple_self_signed(vec!["another.example".to_owned()]).unwrap();
    std::fs::write(&authority, another.cert.pem()).unwrap();
    let distrusting = Caller {
        tls: super::connector(Some(&authority)),
        ..local()
    };
    let result = call(&distrusting, &mut None, &url("receiver.example")).await;
    assert!(matches!(result, Err(CallError::Tls(_))), "{result:?}");
    assert!(super::connector(Some(&folder.path().join("absent.pem"))).is_err());
}
