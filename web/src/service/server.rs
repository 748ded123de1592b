use super::Failed;
use crate::config::Http;
use crate::endpoint;
use crate::http::{HttpMetrics, observe};
use crate::state::AppState;
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

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

/// Starts the threads; the server runs while the result is awaited.
pub fn start(
    listener: TcpListener,
    http: &Http,
    state: web::Data<AppState>,
    metrics: web::Data<HttpMetrics>,
) -> io::Result<Server> {
    let workers = match http.workers {
        0 => std::thread::available_parallelism()?.get(),
        n => n.into(),
    };
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(metrics.clone())
            .wrap(from_fn(observe))
            .configure(endpoint::configure)
    });
    Ok(server
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

/// Where clients on this machine reach the service.
pub fn url(address: SocketAddr) -> String {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}")
}
