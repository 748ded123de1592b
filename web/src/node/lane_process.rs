use carillon_actors::backoff::Backoff;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// The first and the longest wait before a lane that ended is started again.
const AGAIN_FIRST: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(30);
/// Who ran for so long begins with the first wait again.
const RAN_WELL: Duration = Duration::from_secs(60);
/// Another owner has the lane. By the end of this the other nodes have told us so, if it is not ours any more.
const AFTER_A_LOSS: Duration = Duration::from_secs(10);
/// What a lane that is told to stop may take beside its drain.
const STOPPING_EXTRA: Duration = Duration::from_secs(10);

/// How a lane's process is started.
#[derive(Clone, Debug)]
pub struct LaneProgram {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub environment: Vec<(&'static str, String)>,
    pub lane: u16,
    /// How long it may wait for the carriers' answers when it stops.
    pub drain: Duration,
}

/// A process that runs, and what ends it when this one does.
struct Running {
    child: Child,
    _open_while_we_live: Option<ChildStdin>,
}

impl LaneProgram {
    /// Keeps the lane's process running until `stop`, and returns when it has ended.
    pub async fn keep_running(self, mut stop: oneshot::Receiver<()>) {
        let mut backoff = Backoff::new(AGAIN_FIRST, AGAIN_MAX);
        loop {
            let begun = Instant::now();
            let wait = match self.start() {
                Ok(running) => {
                    let Some(status) = self.until_end(running, &mut stop).await else {
                        return;
                    };
                    if begun.elapsed() > RAN_WELL {
                        backoff = Backoff::new(AGAIN_FIRST, AGAIN_MAX);
                    }
                    self.wait_after(status, &mut backoff)
                }
                Err(error) => {
                    tracing::error!(lane = self.lane, %error, "the lane's process cannot be started");
                    backoff.next(rand::random())
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                _ = &mut stop => return,
            }
        }
    }

    fn start(&self) -> io::Result<Running> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        tracing::info!(
            lane = self.lane,
            pid = child.id(),
            "the lane's process has started"
        );
        let stdin = child.stdin.take();
        if let Some(stdout) = child.stdout.take() {
            actix_web::rt::spawn(hand_on(stdout));
        }
        Ok(Running {
            child,
            _open_while_we_live: stdin,
        })
    }

    /// None when it was told to stop.
    async fn until_end(
        &self,
        mut running: Running,
        stop: &mut oneshot::Receiver<()>,
    ) -> Option<io::Result<ExitStatus>> {
        tokio::select! {
            status = running.child.wait() => Some(status),
            _ = stop => {
                self.end(running.child).await;
                None
            }
        }
    }

    async fn end(&self, mut child: Child) {
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(pid) = pid
            && let Err(error) = kill_process(pid, Signal::TERM)
        {
            tracing::warn!(lane = self.lane, %error, "the lane's process cannot be told to stop");
        }
        if timeout(self.drain + STOPPING_EXTRA, child.wait()).await.is_err() {
            tracing::error!(lane = self.lane, "the lane's process does not stop; it is killed");
            if let Err(error) = child.kill().await {
                tracing::error!(lane = self.lane, %error, "the lane's process cannot be killed");
            }
        }
    }

    fn wait_after(&self, status: io::Result<ExitStatus>, backoff: &mut Backoff) -> Duration {
        match status {
            Ok(status) if status.code() == Some(crate::command::LOST_THE_LANE.into()) => {
                tracing::warn!(lane = self.lane, "another node has taken the lane");
                AFTER_A_LOSS
            }
            Ok(status) => {
                tracing::error!(lane = self.lane, %status, "the lane's process has ended; it is started again");
                backoff.next(rand::random())
            }
            Err(error) => {
                tracing::error!(lane = self.lane, %error, "the lane's process cannot be waited for");
                AGAIN_MAX
            }
        }
    }
}

/// What a lane prints for people is printed, but its address is for us only.
async fn hand_on(stdout: ChildStdout) {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if !line.starts_with("api: ") {
            println!("{line}");
        }
    }
}
