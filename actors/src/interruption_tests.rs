//! Panics between the facts of one decision, at every place there is. What belongs together would be torn apart: the frame is not
//! written, the lane has failed, and the next life goes on as after a crash. Nothing is lost or doubled (MSG-1, DUP-1, IDEM-1).

use crate::LaneHandle;
use crate::intake::{BatchAnswer, BatchIntake};
use crate::lane::{LaneCore, SharedLane};
use crate::status::ConnectionState;
use crate::supervision_tests::{ACCOUNT, WAIT, draft, end_of, node, open_uncertain, prepared_to, until};
use crate::test_carrier::Carrier;
use carillon_domain::campaign::{CampaignChange, CampaignState};
use carillon_domain::fact::{FinalState, IdempotencyKey};
use carillon_domain::ids::CampaignId;
use carillon_embedded::journal::EmbeddedJournal;
use carillon_storage::journal::Journal;
use futures_util::future::join_all;
use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const LINES: usize = 4;
const KEY: IdempotencyKey = IdempotencyKey {
    key: [5; 16],
    fingerprint: 5,
};

#[actix::test]
async fn a_batch_interrupted_anywhere_is_taken_once() {
    // ACCEPTED of each line and BATCH; then INTENT, SUBMITTED, RECEIPT and FINAL of each.
    let places = 0..=LINES + 1 + 4 * LINES;
    let cases = places.map(|place| async move {
        let mut house = House::open().await;
        house.panic_after(place).await;
        let ids: Vec<_> = loop {
            if let Some(answer) = house.send_batch().await {
                break answer.accepted.iter().map(|(_, id)| *id).collect();
            }
        };
        assert_eq!(ids.len(), LINES);
        let open = house.settle().await;
        for (line, id) in ids.iter().enumerate() {
            let number = number(line);
            let written = house.carrier.written_to(&number);
            if open.contains(&number) {
                assert_eq!(written, 0, "place {place}: {number} is uncertain for good");
            } else {
                assert_eq!(end_of(house.handle(), *id).await, FinalState::Delivered);
                assert_eq!(written, 1, "place {place}: {number} (DUP-1)");
            }
        }
        let again = house.send_batch().await.expect("nothing is wrong any more");
        let same = again.accepted.into_iter().map(|(_, id)| id).eq(ids);
        assert!(again.repeated && same, "place {place} (IDEM-1)");
        house.end().await
    });
    let lives = join_all(cases).await;
    // The first fact of a decision takes nothing with it; of the batch itself, all but that one end the life.
    assert!(
        lives.iter().filter(|lives| **lives > 1).count() >= LINES,
        "{lives:?}"
    );
    assert!(lives.contains(&1), "{lives:?}");
}

#[actix::test]
async fn a_campaign_interrupted_anywhere_makes_each_message_once() {
    // STARTED is not interrupted: whoever asks for it is told, and the lane is gone. Then ACCEPTED of each line, the place in the
    // file, and what becomes of each.
    let places = 1..=1 + LINES + 1 + 4 * LINES;
    let cases = places.map(|place| async move {
        let mut house = House::open().await;
        let id = house.ready_campaign().await;
        house.panic_after(place).await;
        house.start(id).await;
        let open = house.settle_campaign(id).await;
        for line in 0..LINES {
            let number = number(line);
            let written = house.carrier.written_to(&number);
            assert_eq!(
                written,
                usize::from(!open.contains(&number)),
                "place {place}: {number} (DUP-1)"
            );
        }
        let tally = house
            .handle()
            .campaign(None, id)
            .await
            .unwrap()
            .unwrap()
            .campaign
            .tally;
        assert_eq!(
            tally.delivered as usize + open.len(),
            LINES,
            "place {place} (MSG-1)"
        );
        house.end().await
    });
    let lives = join_all(cases).await;
    assert!(
        lives.iter().filter(|lives| **lives > 1).count() >= LINES,
        "{lives:?}"
    );
}

/// The columns are ahead of the journal from then on: they must never be stored as a checkpoint.
#[actix::test]
async fn an_interrupted_decision_gets_into_no_checkpoint() {
    let mut house = House::open().await;
    house.panic_after(2).await;
    assert!(house.send_batch().await.is_none(), "the batch was not taken");
    assert_eq!(
        house.lives, 2,
        "it ended the life, in which the stop asked for a checkpoint"
    );
    let open = house
        .handle()
        .ask(|lane: &Rc<SharedLane>| lane.read(|core| core.columns().len()));
    assert_eq!(open.await.unwrap(), 0);
    house.end().await;
}

fn number(line: usize) -> String {
    format!("1380000{line:04}")
}

/// A lane over several lives, and its carrier.
struct House {
    folder: TempDir,
    carrier: Carrier,
    life: Option<(LaneHandle, Arc<EmbeddedJournal>)>,
    lives: u32,
}

