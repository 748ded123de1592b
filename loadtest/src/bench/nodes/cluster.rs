use crate::bench::folder::Folder;
use crate::bench::outcome::RunError;
use crate::bench::place::Place;
use crate::bench::server::{ServerError, free_port, program_at};
use crate::bench::system::SystemError;
use crate::http::HttpClient;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const READY_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// Nodes on real servers, whose places are in the environment as for any other program (`CARILLON_KAFKA_BROKERS` …).
pub struct Cluster {
    folder: Option<Folder>,
    program: PathBuf,
    environment: Vec<(&'static str, String)>,
    nodes: Vec<NodeProcess>,
}

struct NodeProcess {
    port: u16,
    /// The leader of a group, to which its lanes belong.
    child: Option<Child>,
    starts: u32,
}

impl Cluster {
    /// Makes the configuration known, and starts nothing.
    pub fn prepare(
        place: &Place,
        nodes: usize,
        environment: Vec<(&'static str, String)>,
        apply_file: &str,
    ) -> Result<Self, RunError> {
        let folder = Folder::make(place).map_err(SystemError::Folder)?;
        let program = program_at(place.program.as_deref())?;
        let node = |_| {
            Ok(NodeProcess {
                port: free_port()?,
                child: None,
                starts: 0,
            })
        };
        let cluster = Cluster {
            nodes: (0..nodes).map(node).collect::<Result<_, ServerError>>()?,
            folder: Some(folder),
            program,
            environment,
        };
        cluster.apply(apply_file)?;
        Ok(cluster)
    }

    fn command(&self, log: &str) -> Result<(Command, PathBuf), ServerError> {
        let path = self.path().join(log);
        let file = File::create(&path).map_err(ServerError::Folder)?;
        let errors = file.try_clone().map_err(ServerError::Folder)?;
        let mut command = Command::new(&self.program);
        command
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors);
        Ok((command, path))
    }

    fn apply(&self, apply_file: &str) -> Result<(), ServerError> {
        let path = self.path().join("apply.toml");
        std::fs::write(&path, apply_file).map_err(ServerError::Folder)?;
        let (mut command, log) = self.command("apply.log")?;
        let data = self.path().join("apply");
        let status = command.arg("apply").arg(path).arg("--data").arg(data).status();
        let status = status.map_err(|source| self.not_started(source))?;
        match status.success() {
            true => Ok(()),
            false => Err(ServerError::Apply { status, log }),
        }
    }

    fn not_started(&self, source: std::io::Error) -> ServerError {
        ServerError::Start {
            program: self.program.clone(),
            source,
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new(""), Folder::path)
    }

    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    pub fn address(&self, node: usize) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.nodes[node].port))
    }

    pub fn start(&mut self, node: usize) -> Result<(), RunError> {
        let name = name_of(node);
        self.nodes[node].starts += 1;
        let (mut command, _) = self.command(&format!("{name}-{}.log", self.nodes[node].starts))?;
        let child = command
            .env("CARILLON_KAFKA_NODE", &name)
            .arg("node")
            .args(["--port", &self.nodes[node].port.to_string(), "--data"])
            .arg(self.path().join(&name))
            .arg("--password-file")
            .arg(self.password_file())
            .process_group(0)
            .spawn();
        self.nodes[node].child = Some(child.map_err(|source| self.not_started(source))?);
        Ok(())
    }

    pub fn password_file(&self) -> PathBuf {
        self.path().join("password")
    }

    /// Waits until the node answers.
    pub async fn until_ready(&self, node: usize) -> Result<(), RunError> {
        let begin = Instant::now();
        let mut client = HttpClient::new(self.address(node), "", Duration::from_secs(2));
        while begin.elapsed() < READY_TIMEOUT {
            if client
                .get("/readyz")
                .await
                .is_ok_and(|answer| answer.status == 200)
            {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        Err(ServerError::NotReady(READY_TIMEOUT).into())
    }

    /// To the node and to its lanes.
    pub fn signal(&self, node: usize, signal: Signal) -> Result<(), ServerError> {
        let Some(child) = &self.nodes[node].child else {
            return Ok(());
        };
        kill_process_group(Pid::from_child(child), signal).map_err(|error| ServerError::Kill(error.into()))
    }

    pub fn kill(&mut self, node: usize) -> Result<(), ServerError> {
        self.signal(node, Signal::KILL)?;
        match self.nodes[node].child.take() {
            Some(mut child) => child.wait().map(|_| ()).map_err(ServerError::Wait),
            None => Ok(()),
        }
    }

    pub fn ask_to_end(&self, node: usize) -> Result<(), ServerError> {
        let Some(child) = &self.nodes[node].child else {
            return Ok(());
        };
        kill_process(Pid::from_child(child), Signal::TERM).map_err(|error| ServerError::Kill(error.into()))
    }

    /// Waits for the end of a node that was asked to.
    pub async fn stop(&mut self, node: usize) -> Result<(), RunError> {
        let Some(mut child) = self.nodes[node].child.take() else {
            return Ok(());
        };
        let begin = Instant::now();
        while begin.elapsed() < STOP_TIMEOUT {
            if child.try_wait().map_err(ServerError::Wait)?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        kill_process_group(Pid::from_child(&child), Signal::KILL)
            .map_err(|error| ServerError::Kill(error.into()))?;
        child.wait().map_err(ServerError::Wait)?;
        Err(RunError::Node("a node did not end when it was asked to"))
    }

    /// Ends all of them; a clean run leaves nothing behind.
    pub async fn end(mut self, clean: bool) -> Result<(), RunError> {
        for node in 0..self.nodes.len() {
            self.ask_to_end(node)?;
        }
        for node in 0..self.nodes.len() {
            self.stop(node).await?;
        }
        if let Some(folder) = self.folder.take() {
            folder.finish(clean);
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in 0..self.nodes.len() {
            if let Err(error) = self.kill(node) {
                tracing::error!(%error, node, "a node may still run");
            }
        }
    }
}

/// What the node calls itself.
pub fn name_of(node: usize) -> String {
    format!("node-{node}")
}
