//! `carillon serve` as a child process that can be killed and started again on the same data.

use super::apply::API_KEY;
use super::features;
use crate::http::HttpClient;
use crate::operator::{LoginError, OperatorSession};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("cannot start {program}; build it first: cargo build -p carillon")]
    Start { program: PathBuf, source: io::Error },
    #[error("cannot write into the run's folder")]
    Folder(#[source] io::Error),
    #[error("carillon apply failed with {status}; see {log}")]
    Apply { status: ExitStatus, log: PathBuf },
    #[error("carillon serve ended with {status}; see {log}")]
    Ended { status: ExitStatus, log: PathBuf },
    #[error("carillon serve was not ready within {0:?}; see its log")]
    NotReady(Duration),
    #[error("cannot kill carillon serve")]
    Kill(#[source] io::Error),
    #[error("cannot wait for carillon serve")]
    Wait(#[source] io::Error),
    #[error(transparent)]
    Login(#[from] LoginError),
}

const READY_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const OPERATOR_TIMEOUT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// A server with its folder. Killed when dropped.
pub struct Server {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
    starts: u32,
    session: Option<OperatorSession>,
    environment: Vec<(&'static str, String)>,
}

impl Server {
    /// Applies the file and starts the server on a free port. The program stands beside this one unless named.
    pub async fn start(folder: &Path, apply_file: &str, program: Option<&Path>) -> Result<Self, ServerError> {
        Self::start_with(folder, apply_file, program, Vec::new()).await
    }

    /// The same, with settings in its environment.
    pub async fn start_with(
        folder: &Path,
        apply_file: &str,
        program: Option<&Path>,
        environment: Vec<(&'static str, String)>,
    ) -> Result<Self, ServerError> {
        let program = program_at(program)?;
        let mut server = Server {
            program,
            folder: folder.to_owned(),
            port: free_port()?,
            child: None,
            starts: 0,
            session: None,
            environment,
        };
        server.apply(apply_file)?;
        server.start_again().await?;
        Ok(server)
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    pub fn client(&self) -> HttpClient {
        HttpClient::new(
            self.address(),
            &format!("Bearer {API_KEY}"),
            Duration::from_secs(10),
        )
    }

    /// A client with the operator's rights. Logs in when it is first asked for one.
    pub async fn operator(&mut self) -> Result<HttpClient, ServerError> {
        let address = self.address();
        let session = match self.session.take() {
            Some(session) => session,
            None => {
                let password = std::fs::read_to_string(self.password_file()).map_err(ServerError::Folder)?;
                OperatorSession::log_in(address, password.trim()).await?
            }
        };
        let client = session.client(address, OPERATOR_TIMEOUT);
        self.session = Some(session);
        Ok(client)
    }

    /// The operator's session as header lines.
    pub async fn operator_headers(&mut self) -> Result<String, ServerError> {
        self.operator().await?;
        let headers = self.session.as_ref().map(OperatorSession::headers);
        Ok(headers.unwrap_or_default().to_owned())
    }

    fn password_file(&self) -> PathBuf {
        self.folder.join("password")
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    fn log(&self, name: &str) -> Result<(PathBuf, File), ServerError> {
        let path = self.folder.join(name);
        let file = File::create(&path).map_err(ServerError::Folder)?;
        Ok((path, file))
    }

    fn command<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        log: File,
    ) -> Result<Command, ServerError> {
        let mut command = Command::new(&self.program);
        let errors = log.try_clone().map_err(ServerError::Folder)?;
        command
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        Ok(command)
    }

    fn apply(&self, apply_file: &str) -> Result<(), ServerError> {
        let path = self.folder.join("apply.toml");
        std::fs::write(&path, apply_file).map_err(ServerError::Folder)?;
        std::fs::create_dir_all(self.data()).map_err(ServerError::Folder)?;
        let (log, file) = self.log("apply.log")?;
        let (data, path) = (self.data().into_os_string(), path.into_os_string());
        let arguments = [OsStr::new("apply"), &path, OsStr::new("--data"), &data];
        let status = self.command(arguments, file)?.status();
        let status = status.map_err(|source| ServerError::Start {
            program: self.program.clone(),
            source,
        })?;
        if status.success() {
            Ok(())
        } else {
            Err(ServerError::Apply { status, log })
        }
    }

    /// Settings that the next start finds in its environment.
    pub fn set_environment(&mut self, environment: Vec<(&'static str, String)>) {
        self.environment = environment;
    }

    /// Starts it on the same data and port, and waits until it is ready. Returns how long that took.
    pub async fn start_again(&mut self) -> Result<Duration, ServerError> {
        let start = Instant::now();
        let log = self.spawn()?;
        let mut client = self.client();
        while start.elapsed() < READY_TIMEOUT {
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait().map_err(ServerError::Wait)?
            {
                return Err(ServerError::Ended { status, log });
            }
            if client
                .get("/readyz")
                .await
                .is_ok_and(|answer| answer.status == 200)
            {
                return Ok(start.elapsed());
            }
            tokio::time::sleep(POLL).await;
        }
        Err(ServerError::NotReady(READY_TIMEOUT))
    }

    /// Starts it on the same data and port, and goes on at once. Returns where its log is.
    pub fn spawn(&mut self) -> Result<PathBuf, ServerError> {
        self.starts += 1;
        let (log, file) = self.log(&format!("serve-{}.log", self.starts))?;
        let (data, port) = (self.data().into_os_string(), self.port.to_string());
        let password = self.password_file();
        let config = self.folder.join("carillon.toml");
        std::fs::write(&config, features::SETTINGS).map_err(ServerError::Folder)?;
        let arguments = [
            OsStr::new("serve"),
            OsStr::new("--data"),
            &data,
            OsStr::new("--port"),
            OsStr::new(&port),
            OsStr::new("--config"),
            config.as_os_str(),
            OsStr::new("--password-file"),
            password.as_os_str(),
        ];
        let child = self.command(arguments, file)?.spawn();
        let child = child.map_err(|source| ServerError::Start {
            program: self.program.clone(),
            source,
        })?;
        self.child = Some(child);
        Ok(log)
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> Result<(), ServerError> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        child.kill().map_err(ServerError::Kill)?;
        child.wait().map_err(ServerError::Wait)?;
        Ok(())
    }

    /// Asks it to drain and end, and waits for it.
    pub async fn stop(&mut self) -> Result<ExitStatus, ServerError> {
        let Some(mut child) = self.child.take() else {
            return Ok(ExitStatus::default());
        };
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .map_err(|error| ServerError::Kill(error.into()))?;
        let start = Instant::now();
        while start.elapsed() < STOP_TIMEOUT {
            if let Some(status) = child.try_wait().map_err(ServerError::Wait)? {
                return Ok(status);
            }
            tokio::time::sleep(POLL).await;
        }
        child.kill().map_err(ServerError::Kill)?;
        child.wait().map_err(ServerError::Wait)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            tracing::error!(%error, "the server may still run");
        }
    }
}

/// The program `carillon`; by default the one beside this program.
pub fn program_at(named: Option<&Path>) -> Result<PathBuf, ServerError> {
    let beside = || std::env::current_exe().map(|own| own.with_file_name("carillon"));
    match named {
        Some(program) => Ok(program.to_owned()),
        None => beside().map_err(ServerError::Folder),
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16, ServerError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ServerError::Folder)?;
    listener
        .local_addr()
        .map(|address| address.port())
        .map_err(ServerError::Folder)
}
