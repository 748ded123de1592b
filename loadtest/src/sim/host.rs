//! Many carriers on one thread of their own, and the handle to them.

use super::book::Progress;
use super::carrier::{Carrier, Moment};
use super::config::{CarrierConfig, ConfigError};
use super::order::Order;
use super::shell::Shell;
use crate::clock::Clock;
use crate::ledger::{LedgerError, Sink};
use compact_str::CompactString;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("carrier {carrier} cannot listen on {address}")]
    Listen {
        carrier: CompactString,
        address: SocketAddr,
        source: io::Error,
    },
    #[error("the carriers have more than {} accounts together", u16::MAX)]
    TooManyAccounts,
    #[error("cannot start the carriers' thread")]
    Thread(#[source] io::Error),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("there is no carrier {0}")]
    UnknownCarrier(CompactString),
    #[error("the carriers have stopped")]
    Stopped,
}

/// What one carrier is started with.
pub struct CarrierStart {
    pub config: CarrierConfig,
    pub sink: Box<dyn Sink>,
    /// Whether it listens at first; if not, its port is known but refuses.
    pub listening: bool,
}

/// A running carrier.
#[derive(Clone, Debug)]
pub struct RunningCarrier {
    pub name: CompactString,
    pub address: SocketAddr,
    pub progress: Arc<Progress>,
}

enum Request {
    Order {
        carrier: usize,
        order: Order,
        answer: oneshot::Sender<String>,
    },
    Stop,
}

/// The handle to running carriers. Dropping it stops them; open records are then written as they are.
pub struct Host {
    pub carriers: Vec<RunningCarrier>,
    requests: mpsc::UnboundedSender<Request>,
    thread: Option<JoinHandle<Result<(), HostError>>>,
}

/// Sends orders from any thread.
#[derive(Clone)]
pub struct Orders {
    names: Vec<CompactString>,
    requests: mpsc::UnboundedSender<Request>,
}

impl Orders {
    /// Carries out an order and waits for its answer.
    pub async fn give(&self, carrier: &str, order: Order) -> Result<String, HostError> {
        let place = self.names.iter().position(|name| name == carrier);
        let place = place.ok_or_else(|| HostError::UnknownCarrier(carrier.into()))?;
        let (answer, answered) = oneshot::channel();
        let request = Request::Order {
            carrier: place,
            order,
            answer,
        };
        self.requests.send(request).map_err(|_| HostError::Stopped)?;
        answered.await.map_err(|_| HostError::Stopped)
    }
}

impl Host {
    /// Binds every port, then serves on a thread of its own.
    pub fn start(starts: Vec<CarrierStart>) -> Result<Self, HostError> {
        let mut carriers = Vec::new();
        let mut prepared = Vec::new();
        let mut first_account = 0_u16;
        for start in starts {
            start.config.check()?;
            let wanted = start.config.address();
            let bound = TcpListener::bind(wanted).and_then(|listener| {
                listener.set_nonblocking(true)?;
                Ok((listener.local_addr()?, listener))
            });
            let (address, listener) = bound.map_err(|source| HostError::Listen {
                carrier: start.config.name.clone(),
                address: wanted,
                source,
            })?;
            let progress = Arc::new(Progress::default());
            carriers.push(RunningCarrier {
                name: start.config.name.clone(),
                address,
                progress: Arc::clone(&progress),
            });
            let accounts = u16::try_from(start.config.accounts.len()).ok();
            let next_account = accounts.and_then(|accounts| first_account.checked_add(accounts));
            let next_account = next_account.ok_or(HostError::TooManyAccounts)?;
            let listener = start.listening.then_some(listener);
            prepared.push(Prepared {
                start,
                address,
                listener,
                progress,
                first_account,
            });
            first_account = next_account;
        }
        let (requests, received) = mpsc::unbounded_channel();
        let thread = std::thread::Builder::new()
            .name("carriers".to_owned())
            .spawn(move || run(prepared, received))
            .map_err(HostError::Thread)?;
        Ok(Host {
            carriers,
            requests,
            thread: Some(thread),
        })
    }

    pub fn orders(&self) -> Orders {
        let names = self.carriers.iter().map(|carrier| carrier.name.clone()).collect();
        Orders {
            names,
            requests: self.requests.clone(),
        }
    }

    /// Whether the thread has ended, which it does by itself only when a ledger cannot be written.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Writes what is open into the ledgers and ends.
    pub fn stop(mut self) -> Result<(), HostError> {
        self.join()
    }

    fn join(&mut self) -> Result<(), HostError> {
        // A thread that ended by itself no longer receives.
        let _ = self.requests.send(Request::Stop);
        match self.thread.take() {
            Some(thread) => thread.join().unwrap_or(Err(HostError::Stopped)),
            None => Ok(()),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Err(error) = self.join() {
            tracing::error!(%error, "the carriers ended badly");
        }
    }
}

struct Prepared {
    start: CarrierStart,
    address: SocketAddr,
    listener: Option<TcpListener>,
    progress: Arc<Progress>,
    first_account: u16,
}

fn run(prepared: Vec<Prepared>, mut requests: mpsc::UnboundedReceiver<Request>) -> Result<(), HostError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(HostError::Thread)?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async move {
        let (failures, mut failed) = mpsc::unbounded_channel();
        let mut shells = Vec::new();
        for carrier in prepared {
            let shell = spawn(carrier, &failures)?;
            shells.push(shell);
        }
        loop {
            tokio::select! {
                request = requests.recv() => match request {
                    Some(Request::Order { carrier, order, answer }) => {
                        // Whoever asked may have stopped waiting.
                        let _ = answer.send(shells[carrier].obey(order));
                    }
                    Some(Request::Stop) | None => break,
                },
                Some(failure) = failed.recv() => return Err(failure),
            }
        }
        for shell in &shells {
            shell.obey(Order::Flush);
        }
        Ok(())
    })
}

fn spawn(carrier: Prepared, failures: &mpsc::UnboundedSender<HostError>) -> Result<Rc<Shell>, HostError> {
    let clock = Clock::start();
    let now = Moment {
        millis: clock.millis(),
        unix_us: clock.unix_us(),
    };
    let Prepared {
        start,
        address,
        listener,
        progress,
        first_account,
    } = carrier;
    let name = start.config.name.clone();
    let listen_error = move |source| HostError::Listen {
        carrier: name.clone(),
        address,
        source,
    };
    let core = Carrier::new(start.config, first_account, start.sink, progress, now)?;
    let shell = Shell::new(core, clock, address, start.listening);
    let listener = listener
        .map(tokio::net::TcpListener::from_std)
        .transpose()
        .map_err(&listen_error)?;
    tokio::task::spawn_local(Rc::clone(&shell).keep_time());
    tokio::task::spawn_local({
        let (shell, failures) = (Rc::clone(&shell), failures.clone());
        async move {
            if let Err(source) = shell.accept(listener).await {
                let _ = failures.send(listen_error(source));
            }
        }
    });
    tokio::task::spawn_local({
        let (shell, failures) = (Rc::clone(&shell), failures.clone());
        async move {
            let _ = failures.send(shell.failed().await.into());
        }
    });
    Ok(shell)
}
