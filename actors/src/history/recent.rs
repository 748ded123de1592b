use super::newest::Newest;
use crate::lane::Finished;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::{Journey, MessageState};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::time::UnixMs;
use carillon_storage::history::SearchQuery;
use carillon_storage::journal::FrameSeq;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
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
                if let Some(to) = journey.to {
                    inner.by_phone.entry(to).or_default().push(journey.message);
                }
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

    /// Since when something may be counted once they are stored: the oldest message among them was accepted then, or the
    /// oldest correction came.
    pub fn oldest_accepted(&self) -> Option<UnixMs> {
        let waiting: Vec<_> = self.inner.lock().waiting.iter().cloned().collect();
        let journeys = waiting.iter().flat_map(|finished| &finished.journeys);
        let accepted = journeys.map(|journey| UnixMs(journey.message.unix_ms()));
        let amendments = waiting.iter().flat_map(|finished| &finished.amendments);
        accepted.chain(amendments.map(|amendment| amendment.at)).min()
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

    /// Forgets what is stored now: everything that ended up to `upto`. Frame by frame, so that the lane never waits for the
    /// lock for long.
    pub fn stored(&self, upto: FrameSeq) {
        while let Some(finished) = self.inner.lock().forget_oldest(upto) {
            drop(finished);
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

    /// Those that fit, newest first. The lane is kept waiting only while the places to look at are noted.
    pub fn search(&self, query: &SearchQuery) -> Vec<Journey> {
        let mut found = Newest::new(query.limit);
        let mut look = |finished: &Arc<Finished>, index: u32| {
            let journey = &finished.journeys[index as usize];
            if found.wants(journey.message)
                && query.fits_but_for_state(journey)
                && query.fits_state(self.state_of(journey))
            {
                found.offer(journey.message, (finished.clone(), index));
            }
        };
        match query.phone {
            Some(phone) => {
                let to_phone = self.inner.lock().to_phone(phone);
                to_phone
                    .iter()
                    .for_each(|(finished, index)| look(finished, *index));
            }
            None => {
                let waiting: Vec<_> = self.inner.lock().waiting.iter().cloned().collect();
                // The newest first, so that most of the others are known to be too old at once.
                for finished in waiting.iter().rev() {
                    (0..finished.journeys.len() as u32)
                        .rev()
                        .for_each(|index| look(finished, index));
                }
            }
        }
        found
            .into_values()
            .map(|(finished, index)| self.amend(finished.journeys[index as usize].clone()))
            .collect()
    }

    /// Shows all that fit, in any order and however many: the query's limit does not count.
    pub fn each(&self, query: &SearchQuery, see: impl FnMut(&Journey)) {
        let waiting: Vec<_> = self.inner.lock().waiting.iter().cloned().collect();
        waiting
            .iter()
            .flat_map(|finished| &finished.journeys)
            .filter(|journey| query.fits_but_for_state(journey) && query.fits_state(self.state_of(journey)))
            .for_each(see);
    }

    fn state_of(&self, journey: &Journey) -> MessageState {
        let inner = self.inner.lock();
        inner
            .amended
            .get(&journey.message)
            .copied()
            .unwrap_or(journey.state)
    }
}

impl Inner {
    fn forget_oldest(&mut self, upto: FrameSeq) -> Option<Arc<Finished>> {
        self.waiting.front().filter(|finished| finished.frame <= upto)?;
        let finished = self.waiting.pop_front()?;
        self.rows -= finished.journeys.len() + finished.amendments.len();
        for journey in &finished.journeys {
            self.journeys.remove(&journey.message);
        }
        for to in finished.journeys.iter().filter_map(|journey| journey.to) {
            self.forget_number(to);
        }
        for amendment in &finished.amendments {
            // A later one may wait for its turn.
            let stored = MessageState::Final(amendment.state);
            if self.amended.get(&amendment.message) == Some(&stored) {
                self.amended.remove(&amendment.message);
            }
        }
        Some(finished)
    }

    /// Drops the messages to a number that are gone, all in one pass: thousands may go to one number.
    fn forget_number(&mut self, to: PhoneNumber) {
        let Entry::Occupied(mut messages) = self.by_phone.entry(to) else {
            return;
        };
        // They are in the order of ending, as the frames are: when the first is still here, the others are.
        if messages
            .get()
            .first()
            .is_some_and(|first| self.journeys.contains_key(first))
        {
            return;
        }
        messages
            .get_mut()
            .retain(|message| self.journeys.contains_key(message));
        if messages.get().is_empty() {
            messages.remove();
        }
    }

    fn to_phone(&self, phone: PhoneNumber) -> Vec<(Arc<Finished>, u32)> {
        let messages = self.by_phone.get(&phone).into_iter().flatten();
        messages.filter_map(|id| self.journeys.get(id)).cloned().collect()
    }

    fn amended(&self, mut journey: Journey) -> Journey {
        if let Some(state) = self.amended.get(&journey.message) {
            journey.state = *state;
        }
        journey
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::fact::FinalState;
    use carillon_domain::ids::{AccountId, BusinessTypeId};
    use carillon_domain::journey::Amendment;

    fn journey(id: u64, to: u64) -> Journey {
        Journey {
            message: MessageId(id),
            tenant: carillon_domain::ids::TenantId(1),
            account: AccountId(1),
            business_type: BusinessTypeId(1),
            to: PhoneNumber::from_e164(to).ok(),
            reference: None,
            state: MessageState::Final(FinalState::Sent),
            cause: None,
            final_at: None,
            campaign: None,
            read_at: None,
            waiting: None,
            attempts: Vec::new(),
        }
    }

    fn finished(frame: u64, journeys: Vec<Journey>, amended: &[(u64, FinalState)]) -> Finished {
        let amendment = |(id, state): &(u64, FinalState)| Amendment {
            message: MessageId(*id),
            state: *state,
            cause: None,
            at: UnixMs(0),
        };
        Finished {
            frame: FrameSeq(frame),
            journeys,
            amendments: amended.iter().map(amendment).collect(),
        }
    }

    #[test]
    fn what_is_stored_is_forgotten_frame_by_frame() {
        let recent = Recent::default();
        let (one, two) = (8_613_800_000_001, 8_613_800_000_002);
        recent.add(vec![
            finished(1, vec![journey(1, one), journey(2, one), journey(3, two)], &[]),
            finished(2, vec![journey(4, one)], &[]),
        ]);
        recent.stored(FrameSeq(1));
        let to = |number| {
            let number = PhoneNumber::from_e164(number).unwrap();
            let query = SearchQuery {
                phone: Some(number),
                ..SearchQuery::newest(10)
            };
            let found = recent.search(&query);
            found.iter().map(|journey| journey.message.0).collect::<Vec<_>>()
        };
        assert_eq!((to(one), to(two), recent.rows()), (vec![4], vec![], 1));
        recent.stored(FrameSeq(2));
        assert_eq!((to(one), recent.rows()), (vec![], 0));
        assert!(recent.inner.lock().by_phone.is_empty());
    }

    #[test]
    fn an_amendment_outlives_an_earlier_one_that_is_stored() {
        let recent = Recent::default();
        let states = [FinalState::Expired, FinalState::Delivered];
        recent.add(vec![finished(1, vec![], &[(1, states[0])])]);
        recent.add(vec![finished(2, vec![], &[(1, states[1])])]);
        recent.stored(FrameSeq(1));
        let seen = recent.amend(journey(1, 8_613_800_000_001));
        assert_eq!(seen.state, MessageState::Final(states[1]));
    }

    #[test]
    fn what_is_not_stored_is_not_counted_yet_corrections_included() {
        let recent = Recent::default();
        assert_eq!(recent.oldest_accepted(), None);
        let number = 8_613_800_000_001;
        let accepted = MessageId::new(9_000, 0, 0).0;
        let mut corrected = finished(2, vec![], &[(5, FinalState::Delivered)]);
        corrected.amendments[0].at = UnixMs(8_000);
        recent.add(vec![finished(1, vec![journey(accepted, number)], &[])]);
        assert_eq!(recent.oldest_accepted(), Some(UnixMs(9_000)));
        recent.add(vec![corrected]);
        assert_eq!(recent.oldest_accepted(), Some(UnixMs(8_000)));
        recent.stored(FrameSeq(2));
        assert_eq!(recent.oldest_accepted(), None);
    }

    /// A monitoring system may write to one number without end.
    #[test]
    fn many_messages_to_one_number_are_forgotten_in_one_pass() {
        let recent = Recent::default();
        let journeys = (0..200_000).map(|id| journey(id, 8_613_800_000_001)).collect();
        recent.add(vec![finished(1, journeys, &[])]);
        let start = std::time::Instant::now();
        recent.stored(FrameSeq(1));
        let took = start.elapsed();
        assert!(took < std::time::Duration::from_secs(2), "{took:?}");
    }
}
