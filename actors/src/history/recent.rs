use crate::lane::Finished;
use carillon_domain::ids::{MessageId, TenantId};
use carillon_domain::journey::{Journey, MessageState};
use carillon_domain::phone::PhoneNumber;
use carillon_storage::journal::FrameSeq;
use hashbrown::HashMap;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::Arc;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Journeys that ended and are not stored yet. Written by the lane, emptied by the builder, read by anyone.
#[derive(Debug, Default)]
pub struct Recent {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Arc<Finished>>,
    journeys: Map<MessageId, (Arc<Finished>, u32)>,
    by_phone: Map<PhoneNumber, SmallVec<[MessageId; 1]>>,
    amended: Map<MessageId, MessageState>,
    rows: usize,
}

impl Recent {
    pub fn add(&self, finished: Vec<Finished>) {
        let mut inner = self.inner.lock();
        for finished in finished {
            let finished = Arc::new(finished);
            for (index, journey) in finished.journeys.iter().enumerate() {
                inner
                    .journeys
                    .insert(journey.message, (finished.clone(), index as u32));
                inner
                    .by_phone
                    .entry(journey.to)
                    .or_default()
                    .push(journey.message);
            }
            for amendment in &finished.amendments {
                inner
                    .amended
                    .insert(amendment.message, MessageState::Final(amendment.state));
            }
            inner.rows += finished.journeys.len() + finished.amendments.len();
            inner.waiting.push_back(finished);
        }
    }

    /// Rows that wait to be stored.
    pub fn rows(&self) -> usize {
        self.inner.lock().rows
    }

    /// The oldest frames' worth that ended up to `durable`, at most about `rows_max` rows, still readable until
    /// [`Recent::stored`].
    pub fn oldest(&self, durable: FrameSeq, rows_max: usize) -> Vec<Arc<Finished>> {
        let inner = self.inner.lock();
        let mut rows = 0;
        inner
            .waiting
            .iter()
            .take_while(|finished| finished.frame <= durable)
            .take_while(|finished| {
                let before = rows;
                rows += finished.journeys.len() + finished.amendments.len();
                before < rows_max
            })
            .cloned()
            .collect()
    }

    /// Forgets what is stored now: everything that ended up to `upto`.
    pub fn stored(&self, upto: FrameSeq) {
        let mut inner = self.inner.lock();
        while inner
            .waiting
            .front()
            .is_some_and(|finished| finished.frame <= upto)
        {
            let finished = inner.waiting.pop_front().expect("looked at just now");
            inner.rows -= finished.journeys.len() + finished.amendments.len();
            for journey in &finished.journeys {
                inner.journeys.remove(&journey.message);
                if let Some(messages) = inner.by_phone.get_mut(&journey.to) {
                    messages.retain(|message| *message != journey.message);
                    if messages.is_empty() {
                        inner.by_phone.remove(&journey.to);
                    }
                }
            }
            for amendment in &finished.amendments {
                inner.amended.remove(&amendment.message);
            }
        }
    }

    pub fn journey(&self, id: MessageId) -> Option<Journey> {
        let inner = self.inner.lock();
        let (finished, index) = inner.journeys.get(&id)?;
        Some(inner.amended(finished.journeys[*index as usize].clone()))
    }

    /// A stored journey as an amendment that is not stored yet leaves it.
    pub fn amend(&self, journey: Journey) -> Journey {
        self.inner.lock().amended(journey)
    }

    pub fn by_phone(&self, phone: PhoneNumber, tenant: Option<TenantId>) -> Vec<Journey> {
        let inner = self.inner.lock();
        let Some(messages) = inner.by_phone.get(&phone) else {
            return Vec::new();
        };
        messages
            .iter()
            .filter_map(|id| inner.journeys.get(id))
            .map(|(finished, index)| &finished.journeys[*index as usize])
            .filter(|journey| tenant.is_none_or(|tenant| journey.tenant == tenant))
            .map(|journey| inner.amended(journey.clone()))
            .collect()
    }
}

impl Inner {
    fn amended(&self, mut journey: Journey) -> Journey {
        if let Some(state) = self.amended.get(&journey.message) {
            journey.state = *state;
        }
        journey
    }
}
