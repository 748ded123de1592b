use super::Failed;
use crate::config::Http;
use crate::http::{HttpMetrics, Sockets, observe};
use actix_web::dev::{Extensions, Server};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer, web};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::any::Any;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections the system keeps while the threads are busy.
const BACKLOG: i32 = 1024;
/// How long answers already begun may take when the server stops.
const LAST_ANSWERS_S: u64 = 3;
/// How long a peer may take to close its end.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Takes the port.
pub fn listen(http: &Http) -> Result<TcpListener, Failed> {
    let address = SocketAddr::new(http.bind, http.port);
    let open = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // Otherwise a restart has to wait for the connections of the run before.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    open().map_err(|source| Failed::Listen { address, source })
}

/// Starts the threads with what `configure` gives each of them; the server runs while the result is awaited.
pub fn start(
    listener: TcpListener,
    http: &Http,
    metrics: web::Data<HttpMetrics>,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let workers = match http.workers {
        0 => std::thread::available_parallelism()?.get(),
        n => n.into(),
    };
    let sockets = Arc::new(Sockets::new(
        http.connections_max as usize,
        http.connections_per_source_max,
        http.proxies.clone(),
        metrics.open.clone(),
        metrics.refused.clone(),
    ));
    let send_timeout = Duration::from_secs(http.send_timeout_s.into());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(metrics.clone())
            .wrap(from_fn(observe))
            .configure(configure.clone())
    });
    Ok(server
        .on_connect(move |stream, data| take_place(&sockets, send_timeout, stream, data))
        .workers(workers)
        .max_connections((http.connections_max as usize).div_ceil(workers))
        .keep_alive(Duration::from_secs(http.keep_alive_s.into()))
        .client_request_timeout(Duration::from_secs(http.header_timeout_s.into()))
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .shutdown_timeout(LAST_ANSWERS_S)
        .disable_signals()
        .listen(listener)?
        .run())
}

/// Counts a connection that was accepted, or closes it, and lets the system end it when the peer does not read: nothing else
/// would, as long as an answer waits for it.
fn take_place(sockets: &Arc<Sockets>, send_timeout: Duration, stream: &dyn Any, data: &mut Extensions) {
    let Some(stream) = stream.downcast_ref::<TcpStream>() else {
        return;
    };
    // What fails here fails because the peer has left already.
    let Ok(peer) = stream.peer_addr() else {
        return;
    };
    let socket = SockRef::from(stream);
    match sockets.take(peer.ip(), Instant::now()) {
        Some(place) => {
            data.insert(place);
            let _ = socket.set_tcp_user_timeout(Some(send_timeout));
        }
        None => {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// Where clients on this machine reach the service.
pub fn url(address: SocketAddr) -> String {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}")
}