impl House {
    async fn open() -> House {
        let carrier = Carrier::start().await;
        let folder = tempfile::tempdir().unwrap();
        let life = Some(node(folder.path(), carrier.port));
        let house = House {
            folder,
            carrier,
            life,
            lives: 1,
        };
        let handle = house.handle();
        until(|| async {
            let connections = handle.connections();
            connections
                .first()
                .is_some_and(|status| status.state == ConnectionState::Up)
        })
        .await;
        house
    }

    fn handle(&self) -> &LaneHandle {
        &self.life.as_ref().expect("between two lives nobody asks").0
    }

    async fn panic_after(&self, facts: usize) {
        let arm = move |lane: &Rc<SharedLane>| lane.with_quietly(|core, _| core.panic_after(facts));
        self.handle().ask(arm).await.unwrap();
    }

    /// What a supervisor does when the process has ended.
    async fn begin_again(&mut self) {
        self.leave().await;
        self.life = Some(node(self.folder.path(), self.carrier.port));
        self.lives += 1;
    }

    async fn leave(&mut self) {
        let (handle, journal) = self.life.take().expect("it lives");
        handle.stop(Duration::from_millis(100)).await;
        journal.close().unwrap();
    }

    async fn end(mut self) -> u32 {
        self.leave().await;
        self.lives
    }

    /// The answer; `None` when there was none, after which the lane is there again.
    async fn send_batch(&mut self) -> Option<BatchAnswer> {
        let handle = self.handle().clone();
        let batch = BatchIntake {
            account: ACCOUNT,
            idempotency: Some(KEY),
            lines: (0..LINES)
                .map(|line| Ok(prepared_to(&handle, &number(line), "batch")))
                .collect(),
        };
        let answer = tokio::select! {
            answer = handle.accept_batch(batch) => Some(answer),
            _ = handle.failed() => None,
        };
        let answer = answer.and_then(Result::ok);
        if answer.is_none() {
            // The organisation's actor comes back by itself, unless it took the lane with it.
            self.begin_again_if_failed().await;
        }
        answer
    }

    async fn begin_again_if_failed(&mut self) {
        let failure = |lane: &Rc<SharedLane>| lane.read(LaneCore::failure);
        if self.handle().ask(failure).await.unwrap().is_some() {
            self.begin_again().await;
        }
    }

    async fn ready_campaign(&self) -> CampaignId {
        let handle = self.handle();
        let lines: String = (0..LINES)
            .map(|line| format!("{},{line}\n", number(line)))
            .collect();
        let csv = format!("to,n\n{lines}");
        let mut writer = handle.files().unwrap().begin(1 << 20).unwrap();
        writer.write_all(csv.as_bytes()).unwrap();
        let uploaded = CampaignChange::Uploaded {
            source: writer.finish().unwrap(),
            bytes: csv.len() as u64,
        };
        let (id, _) = handle.draft_campaign(draft()).await.unwrap();
        handle.change_campaign(None, id, uploaded).await.unwrap();
        until(|| async { handle.campaign(None, id).await.unwrap().unwrap().campaign.lines() > 0 }).await;
        id
    }

    /// Until it has durably started: what shares a frame with what was interrupted is not written, and of a frame that is, the end
    /// of the lane may be told before the answer.
    async fn start(&mut self, id: CampaignId) {
        let deadline = tokio::time::Instant::now() + WAIT;
        loop {
            let (handle, life) = (self.handle().clone(), self.lives);
            let started = tokio::select! {
                started = handle.change_campaign(None, id, CampaignChange::Started) => started.is_ok(),
                _ = handle.failed() => false,
            };
            if started {
                return;
            }
            self.begin_again_if_failed().await;
            if life != self.lives && self.state(id).await != CampaignState::Ready {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "it does not start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn state(&self, id: CampaignId) -> CampaignState {
        let told = self.handle().campaign(None, id).await;
        told.unwrap().unwrap().campaign.state
    }

    /// Lives on until all lines of a campaign are messages and these have settled.
    async fn settle_campaign(&mut self, id: CampaignId) -> Vec<String> {
        let deadline = tokio::time::Instant::now() + WAIT;
        loop {
            let life = self.lives;
            let before = self.expanded(id).await;
            let open = self.settle().await;
            let after = self.expanded(id).await;
            // A life that ended in between may have known of more lines than the journal.
            self.begin_again_if_failed().await;
            if (life, before, after) == (self.lives, Some(LINES), Some(LINES)) {
                return open;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "{after:?} of {LINES} lines are messages in life {}",
                self.lives
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn expanded(&self, id: CampaignId) -> Option<usize> {
        let told = self.handle().campaign(None, id).await.ok().flatten()?;
        Some(told.campaign.tally.expanded as usize)
    }

    /// Lives on until everything has ended but for segments of unknown outcome that no carrier has: their numbers.
    async fn settle(&mut self) -> Vec<String> {
        let deadline = tokio::time::Instant::now() + WAIT;
        loop {
            assert!(tokio::time::Instant::now() < deadline, "it does not settle");
            self.begin_again_if_failed().await;
            let open = self.handle().ask(open_uncertain).await.ok().flatten();
            if let Some(open) = open.filter(|open| open.iter().all(|to| self.carrier.written_to(to) == 0)) {
                return open;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
