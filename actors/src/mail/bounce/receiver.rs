//! The sockets of the bounce receiver.

use super::report::read_notice;
use super::reported::Reported;
use super::session::{Arrived, BounceSession};
use crate::handle::LaneHandle;
use crate::mail::return_path::ReturnPaths;
use crate::status::Readiness;
use actix::Arbiter;
use std::cell::RefCell;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Peers at the same time; more are told to come again.
const CONNECTIONS_MAX: usize = 64;
/// Nothing came for so long (RFC 5321 §4.5.3.2.7 wants minutes; bounces are tried again).
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Until a peer has named a return path of ours: strangers must not keep the places for long.
const STRANGER_TIMEOUT: Duration = Duration::from_secs(60);
/// One session altogether.
const SESSION_TIMEOUT: Duration = Duration::from_secs(600);
/// A bounce that is not durable after so long is to be sent again.
const DURABLE_TIMEOUT: Duration = Duration::from_secs(30);
const READ_BYTES: usize = 16 * 1024;
/// Pause after the system gave no socket (out of files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Takes bounces on a thread of its own until the lane stops: what strangers send costs the lane nothing until it is a bounce
/// of ours. Gives the address it listens on.
pub fn receive_bounces(at: SocketAddr, paths: ReturnPaths, lane: LaneHandle) -> io::Result<SocketAddr> {
    let listener = StdListener::bind(at)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let arbiter = Arbiter::new();
    arbiter.spawn_fn(move || {
        if let Err(error) = rustix::thread::set_name(c"bounces") {
            tracing::debug!(%error, "the bounces' thread keeps its name");
        }
        actix::spawn(async move {
            match TcpListener::from_std(listener) {
                Ok(listener) => accept(listener, paths, lane).await,
                Err(error) => tracing::error!(%error, "bounces cannot be received"),
            }
            Arbiter::current().stop();
        });
    });
    Ok(address)
}

async fn accept(listener: TcpListener, paths: ReturnPaths, lane: LaneHandle) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let reported = Rc::new(RefCell::new(Reported::default()));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&lane) => return,
        };
        let mut stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a bounce's connection cannot be taken");
                actix::clock::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = room.clone().try_acquire_owned() else {
            lane.counters().bounces_refused.add(1);
            // Best effort: the peer comes again either way.
            let _unsent = stream.try_write(b"421 4.3.2 too many connections\r\n");
            continue;
        };
        let (paths, lane, reported) = (paths.clone(), lane.clone(), reported.clone());
        actix::spawn(async move {
            let serving = serve(&mut stream, paths, &lane, &reported);
            if let Ok(Err(error)) = timeout(SESSION_TIMEOUT, serving).await {
                tracing::debug!(%error, "a bounce's session broke");
            }
            drop(place);
        });
    }
}

async fn stopped(lane: &LaneHandle) {
    let mut readiness = lane.inner.readiness.clone();
    let is_over = |readiness: &Readiness| matches!(readiness, Readiness::Stopping | Readiness::Failed { .. });
    // A lane that is gone has stopped, too.
    let _either_way = readiness.wait_for(is_over).await;
}

async fn serve(
    stream: &mut TcpStream,
    paths: ReturnPaths,
    lane: &LaneHandle,
    reported: &RefCell<Reported>,
) -> io::Result<()> {
    let begun = Instant::now();
    let mut session = BounceSession::new(paths);
    let mut bytes = vec![0; READ_BYTES];
    loop {
        let output = session.take_output();
        timeout(IDLE_TIMEOUT, stream.write_all(&output)).await??;
        if session.is_ended() {
            return stream.shutdown().await;
        }
        let patience = if session.is_stranger() {
            STRANGER_TIMEOUT.saturating_sub(begun.elapsed())
        } else {
            IDLE_TIMEOUT
        };
        let mut arrived = match timeout(patience, stream.read(&mut bytes)).await {
            Ok(Ok(0)) => return Ok(()),
            Ok(Ok(count)) => session.receive(&bytes[..count]),
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                session.shut();
                None
            }
        };
        while let Some(mail) = arrived {
            let durable = timeout(DURABLE_TIMEOUT, note(mail, lane, reported)).await;
            arrived = session.answer(durable.unwrap_or(false));
        }
    }
}

/// Whether what the mail says is durable (ACK-1).
async fn note(mail: Arrived, lane: &LaneHandle, reported: &RefCell<Reported>) -> bool {
    lane.counters().bounces_received.add(1);
    let mut paths = mail.paths;
    paths.retain(|path| !reported.borrow().has_enough(*path));
    if paths.is_empty() {
        lane.counters().receipts_duplicate.add(1);
        return true;
    }
    let notice = read_notice(&mail.message, mail.without_sender);
    let noted = paths.clone();
    let waits = lane
        .ask(move |lane| {
            lane.with(|core, now| {
                let waits = paths
                    .into_iter()
                    .map(|path| core.bounce(path, notice.clone(), now));
                waits.collect::<Vec<_>>()
            })
        })
        .await;
    let Ok(waits) = waits else { return false };
    let durable = futures_util::future::join_all(waits)
        .await
        .iter()
        .all(Result::is_ok);
    if durable {
        noted
            .into_iter()
            .for_each(|path| reported.borrow_mut().count(path));
    }
    durable
}
