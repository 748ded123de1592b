//! What can be seen of lanes from outside.

use super::world::World;
use crate::bench::outcome::RunError;
use crate::http::HttpClient;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(50);
/// A lane that takes longer to answer is not there.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// What stays the same for so long has come to rest.
const SETTLED: Duration = Duration::from_secs(2);
/// After this nobody waits any longer.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long something took; none when it did not come at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Back {
    /// Until every lane answered requests.
    pub owned: Option<Duration>,
    /// Until every lane's carrier was sent something.
    pub sending: Option<Duration>,
}

impl World {
    /// The lanes that a node has, as another one tells.
    pub async fn lanes_of(&self, node: usize, asked: usize) -> Result<Vec<usize>, RunError> {
        let mut client = HttpClient::new(self.cluster.address(asked), "", ANSWER_MAX);
        let answer = client.get("/metrics").await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let is_up = |lane: &usize| {
            let name = super::cluster::name_of(node);
            let line = format!("carillon_node_lane_up{{lane=\"{lane}\",node=\"{name}\"}} 1");
            text.lines().any(|found| found == line)
        };
        Ok((0..self.books.len()).filter(is_up).collect())
    }

    /// Waits until another node than `gone` has these lanes, seen from `asked`, and they send again; times are from `begin`.
    pub async fn until_back(&self, lanes: &[usize], gone: usize, asked: usize, begin: Instant) -> Back {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let still = self.lanes_of(gone, asked).await;
            if still.is_ok_and(|still| lanes.iter().all(|lane| !still.contains(lane))) {
                return self.until_working(lanes, asked, begin).await;
            }
            tokio::time::sleep(POLL).await;
        }
        Back::default()
    }

    /// Waits until the lanes are shared out and stay where they are.
    pub async fn until_shared_out(&self) -> Result<(), RunError> {
        let fair = self.books.len() / self.cluster.count();
        let deadline = Instant::now() + PATIENCE;
        let mut before = Vec::new();
        while Instant::now() < deadline {
            let mut now = Vec::new();
            for node in 0..self.cluster.count() {
                now.push(self.lanes_of(node, node).await.unwrap_or_default());
            }
            if now == before && now.iter().all(|lanes| lanes.len() >= fair) {
                return Ok(());
            }
            before = now;
            tokio::time::sleep(SETTLED).await;
        }
        Err(RunError::Node("the lanes are not shared out among the nodes"))
    }

    /// Waits until every lane answers and sends.
    pub async fn until_all_work(&self, asked: usize, begin: Instant) -> Back {
        let all: Vec<usize> = (0..self.books.len()).collect();
        self.until_working(&all, asked, begin).await
    }

    async fn until_working(&self, lanes: &[usize], asked: usize, begin: Instant) -> Back {
        let mut back = Back::default();
        let deadline = Instant::now() + PATIENCE;
        let mut left = lanes.to_vec();
        while Instant::now() < deadline {
            if let Some(lane) = left.last().copied() {
                if self.answers(lane, asked).await {
                    left.pop();
                    continue;
                }
                tokio::time::sleep(POLL).await;
                continue;
            }
            break;
        }
        if !left.is_empty() {
            return back;
        }
        back.owned = Some(begin.elapsed());
        // What a carrier was sent until now may be of the owner before.
        let before: Vec<u64> = lanes.iter().map(|lane| self.came(*lane)).collect();
        while Instant::now() < deadline {
            let sends = |(lane, before): (&usize, &u64)| self.came(*lane) > *before;
            if lanes.iter().zip(&before).all(sends) {
                back.sending = Some(begin.elapsed());
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        back
    }

    /// By a path that only the lane itself answers.
    async fn answers(&self, lane: usize, asked: usize) -> bool {
        let mut client = HttpClient::new(self.cluster.address(asked), "", ANSWER_MAX);
        let answer = client.get(&format!("/metrics?lane={lane}")).await;
        answer.is_ok_and(|answer| answer.status == 200)
    }
}
