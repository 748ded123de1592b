use crate::live::{LiveError, LiveSocket};
use crate::load::Latencies;
use crate::sim::Progress;
use carillon_api::live::{LiveMessage, LiveRequest, LiveState};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Walls on a thread of their own.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

#[derive(Default)]
pub struct Seen {
    /// From a segment's arrival at the carrier to the frame that counts it as submitted: the oldest of each frame.
    pub delays: Latencies,
    pub frames: u64,
    pub bytes: u64,
    /// Walls that were closed by the server.
    pub lost: usize,
}

#[derive(Default)]
struct Heard {
    frames: AtomicU64,
    bytes: AtomicU64,
}

impl Watch {
    pub fn start(
        walls: usize,
        address: SocketAddr,
        headers: String,
        carriers: Vec<Arc<Progress>>,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new().name("walls".into()).spawn(move || {
            runtime.block_on(async {
                let heard = Arc::new(Heard::default());
                let others: Vec<_> = (1..walls)
                    .map(|_| tokio::spawn(hear(address, headers.clone(), heard.clone())))
                    .collect();
                let mut seen = Seen::default();
                let looked = look(address, &headers, &carriers, &stopping, &mut seen).await;
                if let Err(error) = looked {
                    eprintln!("a wall was lost: {error}");
                    seen.lost += 1;
                }
                seen.lost += others.iter().filter(|wall| wall.is_finished()).count();
                seen.frames += heard.frames.load(Ordering::Relaxed);
                seen.bytes += heard.bytes.load(Ordering::Relaxed);
                seen
            })
        })?;
        Ok(Watch { stop, thread })
    }

    pub fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// A wall that only counts what it hears.
async fn hear(address: SocketAddr, headers: String, heard: Arc<Heard>) -> Result<(), LiveError> {
    let mut socket = subscribed(address, &headers).await?;
    while let Some(text) = socket.next().await? {
        heard.frames.fetch_add(1, Ordering::Relaxed);
        heard.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
    }
    Ok(())
}

/// A wall that has said what it wants to see.
pub async fn subscribed(address: SocketAddr, headers: &str) -> Result<LiveSocket, LiveError> {
    let mut socket = LiveSocket::open(address, headers).await?;
    let request = LiveRequest::Subscribe {
        scope: None,
        resume: None,
    };
    socket.send(&request).await?;
    Ok(socket)
}

const SAMPLE_EVERY: Duration = Duration::from_millis(5);

/// A wall that reads every figure, and compares it with what the carriers saw when.
async fn look(
    address: SocketAddr,
    headers: &str,
    carriers: &[Arc<Progress>],
    stop: &AtomicBool,
    seen: &mut Seen,
) -> Result<(), LiveError> {
    let mut socket = subscribed(address, headers).await?;
    let mut state = LiveState::default();
    let arrived = || -> u64 {
        let segments = carriers
            .iter()
            .map(|carrier| carrier.segments.load(Ordering::Relaxed));
        segments.sum()
    };
    // When how many had arrived, oldest first.
    let mut samples = VecDeque::from([(Instant::now(), arrived())]);
    let mut timer = tokio::time::interval(SAMPLE_EVERY);
    let mut counted = None;
    while !stop.load(Ordering::Relaxed) {
        let text = tokio::select! {
            _ = timer.tick() => {
                samples.push_back((Instant::now(), arrived()));
                continue;
            }
            text = socket.next() => text?,
        };
        let Some(text) = text else {
            return Err(LiveError::Refused("the server closed the link".to_owned()));
        };
        seen.frames += 1;
        seen.bytes += text.len() as u64;
        let message: LiveMessage = serde_json::from_slice(&text)?;
        state
            .apply(message)
            .map_err(|_| LiveError::Refused("a change that does not follow".to_owned()))?;
        let submitted = state.panels.totals.data.segments_submitted;
        if let Some(before) = counted.replace(submitted).filter(|before| *before < submitted) {
            while samples.get(1).is_some_and(|(_, arrived)| *arrived <= before) {
                samples.pop_front();
            }
            // The first one that the frame before did not count arrived after this.
            if let Some((since, _)) = samples.front() {
                seen.delays.count(since.elapsed());
            }
        }
    }
    Ok(())
}
