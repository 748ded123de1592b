use super::walls_watch::subscribed;
use crate::live::LiveError;
use carillon_api::live::{LiveMessage, LiveState};
use carillon_domain::alarm::AlarmRule;
use parking_lot::Mutex;
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinHandle;

/// A screen that keeps what it is told about what waits.
pub struct LiveBacklog {
    frames: Arc<Mutex<Vec<Frame>>>,
    task: JoinHandle<Result<(), LiveError>>,
}

struct Frame {
    at: Instant,
    waiting: u64,
    has_alarm: bool,
}

/// What a screen told of a backlog.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Told {
    pub frames: u64,
    /// The most messages waiting.
    pub waiting_most: u64,
    /// From the beginning of the overload to the first frame with at least half of that.
    pub waiting_after_s: Option<f64>,
    /// From the beginning to the alarm, which comes when the backlog has lasted; `None`: there was none.
    pub alarm_after_s: Option<f64>,
    /// From the end of the overload to the first frame with nothing waiting.
    pub gone_after_s: Option<f64>,
}

impl LiveBacklog {
    /// `headers` say who looks.
    pub fn watch(address: SocketAddr, headers: String) -> Self {
        let frames = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&frames);
        LiveBacklog {
            frames,
            task: tokio::spawn(async move { look(address, &headers, &seen).await }),
        }
    }

    /// The overload lasted from `began` to `ended`.
    pub async fn end(self, began: Instant, ended: Instant) -> Told {
        self.task.abort();
        if let Ok(Err(error)) = self.task.await {
            eprintln!("the screen was lost: {error}");
        }
        told(&self.frames.lock(), began, ended)
    }
}

async fn look(address: SocketAddr, headers: &str, frames: &Mutex<Vec<Frame>>) -> Result<(), LiveError> {
    let mut socket = subscribed(address, headers).await?;
    let mut state = LiveState::default();
    while let Some(text) = socket.next().await? {
        let message: LiveMessage = serde_json::from_slice(&text)?;
        state
            .apply(message)
            .map_err(|_| LiveError::Refused("a change that does not follow".to_owned()))?;
        let alarms = &state.panels.alarms.data.alarms;
        frames.lock().push(Frame {
            at: Instant::now(),
            waiting: state.panels.backlog.data.waiting,
            has_alarm: alarms.iter().any(|alarm| alarm.rule == AlarmRule::Backlog),
        });
    }
    Ok(())
}

fn told(frames: &[Frame], began: Instant, ended: Instant) -> Told {
    let during = || frames.iter().filter(|frame| frame.at >= began);
    let waiting_most = during().map(|frame| frame.waiting).max().unwrap_or_default();
    let mut after = frames.iter().filter(|frame| frame.at >= ended);
    let since = |from: Instant, frame: &Frame| (frame.at - from).as_secs_f64();
    Told {
        frames: frames.len() as u64,
        waiting_most,
        waiting_after_s: during()
            .find(|frame| frame.waiting * 2 >= waiting_most.max(1))
            .map(|frame| since(began, frame)),
        alarm_after_s: during()
            .find(|frame| frame.has_alarm)
            .map(|frame| since(began, frame)),
        gone_after_s: after
            .find(|frame| frame.waiting == 0)
            .map(|frame| since(ended, frame)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_backlog_is_told_from_its_beginning_to_its_end() {
        let start = Instant::now();
        let frames: Vec<_> = [900, 10, 60, 100, 80, 0]
            .into_iter()
            .zip(0_u64..)
            .map(|(waiting, second)| Frame {
                at: start + Duration::from_secs(second),
                waiting,
                has_alarm: second >= 4,
            })
            .collect();
        let at = |second| start + Duration::from_secs(second);
        let told = told(&frames, at(1), at(4));
        assert_eq!((told.frames, told.waiting_most), (6, 100));
        assert_eq!(told.waiting_after_s, Some(1.0));
        assert_eq!((told.alarm_after_s, told.gone_after_s), (Some(3.0), Some(1.0)));
    }

    #[test]
    fn what_was_never_told_is_none() {
        let now = Instant::now();
        let told = told(&[], now, now);
        assert!(
            told.waiting_after_s.is_none() && told.alarm_after_s.is_none() && told.gone_after_s.is_none()
        );
    }
}
